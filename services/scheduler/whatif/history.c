#include "history.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "reading.h"
#include "sums.h"

/* ---- what it tells ---- */
static void hear_snapshot(struct reading *reading, const struct event *event)
{
    for (size_t i = 0; i < event->snapshot.job_count; i++)
        jobs_hear(reading, &event->snapshot.jobs[i]);
    for (size_t i = 0; i < event->snapshot.call_count; i++)
        calls_hear_settled(reading, &event->snapshot.calls[i]);
    for (size_t i = 0; i < event->snapshot.control_count; i++)
        in_force_find(&reading->in_force, &event->snapshot.controls[i]);
}

static void hear_changed(struct reading *reading, const struct event *event)
{
    for (size_t i = 0; i < event->changed.job_count; i++)
        jobs_hear(reading, &event->changed.jobs[i]);
    for (size_t i = 0; i < event->changed.control_count; i++)
        in_force_hear(&reading->in_force, &event->changed.controls[i]);
}

static void hear_event(struct reading *reading, const struct event *event)
{
    switch (event->kind) {
    case EVENT_SNAPSHOT:
        hear_snapshot(reading, event);
        return;
    case EVENT_CHANGED:
        hear_changed(reading, event);
        return;
    case EVENT_JOB:
        if (event->job.job)
            jobs_hear(reading, event->job.job);
        return;
    case EVENT_JOB_EVENT:
        jobs_hear(reading, event->job_event.job);
        return;
    case EVENT_OUTCOME:
        calls_hear_outcome(reading, &event->outcome);
        return;
    case EVENT_HEARTBEAT:
        attendance_hear(&reading->attendance, event->heartbeat.instance_id, event->heartbeat.slots);
        return;
    case EVENT_BATCH:
        calls_hear_batch_answer(reading, event);
        return;
    case EVENT_CONTROL:
        in_force_hear(&reading->in_force, event->control);
        return;
    case EVENT_TIME:
    case EVENT_LEAVE:
    case EVENT_LEASE:
    case EVENT_PERMIT_ASK:
    case EVENT_WAITING_ASK:
    case EVENT_DISPATCH_FAILED:
    case EVENT_HEALING:
        return;
    }
}

static void hear_step(struct reading *reading, const struct trace_record *record)
{
    const struct event *event = &record->event;
    hear_event(reading, event);
    for (size_t i = 0; i < record->actions.count; i++) {
        const struct action *action = &record->actions.list[i];
        if (action->kind == ACTION_ASK_BATCH)
            calls_hear_batch(reading, action);
        if (action->kind != ACTION_ANSWER || !action->answer.is_permitted)
            continue;
        const struct attempt_id *id = &action->answer.id;
        bool is_free = event->kind == EVENT_PERMIT_ASK && event->ask.is_free &&
                       event->ask.id.attempt == id->attempt &&
                       event->ask.id.chunk_number == id->chunk_number &&
                       strcmp(event->ask.id.job_id, id->job_id) == 0;
        calls_hear_permit(reading, id, is_free);
    }
}

static void hear_start(struct reading *reading, const struct trace_record *record)
{
    in_force_begin(&reading->in_force, &record->config);
    reading->batch_asked_us = 0;
    for (size_t i = 0; i < record->start.analyzer_count; i++)
        attendance_hear(&reading->attendance, record->start.analyzers[i].instance_id,
                        record->start.analyzers[i].slots);
}

static void hear(struct reading *reading, const struct trace_record *record)
{
    if (reading->writer != record->instance_id) {
        reading->writer = record->instance_id;
        reading->offset_us = record->at_ms * 1000 - record->now.ns / 1000;
    }
    reading->now_us = record->now.ns / 1000 + reading->offset_us;
    if (reading->first_us == 0)
        reading->first_us = reading->now_us;
    const struct scheduler_config *config =
        record->kind == TRACE_START ? &record->config : &reading->in_force.config;
    attendance_pass(&reading->attendance, reading->now_us, config->silent_ms * 1000);
    if (record->kind == TRACE_START)
        hear_start(reading, record);
    else
        hear_step(reading, record);
}

/* ---- in which order ---- */
/* A trace tells all of one scheduler before it tells of the next, but the lead may have gone back
 * and forth between them. */
struct stretch {
    uint64_t epoch; /* of a stretch without a beginning: of the next one */
    size_t number;  /* in the trace */
};

struct stretches {
    struct stretch *list;
    size_t count, first_of_writer;
    const char *writer;
    bool has_step; /* since the writer changed */
};

