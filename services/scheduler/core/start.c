/* What outlives a lead, so that a trace of an epoch can begin with it. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "state.h"

bool scheduler_is_in_epoch(const struct scheduler *s)
{
    return s->lead.phase == LEAD_REBUILDING || s->lead.phase == LEAD_LEADING;
}

bool scheduler_is_beginning(const struct scheduler *s, const struct event *event)
{
    if (event->kind != EVENT_LEASE || !event->is_answered || !event->lease.is_held ||
        s->lead.is_leaving)
        return false;
    return s->lead.phase == LEAD_STANDBY ? event->lease.epoch >= s->lead.epoch
                                         : event->lease.epoch > s->lead.epoch;
}

void scheduler_describe_start(const struct scheduler *s, struct scheduler_start *start)
{
    *start = (struct scheduler_start){
        .now = s->now,
        .epoch = s->lead.epoch,
        .sequence = s->batch.sequence,
        .lease_until = s->lead.until,
        .lease_answered = s->lead.answered,
        .lease_ask_at = s->lead.ask_at,
        .mean_call_us = s->attempts.mean_call_us,
    };
}

void scheduler_each_analyzer(const struct scheduler *s,
                             void (*visit)(void *context, const char *instance_id, uint32_t slots,
                                           struct instant heard),
                             void *context)
{
    fleet_each(&s->fleet, visit, context);
}

struct scheduler *scheduler_new_from(const struct scheduler_config *config,
                                     const struct scheduler_start *start)
{
    struct scheduler *s = scheduler_new(config, start->now);
    s->lead.epoch = start->epoch;
    s->lead.until = start->lease_until;
    s->lead.answered = start->lease_answered;
    s->lead.ask_at = start->lease_ask_at;
    s->batch.sequence = start->sequence;
    s->attempts.mean_call_us = start->mean_call_us;
    for (size_t i = 0; i < start->analyzer_count; i++)
        fleet_heard(&s->fleet, start->analyzers[i].instance_id, start->analyzers[i].slots,
                    start->analyzers[i].heard);
    return s;
}
