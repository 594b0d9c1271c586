#include <string.h>

#include "codes.h"

_Static_assert(sizeof(struct chunk_facts) == 56, "a new field belongs here too");
_Static_assert(sizeof(struct job_facts) == 56, "a new field belongs here too");
_Static_assert(sizeof(struct control_facts) == 112, "a new field belongs here too");
_Static_assert(sizeof(struct call_facts) == 128, "a new field belongs here too");
_Static_assert(sizeof(struct ended_call) == 88, "a new field belongs here too");
_Static_assert(sizeof(struct spend_facts) == 40, "a new field belongs here too");
_Static_assert(sizeof(struct outcome_facts) == 120, "a new field belongs here too");

void code_attempt_id(struct coder *coder, struct attempt_id *id)
{
    code_name_in(coder, id->job_id, sizeof id->job_id);
    code_u32(coder, &id->chunk_number);
    code_u32(coder, &id->attempt);
}

void code_limits(struct coder *coder, struct limits *limits)
{
    code_u32(coder, &limits->requests_per_minute);
    code_u64(coder, &limits->tokens_per_minute);
    code_u32(coder, &limits->calls_in_flight);
    code_u64(coder, &limits->micros_per_day);
    code_bool(coder, &limits->is_shadow);
}

static void code_chunk(struct coder *coder, struct chunk_facts *chunk)
{
    code_u32(coder, &chunk->number);
    CODE_ENUM(coder, chunk->status, CHUNK_DONE + 1);
    code_u32(coder, &chunk->version);
    code_u32(coder, &chunk->attempt);
    code_u32(coder, &chunk->lane);
    code_u64(coder, &chunk->epoch);
    code_u32(coder, &chunk->tries);
    code_u32(coder, &chunk->depth);
    code_u32(coder, &chunk->open_posts);
    code_u32(coder, &chunk->text_bytes);
    code_u32(coder, &chunk->retry_in_ms);
    code_u32(coder, &chunk->lease_left_ms);
    CODE_ENUM(coder, chunk->last_class, OUTCOME_ABORTED + 1);
    CODE_ENUM(coder, chunk->mode, MODE_EMBEDDED + 1);
}

/* The core takes ids to be as short as the inbox has checked. */
static void code_id(struct coder *coder, const char **id, size_t size)
{
    code_name(coder, id);
    if (coder->is_reading && strlen(*id) >= size) {
        coder->has_failed = true;
        *id = "";
    }
}

static void code_job(struct coder *coder, struct job_facts *job)
{
    code_id(coder, &job->job_id, JOB_ID_SIZE);
    code_id(coder, &job->tenant_id, TENANT_ID_SIZE);
    code_id(coder, &job->user_id, USER_ID_SIZE);
    CODE_ENUM(coder, job->service_class, CLASSES);
    CODE_ENUM(coder, job->status, JOB_EXPIRED + 1);
    code_u32(coder, &job->event_number);
    code_u32(coder, &job->deadline_left_ms);
    code_bool(coder, &job->is_healing);
    code_bool(coder, &job->needs_llm);
    CODE_LIST(coder, struct chunk_facts, job->chunks, job->chunk_count, code_chunk);
}

static void code_control(struct coder *coder, struct control_facts *control)
{
    CODE_ENUM(coder, control->scope, SCOPE_USER + 1);
    code_name(coder, &control->tenant_id);
    code_name(coder, &control->name);
    CODE_ENUM(coder, control->state, CONTROL_REDUCED + 1);
    code_name(coder, &control->message);
    code_double(coder, &control->weight);
    code_u32(coder, &control->burst);
    code_bool(coder, &control->has_limits);
    code_limits(coder, &control->limits);
    code_u64(coder, &control->version);
    code_bool(coder, &control->is_removed);
}

