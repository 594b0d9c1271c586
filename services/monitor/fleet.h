/* The latest telemetry of every instance. A pure core.
 *
 *   fleet_hear() with each message -> fleet_age() now and then -> fleet_visit() to look
 *
 * Rules:
 * 1. An instance is known by service and instance name; its latest message stands for it.
 * 2. Silent for three of its own intervals, an instance is gone: its metrics are, too.
 * 3. A gone one is remembered as down for ten minutes, then forgotten.
 * 4. A full fleet takes no new instance until one that is gone makes room.
 *
 * Owns what it hears. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/scoped.h"
#include "messages/messages.h"

enum { FLEET_MAX_INSTANCES = 512, FLEET_REMEMBERED_MS = 10 * 60 * 1000 };

struct fleet;

struct fleet_member {
    const char *service, *instance;
    bool is_up;
    struct instant heard;
    const Tp__Telemetry *telemetry; /* the latest, also of one that is gone */
};

struct fleet *fleet_new(void);
void fleet_free(struct fleet **fleet);

struct fleet_before {
    struct arena *arena;
    const Tp__Telemetry *telemetry;
};
/* Takes the arena, in which `telemetry` lives. What the instance said before goes into *before,
 * with its arena for the caller to close, or NULL if it is new. False if the fleet is full: the
 * caller keeps the arena. */
MUST_USE bool fleet_hear(struct fleet *fleet, struct arena *arena, const Tp__Telemetry *telemetry,
                         struct instant now, struct fleet_before *before);

/* Applies rules 2 and 3; tells each instance that has gone since the last time. */
void fleet_age(struct fleet *fleet, struct instant now,
               void (*gone)(void *context, const struct fleet_member *member), void *context);

/* All members by service and instance name. */
void fleet_visit(const struct fleet *fleet,
                 void (*visit)(void *context, const struct fleet_member *member), void *context);
