/* Which analyzers are there, and how many calls they can run at once (rule 2).
 *
 * An analyzer that has not been heard for a while is silent: its slots no longer count. One thread.
 */
#pragma once

#include <stdint.h>

#include "base/clock.h"

struct analyzer;

struct fleet {
    struct analyzer *analyzers; /* least recently heard first */
    uint32_t slots;             /* of those that are not silent */
    uint32_t count;
};

void fleet_free(struct fleet *fleet);
void fleet_heard(struct fleet *fleet, const char *instance_id, uint32_t slots, struct instant now);

/* Least recently heard first. */
void fleet_each(const struct fleet *fleet,
                void (*visit)(void *context, const char *instance_id, uint32_t slots,
                              struct instant heard),
                void *context);

/* Forgets those that have been silent for so long. */
void fleet_forget_silent(struct fleet *fleet, struct instant now, int64_t silent_ms);
