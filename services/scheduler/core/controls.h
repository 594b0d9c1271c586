/* What operators have set: for all, for an endpoint, a tenant or a user; the newest version counts.
 *
 *   controls_set(&controls, &facts);                    as told, in any order, also twice
 *   const struct control *control = controls_of_tenant(&controls, "acme");    NULL = nothing is set
 *
 * It may come before anybody has heard of its tenant or user. What was removed is remembered, so
 * that an older word does not bring it back, until the room is needed. A control lives until the
 * next controls_set(). One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "facts.h"

enum { MOST_CONTROLS = 10000 };

struct control_index;

struct control {
    struct control_index *index;
    enum control_state state;
    const char *message; /* "" = none */
    double weight;       /* as in control_facts */
    uint32_t burst;
    bool has_limits, is_removed;
    struct limits limits;
    uint64_t version;
    uint32_t purse; /* the user's, of whoever counts under its limits: kept over changes */
};

struct controls {
    struct control_index *all;
    size_t count;
    size_t users; /* of the scope of users, and not removed */
};

void controls_free(struct controls *controls);

/* False = nothing has changed: it is older than what is known, or there is no room. */
bool controls_set(struct controls *controls, const struct control_facts *facts);

const struct control *controls_of_system(const struct controls *controls);
const struct control *controls_of_endpoint(const struct controls *controls, const char *name);
const struct control *controls_of_tenant(const struct controls *controls, const char *tenant_id);
const struct control *controls_of_user(const struct controls *controls, const char *tenant_id,
                                       const char *user_id);
/* The user's control must be set. */
void controls_keep_purse(struct controls *controls, const char *tenant_id, const char *user_id,
                         uint32_t purse);

/* Those that were not removed; what is told is lent. */
void controls_each(const struct controls *controls,
                   void (*visit)(void *context, const struct control_facts *control),
                   void *context);

/* NULL = none is set. */
bool control_is_held(const struct control *control);