static void code_call(struct coder *coder, struct call_facts *call)
{
    code_attempt_id(coder, &call->id);
    code_id(coder, &call->tenant_id, TENANT_ID_SIZE);
    code_id(coder, &call->user_id, USER_ID_SIZE);
    code_name(coder, &call->endpoint);
    code_u64(coder, &call->epoch);
    code_i64(coder, &call->granted_in_ms);
    code_i64(coder, &call->lease_in_ms);
    code_i64(coder, &call->settled_in_ms);
    code_bool(coder, &call->is_settled);
    code_bool(coder, &call->was_called);
    code_bool(coder, &call->is_of_user_alone);
    code_u32(coder, &call->tokens);
    code_u64(coder, &call->micros);
    CODE_ENUM(coder, call->outcome_class, OUTCOME_ABORTED + 1);
}

static void code_server_limits(struct coder *coder, struct server_limits *server)
{
    code_i64(coder, &server->requests);
    code_i64(coder, &server->requests_left);
    code_i64(coder, &server->requests_reset_ms);
    code_i64(coder, &server->tokens);
    code_i64(coder, &server->tokens_left);
    code_i64(coder, &server->tokens_reset_ms);
}

static void code_ended(struct coder *coder, struct ended_call *call)
{
    code_name(coder, &call->endpoint);
    code_i64(coder, &call->granted_in_ms);
    code_i64(coder, &call->settled_in_ms);
    CODE_ENUM(coder, call->outcome_class, OUTCOME_ABORTED + 1);
    code_bool(coder, &call->was_called);
    code_bool(coder, &call->is_probe);
    code_u32(coder, &call->tokens);
    code_u32(coder, &call->retry_after_ms);
    code_server_limits(coder, &call->server_limits);
}

static void code_spend(struct coder *coder, struct spend_facts *spend)
{
    code_id(coder, &spend->tenant_id, TENANT_ID_SIZE);
    code_id(coder, &spend->user_id, USER_ID_SIZE);
    code_name(coder, &spend->endpoint);
    code_i64(coder, &spend->ended_ago_ms);
    code_u64(coder, &spend->micros);
}

static void code_answer(struct coder *coder, struct batch_answer *answer)
{
    CODE_ENUM(coder, answer->result, RESULT_SPLIT + 1);
    CODE_ENUM(coder, answer->job_status, JOB_EXPIRED + 1);
    code_chunk(coder, &answer->chunk);
    code_size(coder, &answer->part_count);
    if (answer->part_count > sizeof answer->parts / sizeof answer->parts[0]) {
        coder->has_failed = true;
        answer->part_count = 0;
    }
    for (size_t i = 0; i < answer->part_count; i++)
        code_chunk(coder, &answer->parts[i]);
}

static void code_snapshot(struct coder *coder, struct event *event)
{
    code_u64(coder, &event->snapshot.epoch);
    code_bool(coder, &event->snapshot.is_fenced);
    code_i64(coder, &event->snapshot.now_us);
    CODE_LIST(coder, struct job_facts, event->snapshot.jobs, event->snapshot.job_count, code_job);
    CODE_LIST(coder, struct call_facts, event->snapshot.calls, event->snapshot.call_count,
              code_call);
    CODE_LIST(coder, struct spend_facts, event->snapshot.spends, event->snapshot.spend_count,
              code_spend);
    CODE_LIST(coder, struct control_facts, event->snapshot.controls, event->snapshot.control_count,
              code_control);
    CODE_LIST(coder, struct ended_call, event->snapshot.ended, event->snapshot.ended_count,
              code_ended);
    code_name(coder, &event->snapshot.next_cursor);
}

static void code_changed(struct coder *coder, struct event *event)
{
    code_u64(coder, &event->changed.epoch);
    code_i64(coder, &event->changed.now_us);
    CODE_LIST(coder, struct job_facts, event->changed.jobs, event->changed.job_count, code_job);
    CODE_LIST(coder, struct control_facts, event->changed.controls, event->changed.control_count,
              code_control);
    code_name(coder, &event->changed.next_job_id);
}

