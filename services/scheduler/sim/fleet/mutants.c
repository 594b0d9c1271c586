#include "mutants.h"

#include <string.h>

#include "happenings.h"
#include "names.h"

/* Of tenants and endpoints; those of users are there from the start. */
static const struct control_facts *
without_limits(struct sim *sim, const struct control_facts *controls, size_t count)
{
    struct control_facts *heard = arena_array(sim->arena, struct control_facts, count + 1);
    for (size_t i = 0; i < count; i++) {
        heard[i] = controls[i];
        heard[i].has_limits = heard[i].has_limits && heard[i].scope == SCOPE_USER;
    }
    return heard;
}

/* What operators set. */
static struct event without_their_limits(struct sim *sim, const struct event *event)
{
    struct event heard = *event;
    if (event->kind == EVENT_CONTROL)
        heard.control = without_limits(sim, event->control, 1);
    else if (event->kind == EVENT_CHANGED)
        heard.changed.controls =
            without_limits(sim, event->changed.controls, event->changed.control_count);
    else if (event->kind == EVENT_SNAPSHOT)
        heard.snapshot.controls =
            without_limits(sim, event->snapshot.controls, event->snapshot.control_count);
    return heard;
}

struct event mutant_hears(struct sim *sim, const struct event *event)
{
    if (sim->mutant == MUTANT_DEAF_TO_LIMITS)
        return without_their_limits(sim, event);
    struct event heard = *event;
    if (event->kind == EVENT_OUTCOME && sim->mutant == MUTANT_NEVER_SETTLES)
        heard.outcome.is_usage_known = false;
    if (event->kind == EVENT_OUTCOME && sim->mutant == MUTANT_DEAF_TO_SERVERS)
        heard.outcome.retry_after_ms = 0;
    return heard;
}

/* As it was missing before, if it was. */
static struct explanation kept(struct model_scheduler *scheduler, const struct explanation *told)
{
    bool lacks = told->reason == WAITING_LIMIT || told->reason == WAITING_PAUSE ||
                 told->reason == WAITING_ENDPOINT;
    if (lacks)
        scheduler->lacked = *told;
    bool is_in_turn = told->reason == WAITING_SLOT || told->reason == WAITING_OTHERS;
    return is_in_turn && scheduler->lacked.is_known ? scheduler->lacked : *told;
}

struct explanation mutant_tells(struct sim *sim, uint32_t number, const struct action *action)
{
    static const enum waiting_reason INVENTED[] = {WAITING_OWN,     WAITING_LIMIT,
                                                   WAITING_PAUSE,   WAITING_ENDPOINT,
                                                   WAITING_REDUCED, WAITING_ENDPOINT_HELD};
    struct explanation told = action->explain.told;
    bool is_in_turn = told.reason == WAITING_SLOT || told.reason == WAITING_OTHERS;
    if (sim->mutant == MUTANT_KEEPS_REASONS)
        return kept(&sim->schedulers[number], &told);
    if (sim->mutant != MUTANT_INVENTS_REASONS || !is_in_turn)
        return told;
    told.reason = INVENTED[sim->history.seed % 6];
    told.scope = SCOPE_TENANT;
    told.limit = LIMIT_REQUESTS;
    strcpy(told.scope_name, endpoint_name(0));
    return told;
}
