#include "words.h"

#include <inttypes.h>

static const char *const EVENTS[] = {
    [EVENT_TIME] = "time passed",
    [EVENT_LEAVE] = "it was asked to end",
    [EVENT_LEASE] = "the store answered about the lease",
    [EVENT_SNAPSHOT] = "a page of the snapshot came",
    [EVENT_CHANGED] = "the store told what changed",
    [EVENT_JOB] = "the store told of a job",
    [EVENT_BATCH] = "the store answered a batch",
    [EVENT_JOB_EVENT] = "an event of a job was heard",
    [EVENT_OUTCOME] = "an outcome was heard",
    [EVENT_PERMIT_ASK] = "an analyzer asked for a permit",
    [EVENT_HEARTBEAT] = "an analyzer was heard",
    [EVENT_WAITING_ASK] = "somebody asked why a job waits",
    [EVENT_DISPATCH_FAILED] = "a dispatch was not stored",
    [EVENT_CONTROL] = "an operator set something",
    [EVENT_HEALING] = "the store told of healing",
};

static const char *const ACTIONS[] = {
    [ACTION_ASK_LEASE] = "ask for the lease",
    [ACTION_RESIGN] = "resign the lead",
    [ACTION_ASK_SNAPSHOT] = "ask for the snapshot",
    [ACTION_ASK_CHANGED] = "ask what changed",
    [ACTION_ASK_JOB] = "ask about job",
    [ACTION_ASK_BATCH] = "ask for batch",
    [ACTION_ASK_HEAL] = "ask for healing",
    [ACTION_DISPATCH] = "dispatch",
    [ACTION_FORGET] = "forget",
    [ACTION_ANSWER] = "answer",
    [ACTION_EXPLAIN] = "explain job",
    [ACTION_SERVED] = "a job is served",
    [ACTION_LEAD] = "lead",
    [ACTION_YIELD] = "yield",
};

static const char *const OPERATIONS[] = {
    [BATCH_GRANT] = "grant",
    [BATCH_REAP] = "reap",
    [BATCH_RELEASE] = "release",
    [BATCH_SPLIT] = "split",
};

static void add_attempt(struct text *out, const struct attempt_id *id)
{
    text_format(out, " job %s chunk %" PRIu32, id->job_id, id->chunk_number);
    if (id->attempt > 0)
        text_format(out, " attempt %" PRIu32, id->attempt);
}

void words_of_event(const struct event *event, struct text *out)
{
    text_add(out, EVENTS[event->kind]);
    switch (event->kind) {
    case EVENT_TIME:
    case EVENT_LEAVE:
    case EVENT_CONTROL:
    case EVENT_HEALING:
        return;
    case EVENT_LEASE:
    case EVENT_SNAPSHOT:
    case EVENT_CHANGED:
        if (!event->is_answered)
            text_add(out, ": no answer");
        return;
    case EVENT_BATCH:
        text_format(out, " %" PRIu64 " of %zu items%s", event->batch.sequence,
                    event->batch.answer_count, event->is_answered ? "" : ": no answer");
        return;
    case EVENT_JOB:
        text_format(out, " %s", event->job.job_id);
        return;
    case EVENT_JOB_EVENT:
        text_format(out, ": job %s, number %" PRIu32, event->job_event.job->job_id,
                    event->job_event.number);
        return;
    case EVENT_OUTCOME:
        add_attempt(out, &event->outcome.id);
        return;
    case EVENT_PERMIT_ASK:
        add_attempt(out, &event->ask.id);
        text_format(out, " for %s", event->ask.instance_id);
        return;
    case EVENT_HEARTBEAT:
        text_format(out, ": %s with %" PRIu32 " slots", event->heartbeat.instance_id,
                    event->heartbeat.slots);
        return;
    case EVENT_WAITING_ASK:
        text_format(out, ": %s", event->waiting.job_id);
        return;
    case EVENT_DISPATCH_FAILED:
        add_attempt(out, &event->attempt);
        return;
    }
}

static void add_items(struct text *out, const struct action *action)
{
    text_format(out, " %" PRIu64 " of %zu items", action->batch.sequence, action->batch.count);
    for (size_t i = 0; i < action->batch.count; i++) {
        const struct batch_item *item = &action->batch.items[i];
        text_format(out, "\n        %s", OPERATIONS[item->operation]);
        add_attempt(out, &item->id);
        if (item->operation == BATCH_GRANT)
            text_format(out, " by %s, %" PRIu32 " tokens",
                        item->mode == MODE_EMBEDDED ? "the embedded analysis"
                        : item->endpoint[0]         ? item->endpoint
                                                    : "the LLM",
                        item->reserved_tokens);
        else if (item->is_charged)
            text_add(out, ", charged");
    }
}

static void add_action(struct text *out, const struct action *action)
{
    text_format(out, "    %s", ACTIONS[action->kind]);
    switch (action->kind) {
    case ACTION_ASK_LEASE:
    case ACTION_RESIGN:
    case ACTION_ASK_SNAPSHOT:
    case ACTION_ASK_CHANGED:
    case ACTION_ASK_HEAL:
    case ACTION_LEAD:
    case ACTION_YIELD:
        text_format(out, ", epoch %" PRIu64, action->epoch);
        return;
    case ACTION_ASK_JOB:
        text_format(out, " %s", action->job_id);
        return;
    case ACTION_ASK_BATCH:
        add_items(out, action);
        return;
    case ACTION_DISPATCH:
    case ACTION_FORGET:
        add_attempt(out, &action->dispatch.id);
        text_add(out, action->dispatch.is_again ? " again" : "");
        return;
    case ACTION_ANSWER:
        text_add(out, action->answer.is_permitted ? ": permitted," : ": drop it,");
        add_attempt(out, &action->answer.id);
        text_format(out, ", lease %" PRIu32 " ms", action->answer.lease_left_ms);
        return;
    case ACTION_EXPLAIN:
        text_format(out, " %s: reason %d, position %" PRIu32, action->explain.job_id,
                    (int)action->explain.told.reason, action->explain.told.position);
        return;
    case ACTION_SERVED:
        text_format(out, " after %" PRId64 " ms", action->waited_ms);
        return;
    }
}

void words_of_actions(const struct actions *actions, struct text *out)
{
    for (size_t i = 0; i < actions->count; i++) {
        add_action(out, &actions->list[i]);
        text_add_char(out, '\n');
    }
    if (actions->count == 0)
        text_add(out, "    nothing\n");
}