static void code_batch(struct coder *coder, struct event *event)
{
    code_u64(coder, &event->batch.epoch);
    code_u64(coder, &event->batch.sequence);
    CODE_ENUM(coder, event->batch.status, BATCH_OLD + 1);
    CODE_LIST(coder, struct batch_answer, event->batch.answers, event->batch.answer_count,
              code_answer);
}

/* One, or none. */
static void code_maybe_job(struct coder *coder, const struct job_facts **job)
{
    size_t count = *job != NULL;
    CODE_LIST(coder, struct job_facts, *job, count, code_job);
    if (count == 0)
        *job = NULL;
}

static void code_outcome(struct coder *coder, struct outcome_facts *outcome)
{
    code_attempt_id(coder, &outcome->id);
    CODE_ENUM(coder, outcome->outcome_class, OUTCOME_ABORTED + 1);
    code_bool(coder, &outcome->was_called);
    code_bool(coder, &outcome->is_usage_known);
    code_u32(coder, &outcome->prompt_tokens);
    code_u32(coder, &outcome->completion_tokens);
    code_u32(coder, &outcome->retry_after_ms);
    code_u32(coder, &outcome->call_ms);
    code_server_limits(coder, &outcome->server_limits);
}

static void code_ask(struct coder *coder, struct event *event)
{
    code_attempt_id(coder, &event->ask.id);
    code_name_in(coder, event->ask.instance_id, sizeof event->ask.instance_id);
    code_u32(coder, &event->ask.ask_number);
    code_bool(coder, &event->ask.is_free);
}

static void code_heard_control(struct coder *coder, struct event *event)
{
    size_t count = event->control != NULL;
    CODE_LIST(coder, struct control_facts, event->control, count, code_control);
    if (count != 1)
        coder->has_failed = true;
}

static void code_parts(struct coder *coder, struct event *event)
{
    switch (event->kind) {
    case EVENT_TIME:
    case EVENT_LEAVE:
        return;
    case EVENT_LEASE:
        code_bool(coder, &event->lease.is_held);
        code_u64(coder, &event->lease.epoch);
        code_instant(coder, &event->lease.asked);
        code_u32(coder, &event->lease.left_ms);
        return;
    case EVENT_SNAPSHOT:
        code_snapshot(coder, event);
        return;
    case EVENT_CHANGED:
        code_changed(coder, event);
        return;
    case EVENT_JOB:
        code_u64(coder, &event->job.epoch);
        code_name_in(coder, event->job.job_id, sizeof event->job.job_id);
        code_maybe_job(coder, &event->job.job);
        return;
    case EVENT_BATCH:
        code_batch(coder, event);
        return;
    case EVENT_JOB_EVENT:
        code_u32(coder, &event->job_event.number);
        code_maybe_job(coder, &event->job_event.job);
        coder->has_failed |= event->job_event.job == NULL;
        return;
    case EVENT_OUTCOME:
        code_outcome(coder, &event->outcome);
        return;
    case EVENT_PERMIT_ASK:
        code_ask(coder, event);
        return;
    case EVENT_HEARTBEAT:
        code_name_in(coder, event->heartbeat.instance_id, sizeof event->heartbeat.instance_id);
        code_u32(coder, &event->heartbeat.slots);
        return;
    case EVENT_WAITING_ASK:
        code_name_in(coder, event->waiting.job_id, sizeof event->waiting.job_id);
        return;
    case EVENT_DISPATCH_FAILED:
        code_attempt_id(coder, &event->attempt);
        return;
    case EVENT_CONTROL:
        code_heard_control(coder, event);
        return;
    case EVENT_HEALING:
        code_u64(coder, &event->healing.epoch);
        code_u32(coder, &event->healing.posts);
        code_bool(coder, &event->healing.has_more);
        return;
    }
}

void code_event(struct coder *coder, struct event *event)
{
    CODE_ENUM(coder, event->kind, EVENT_HEALING + 1);
    code_bool(coder, &event->is_answered);
    if (coder->has_failed)
        return;
    /* What was asked and not answered says little more than that. */
    code_parts(coder, event);
}