static void add_stretch(struct stretches *stretches, const struct trace_record *record)
{
    bool is_start = record->kind == TRACE_START,
         is_other = stretches->writer != record->instance_id;
    stretches->writer = record->instance_id;
    if (!is_start && !is_other)
        return;
    size_t number = stretches->count++;
    stretches->list = reallocarray(stretches->list, stretches->count, sizeof(struct stretch));
    CHECK(stretches->list);
    stretches->list[number] = (struct stretch){is_start ? record->start.epoch : 0, number};
    if (is_start && !is_other && number > 0 && stretches->list[number - 1].epoch == 0)
        stretches->list[number - 1].epoch = record->start.epoch;
}

static int by_epoch(const void *a_, const void *b_)
{
    const struct stretch *a = a_, *b = b_;
    if (a->epoch != b->epoch)
        return a->epoch < b->epoch ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static bool find_stretches(struct trace *trace, struct history *history,
                           struct stretches *stretches, struct error *why)
{
    struct trace_record record;
    trace_rewind(trace);
    do {
        if (!trace_next(trace, &record, why))
            return false;
        history->lost_steps += record.lost_steps;
        history->lost_batches += record.lost_batches;
        if (record.kind == TRACE_START || record.kind == TRACE_STEP)
            add_stretch(stretches, &record);
    } while (record.kind != TRACE_END);
    return true;
}

/* Those of `numbers`, which ascend; a trace is read once for them. */
static bool read_stretches(struct reading *reading, struct trace *trace,
                           const struct stretch *wanted, size_t count, struct error *why)
{
    struct stretches seen = {0};
    struct trace_record record;
    size_t next = 0;
    bool is_read = true;
    trace_rewind(trace);
    do {
        is_read = trace_next(trace, &record, why);
        if (!is_read || (record.kind != TRACE_START && record.kind != TRACE_STEP))
            continue;
        add_stretch(&seen, &record);
        while (next < count && wanted[next].number + 1 < seen.count)
            next++;
        if (next < count && wanted[next].number + 1 == seen.count)
            hear(reading, &record);
    } while (is_read && record.kind != TRACE_END);
    free(seen.list);
    return is_read;
}

static bool read_in_order(struct reading *reading, struct trace *trace, struct error *why)
{
    struct stretches all = {0};
    bool is_read = find_stretches(trace, reading->history, &all, why);
    if (is_read && all.count > 0)
        qsort(all.list, all.count, sizeof(all.list[0]), by_epoch);
    size_t from = 0;
    while (is_read && from < all.count) {
        size_t until = from + 1;
        while (until < all.count && all.list[until].number > all.list[until - 1].number)
            until++;
        is_read = read_stretches(reading, trace, &all.list[from], until - from, why);
        from = until;
    }
    free(all.list);
    return is_read;
}

/* ---- what came of it ---- */
static int by_coming(const struct past_job *a, const struct past_job *b)
{
    return a->came_us < b->came_us ? -1 : a->came_us > b->came_us;
}

static void set_setting(const struct reading *reading, struct history *history)
{
    struct history_setting *setting = &history->setting;
    struct attendance_figures there =
        attendance_figures(&reading->attendance, history->begun_us, history->end_us);
    *setting = (struct history_setting){
        .config = in_force_config(&reading->in_force),
        .is_config_known = reading->in_force.chapters > 0,
        .changes = reading->in_force.changes,
        .stops = reading->in_force.stops,
        .analyzers = (uint32_t)(there.analyzers + 0.5),
        .least_analyzers = there.least,
        .most_analyzers = there.most,
        .slots_us = there.slots_us,
    };
    if (setting->analyzers > 0)
        setting->slots = (uint32_t)(there.slots / there.analyzers + 0.5);
    if (reading->batches > 0)
        setting->batch_us = reading->batch_sum_us / (int64_t)reading->batches;
    if (reading->commits > 0)
        setting->commit_us = reading->commit_sum_us / (int64_t)reading->commits;
    setting->controls = in_force_controls(&reading->in_force, &setting->control_count);
}

bool history_read(struct trace *trace, struct history *history, struct error *why)
{
    *history = (struct history){0};
    struct reading *reading = calloc(1, sizeof(*reading));
    CHECK(reading);
    reading->history = history;
    reading->in_force.config = SCHEDULER_DEFAULTS;
    bool is_read = read_in_order(reading, trace, why);
    HASH_SORT(history->jobs, by_coming);
    sums_span(history);
    set_setting(reading, history);
    sums_calls(history);
    attendance_free(&reading->attendance);
    in_force_free(&reading->in_force);
    free(reading);
    if (is_read && history->chunks == 0)
        return error_set(why, ERROR_INVALID, "no work was recorded in it");
    return is_read;
}

void history_free(struct history *history)
{
    past_free(&history->jobs);
    in_force_free_controls(&history->setting.controls, history->setting.control_count);
    free(history->samples);
    *history = (struct history){0};
}
