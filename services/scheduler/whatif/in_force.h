/* What was set while it was recorded: the scheduler's own settings, and what operators set.
 *
 *   in_force_begin(f, &config) at the start of a chapter, in_force_find(f, &control) with what its
 *   snapshot tells, in_force_hear(f, &control) with what is set later
 *   in_force_config(f);  in_force_controls(f, &count);  in_force_free(f)
 *
 * What was set last is in force. One thread.
 */
#pragma once

#include "core/controls.h"
#include "core/core.h"

struct in_force {
    struct scheduler_config config; /* of the last chapter */
    uint32_t chapters;              /* 0: the config is not known */
    struct controls controls;
    uint64_t newest;  /* of the controls' versions */
    uint32_t changes; /* of limits, weights, prices and the like, after what was found at first */
    uint32_t stops;   /* something was held, or kept from the LLM */
};

void in_force_begin(struct in_force *in_force, const struct scheduler_config *config);
void in_force_find(struct in_force *in_force, const struct control_facts *control);
void in_force_hear(struct in_force *in_force, const struct control_facts *control);
void in_force_free(struct in_force *in_force);

/* With the limits of endpoints that operators set. */
struct scheduler_config in_force_config(const struct in_force *in_force);
/* All else that they set, to be given to in_force_free_controls(). What is held is let go, but for
 * endpoints of which not all are held. */
struct control_facts *in_force_controls(const struct in_force *in_force, size_t *count);
void in_force_free_controls(struct control_facts **controls, size_t count);
