/* Records what the core was told and what it decided, while it leads.
 *
 *   struct recorder *r = recorder_new(&options);
 *   for each step:  recorder_begin(r, core, &event);
 *                   actions = scheduler_step(core, &event, now);
 *                   recorder_end(r, core, &event, now, actions);
 *   recorder_tend(r, now) now and then;  recorder_free(&r)
 *
 * A chapter begins with an epoch, where all that the core knows can be told; what a standby hears
 * is not recorded. Steps are collected, and handed out in batches of some 64 kB or two seconds. One
 * thread, that of the core.
 */
#pragma once

#include "core/core.h"
#include "messages/messages.h"

struct recorder;

struct recorder_options {
    const char *instance_id;               /* lent */
    const struct scheduler_config *config; /* of the core; copied */
    /* Takes a batch, lent for the call. False: it is lost, and the next one says so. */
    bool (*take)(void *context, const Tp__TraceBatch *batch);
    void *context;
    int64_t (*wall_ms)(void); /* for people only */
};

struct recorder *recorder_new(const struct recorder_options *options);
/* Hands out what is left. */
void recorder_free(struct recorder **recorder);

void recorder_begin(struct recorder *recorder, const struct scheduler *core,
                    const struct event *event);
void recorder_end(struct recorder *recorder, const struct scheduler *core,
                  const struct event *event, struct instant now, const struct actions *actions);
/* Hands out what has waited long enough. */
void recorder_tend(struct recorder *recorder, struct instant now);
