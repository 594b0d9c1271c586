#include "fleet.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { SILENT_INTERVALS = 3, LEAST_INTERVAL_MS = 100 };

struct member {
    struct arena *arena;
    struct fleet_member shown;
};

struct fleet {
    size_t count;
    struct member members[FLEET_MAX_INSTANCES]; /* by service, then instance */
};

struct fleet *fleet_new(void)
{
    struct fleet *fleet = calloc(1, sizeof *fleet);
    CHECK(fleet != NULL);
    return fleet;
}

void fleet_free(struct fleet **fleet)
{
    if (*fleet == NULL)
        return;
    for (size_t i = 0; i < (*fleet)->count; i++)
        arena_close(&(*fleet)->members[i].arena);
    free(*fleet);
    *fleet = NULL;
}

static int compare(const struct fleet_member *member, const Tp__Telemetry *telemetry)
{
    int order = strcmp(member->service, telemetry->service);
    return order != 0 ? order : strcmp(member->instance, telemetry->instance);
}

/* Where it is, or where it belongs. */
static size_t place_of(const struct fleet *fleet, const Tp__Telemetry *telemetry, bool *is_there)
{
    size_t low = 0, high = fleet->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(&fleet->members[middle].shown, telemetry);
        if (order == 0) {
            *is_there = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *is_there = false;
    return low;
}

static void forget(struct fleet *fleet, size_t place)
{
    arena_close(&fleet->members[place].arena);
    fleet->count--;
    memmove(&fleet->members[place], &fleet->members[place + 1],
            (fleet->count - place) * sizeof fleet->members[0]);
}

/* Rule 4. */
static bool make_room(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->count && fleet->count == FLEET_MAX_INSTANCES; i++)
        if (!fleet->members[i].shown.is_up)
            forget(fleet, i);
    return fleet->count < FLEET_MAX_INSTANCES;
}

bool fleet_hear(struct fleet *fleet, struct arena *arena, const Tp__Telemetry *telemetry,
                struct instant now, struct fleet_before *before)
{
    bool is_there;
    size_t place = place_of(fleet, telemetry, &is_there);
    *before = (struct fleet_before){0};
    if (is_there) {
        *before = (struct fleet_before){fleet->members[place].arena,
                                        fleet->members[place].shown.telemetry};
    } else {
        if (!make_room(fleet))
            return false;
        place = place_of(fleet, telemetry, &is_there);
        memmove(&fleet->members[place + 1], &fleet->members[place],
                (fleet->count - place) * sizeof fleet->members[0]);
        fleet->count++;
    }
    fleet->members[place] = (struct member){
        .arena = arena,
        .shown = {.service = telemetry->service,
                  .instance = telemetry->instance,
                  .is_up = true,
                  .heard = now,
                  .telemetry = telemetry},
    };
    return true;
}

void fleet_age(struct fleet *fleet, struct instant now,
               void (*gone)(void *context, const struct fleet_member *member), void *context)
{
    for (size_t i = 0; i < fleet->count;) {
        struct fleet_member *member = &fleet->members[i].shown;
        int64_t silent_ms = instant_ms_between(member->heard, now);
        int64_t interval_ms = member->telemetry->interval_ms;
        if (interval_ms < LEAST_INTERVAL_MS)
            interval_ms = LEAST_INTERVAL_MS;
        if (member->is_up && silent_ms > SILENT_INTERVALS * interval_ms) {
            member->is_up = false;
            gone(context, member);
        }
        if (!member->is_up && silent_ms > SILENT_INTERVALS * interval_ms + FLEET_REMEMBERED_MS)
            forget(fleet, i);
        else
            i++;
    }
}

void fleet_visit(const struct fleet *fleet,
                 void (*visit)(void *context, const struct fleet_member *member), void *context)
{
    for (size_t i = 0; i < fleet->count; i++)
        visit(context, &fleet->members[i].shown);
}
