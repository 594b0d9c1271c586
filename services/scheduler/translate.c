#include "translate.h"

#include <stdio.h>

#include "base/check.h"

/* The core's enums follow the wire's, whose zero stands for "not set". */
_Static_assert(CLASS_BACKGROUND + 1 == (int)TP__SERVICE_CLASS__BACKGROUND, "classes");
_Static_assert(JOB_EXPIRED + 1 == (int)TP__JOB_STATUS__EXPIRED, "job states");
_Static_assert(CHUNK_DONE + 1 == (int)TP__CHUNK_STATUS__DONE, "chunk states");
_Static_assert(MODE_EMBEDDED + 1 == (int)TP__ANALYSIS_MODE__BY_EMBEDDED, "modes");
_Static_assert(OUTCOME_ABORTED + 1 == (int)TP__OUTCOME_CLASS__ABORTED, "outcomes");
_Static_assert(BATCH_SPLIT + 1 == (int)TP__BATCH_OPERATION__SPLIT, "operations");
_Static_assert(BATCH_OLD + 1 == (int)TP__BATCH_STATUS__OLD, "batch states");
_Static_assert(WAITING_ENDPOINT_HELD + 1 == (int)TP__WAITING_REASON__ENDPOINT_HELD, "reasons");
_Static_assert(LIMIT_MONEY == (int)TP__LIMIT_KIND__MONEY_PER_DAY, "limits");
_Static_assert(SCOPE_USER + 1 == (int)TP__CONTROL_SCOPE__USER, "scopes");
_Static_assert(CONTROL_REDUCED + 1 == (int)TP__CONTROL_STATE__REDUCED, "control states");
_Static_assert(RESULT_SPLIT + 1 == (int)TP__BATCH_RESULT__WAS_SPLIT, "batch results");

/* A message that fits into UNPACK_CAP_BYTES must fit into a letter once it is translated. */
#define IS_NO_LARGER(Facts, Wire) (sizeof(Facts) <= sizeof(Wire) + 2 * sizeof(void *))
_Static_assert(IS_NO_LARGER(struct chunk_facts, Tp__ChunkState), "chunks");
_Static_assert(IS_NO_LARGER(struct job_facts, Tp__JobState), "jobs");
_Static_assert(IS_NO_LARGER(struct call_facts, Tp__CallRecord), "calls");
_Static_assert(IS_NO_LARGER(struct ended_call, Tp__EndedCall), "ended calls");
_Static_assert(IS_NO_LARGER(struct spend_facts, Tp__SpendRecord), "spends");
_Static_assert(IS_NO_LARGER(struct control_facts, Tp__Control), "controls");

static enum analysis_mode mode_of(Tp__AnalysisMode mode)
{
    return mode == TP__ANALYSIS_MODE__BY_EMBEDDED ? MODE_EMBEDDED : MODE_LLM;
}

static enum outcome_class class_of(Tp__OutcomeClass outcome_class)
{
    bool is_well = outcome_class <= TP__OUTCOME_CLASS__OK;
    return is_well ? OUTCOME_NONE : (enum outcome_class)(outcome_class - 1);
}

static enum job_status status_of(Tp__JobStatus status)
{
    return status == TP__JOB_STATUS__NO_STATUS ? JOB_QUEUED : (enum job_status)(status - 1);
}

void translate_chunk(const Tp__ChunkState *chunk, struct chunk_facts *facts)
{
    *facts = (struct chunk_facts){
        .number = chunk->chunk_number,
        .status = (enum chunk_status)(chunk->status - 1),
        .version = chunk->version,
        .attempt = chunk->attempt,
        .lane = chunk->lane,
        .epoch = chunk->epoch,
        .tries = chunk->tries,
        .depth = chunk->depth,
        .open_posts = chunk->open_posts,
        .text_bytes = chunk->text_bytes,
        .retry_in_ms = chunk->retry_in_ms,
        .lease_left_ms = chunk->lease_left_ms,
        .last_class = class_of(chunk->last_class),
        .mode = mode_of(chunk->mode),
    };
}

void translate_job(struct arena *arena, const Tp__JobState *job, struct job_facts *facts)
{
    struct chunk_facts *chunks = arena_array(arena, struct chunk_facts, job->n_chunks);
    for (size_t i = 0; i < job->n_chunks; i++)
        translate_chunk(job->chunks[i], &chunks[i]);
    *facts = (struct job_facts){
        .job_id = job->job_id,
        .tenant_id = job->tenant_id,
        .user_id = job->user_id,
        .service_class = (enum service_class)(job->service_class - 1),
        .status = status_of(job->status),
        .event_number = job->event_number,
        .deadline_left_ms = job->deadline_left_ms,
        .is_healing = job->is_healing,
        .needs_llm = job->needs_llm,
        .chunks = chunks,
        .chunk_count = job->n_chunks,
    };
}

const struct job_facts *translate_jobs(struct arena *arena, Tp__JobState *const *jobs, size_t count)
{
    struct job_facts *facts = arena_array(arena, struct job_facts, count);
    for (size_t i = 0; i < count; i++)
        translate_job(arena, jobs[i], &facts[i]);
    return facts;
}

/* ---- what was called and spent, and what operators set ---- */

const struct call_facts *translate_calls(struct arena *arena, Tp__CallRecord *const *calls,
                                         size_t count)
{
    struct call_facts *facts = arena_array(arena, struct call_facts, count);
    for (size_t i = 0; i < count; i++) {
        const Tp__CallRecord *call = calls[i];
        facts[i] = (struct call_facts){
            .id = translate_attempt(call->job_id, call->chunk_number, call->attempt),
            .tenant_id = call->tenant_id,
            .user_id = call->user_id,
            .endpoint = call->endpoint,
            .epoch = call->epoch,
            .granted_in_ms = call->granted_in_ms,
            .lease_in_ms = call->lease_in_ms,
            .settled_in_ms = call->settled_in_ms,
            .is_settled = call->is_settled,
            .was_called = call->was_called,
            .tokens = call->tokens,
            .micros = call->micros,
            .outcome_class = class_of(call->outcome_class),
        };
    }
    return facts;
}

/* On the wire 0 means that nothing was said, but for what is left. */
static int64_t said(uint32_t value)
{
    return value > 0 ? (int64_t)value : -1;
}

static struct server_limits server_limits_of(const Tp__ServerLimits *limits)
{
    if (limits == NULL)
        return (struct server_limits){-1, -1, -1, -1, -1, -1};
    return (struct server_limits){
        .requests = said(limits->requests),
        .requests_left = limits->has_requests_left ? (int64_t)limits->requests_left : -1,
        .requests_reset_ms = said(limits->requests_reset_ms),
        .tokens = said(limits->tokens),
        .tokens_left = limits->has_tokens_left ? (int64_t)limits->tokens_left : -1,
        .tokens_reset_ms = said(limits->tokens_reset_ms),
    };
}

const struct ended_call *translate_ended(struct arena *arena, Tp__EndedCall *const *calls,
                                         size_t count)
{
    struct ended_call *facts = arena_array(arena, struct ended_call, count);
    for (size_t i = 0; i < count; i++)
        facts[i] = (struct ended_call){.endpoint = calls[i]->endpoint,
                                       .granted_in_ms = -(int64_t)calls[i]->granted_ago_ms,
                                       .settled_in_ms = -(int64_t)calls[i]->settled_ago_ms,
                                       .outcome_class = class_of(calls[i]->outcome_class),
                                       .was_called = calls[i]->was_called,
                                       .is_probe = calls[i]->is_probe,
                                       .tokens = calls[i]->tokens,
                                       .retry_after_ms = calls[i]->retry_after_ms,
                                       .server_limits = server_limits_of(calls[i]->server_limits)};
    return facts;
}

const struct spend_facts *translate_spends(struct arena *arena, Tp__SpendRecord *const *spends,
                                           size_t count)
{
    struct spend_facts *facts = arena_array(arena, struct spend_facts, count);
    for (size_t i = 0; i < count; i++)
        facts[i] = (struct spend_facts){.tenant_id = spends[i]->tenant_id,
                                        .user_id = spends[i]->user_id,
                                        .endpoint = spends[i]->endpoint,
                                        .ended_ago_ms = spends[i]->ended_ago_ms,
                                        .micros = spends[i]->micros};
    return facts;
}

static struct limits limits_of(const Tp__Limits *limits)
{
    return (struct limits){.requests_per_minute = limits->requests_per_minute,
                           .tokens_per_minute = limits->tokens_per_minute,
                           .calls_in_flight = limits->calls_in_flight,
                           .micros_per_day = limits->micros_per_day,
                           .is_shadow = limits->is_shadow};
}

static void translate_control(const Tp__Control *control, struct control_facts *facts)
{
    *facts = (struct control_facts){
        .scope = (enum control_scope)(control->scope - 1),
        .tenant_id = control->tenant_id,
        .name = control->name,
        .state = (enum control_state)(control->state - 1),
        .message = control->message,
        .weight = control->weight,
        .burst = control->burst,
        .has_limits = control->limits != NULL,
        .version = control->version,
        .is_removed = control->is_removed,
    };
    if (facts->has_limits)
        facts->limits = limits_of(control->limits);
}

const struct control_facts *translate_controls(struct arena *arena, Tp__Control *const *controls,
                                               size_t count)
{
    struct control_facts *facts = arena_array(arena, struct control_facts, count);
    for (size_t i = 0; i < count; i++)
        translate_control(controls[i], &facts[i]);
    return facts;
}

/* ---- outcomes ---- */

void translate_outcome(const Tp__Outcome *outcome, struct outcome_facts *facts)
{
    *facts = (struct outcome_facts){
        .id = translate_attempt(outcome->job_id, outcome->chunk_number, outcome->attempt),
        .outcome_class = class_of(outcome->outcome_class),
        .was_called = outcome->was_called,
        .is_usage_known = outcome->usage->is_known,
        .prompt_tokens = outcome->usage->prompt_tokens,
        .completion_tokens = outcome->usage->completion_tokens,
        .retry_after_ms = outcome->retry_after_ms,
        .call_ms = outcome->call_ms,
        .server_limits = server_limits_of(outcome->server_limits),
    };
}

/* ---- batches ---- */

/* What the store does not know any more has ended. */
static void answer_gone(struct batch_answer *answer)
{
    answer->job_status = JOB_EXPIRED;
    answer->chunk.status = CHUNK_DONE;
    answer->chunk.version = UINT32_MAX;
}

bool translate_answers(struct arena *arena, const Tp__BatchReply *reply, struct event *event)
{
    enum { PARTS = sizeof((struct batch_answer *)0)->parts / sizeof(struct chunk_facts) };
    if (reply->status == TP__BATCH_STATUS__NO_BATCH_STATUS)
        return false;
    struct batch_answer *answers = arena_array(arena, struct batch_answer, reply->n_items);
    for (size_t i = 0; i < reply->n_items; i++) {
        const Tp__BatchItemReply *item = reply->items[i];
        if (item->result == TP__BATCH_RESULT__NO_RESULT || item->n_parts > PARTS)
            return false;
        answers[i].result = (enum batch_result)(item->result - 1);
        answers[i].job_status = status_of(item->job_status);
        answers[i].part_count = item->n_parts;
        if (item->chunk == NULL)
            answer_gone(&answers[i]);
        else
            translate_chunk(item->chunk, &answers[i].chunk);
        for (size_t k = 0; k < item->n_parts; k++)
            translate_chunk(item->parts[k], &answers[i].parts[k]);
    }
    event->batch.status = (enum batch_status)(reply->status - 1);
    event->batch.answers = answers;
    event->batch.answer_count = reply->n_items;
    return true;
}

Tp__BatchItem **translate_items(struct arena *arena, const struct batch_item *items, size_t count)
{
    Tp__BatchItem **wire = arena_array(arena, Tp__BatchItem *, count);
    for (size_t i = 0; i < count; i++) {
        wire[i] = arena_new(arena, sizeof *wire[i]);
        *wire[i] = (Tp__BatchItem)TP__BATCH_ITEM__INIT;
        wire[i]->operation = (Tp__BatchOperation)(items[i].operation + 1);
        wire[i]->job_id = arena_string(arena, items[i].id.job_id);
        wire[i]->chunk_number = items[i].id.chunk_number;
        wire[i]->attempt = items[i].id.attempt;
        wire[i]->is_charged = items[i].is_charged;
        wire[i]->mode = (Tp__AnalysisMode)(items[i].mode + 1);
        wire[i]->reserved_tokens = items[i].reserved_tokens;
        wire[i]->lease_ms = items[i].lease_ms;
        wire[i]->lane = items[i].lane;
        wire[i]->endpoint = arena_string(arena, items[i].endpoint);
        wire[i]->reserved_micros = items[i].reserved_micros;
        wire[i]->prompt_nanos = items[i].prompt_nanos;
        wire[i]->completion_nanos = items[i].completion_nanos;
        wire[i]->is_degraded = items[i].is_degraded;
        wire[i]->is_probe = items[i].is_probe;
    }
    return wire;
}

struct attempt_id translate_attempt(const char *job_id, uint32_t chunk_number, uint32_t attempt)
{
    struct attempt_id id = {.chunk_number = chunk_number, .attempt = attempt};
    snprintf(id.job_id, sizeof id.job_id, "%s", job_id);
    return id;
}

Tp__ServiceClass translate_class(enum service_class service_class)
{
    return (Tp__ServiceClass)(service_class + 1);
}

void translate_explanation(const struct explanation *told, Tp__WaitingReply *reply)
{
    reply->is_known = told->is_known;
    if (!told->is_known)
        return;
    reply->reason = (Tp__WaitingReason)(told->reason + 1);
    reply->position = told->position;
    reply->calls = told->calls;
    reply->most_calls = told->most_calls;
    reply->retry_in_ms = told->retry_in_ms;
    if (told->reason == WAITING_HELD || told->reason == WAITING_LIMIT ||
        told->reason == WAITING_REDUCED || told->reason == WAITING_ENDPOINT_HELD)
        reply->scope = (Tp__ControlScope)(told->scope + 1);
    reply->scope_name = told->scope_name;
    reply->limit = (Tp__LimitKind)told->limit;
    if (told->message != NULL)
        reply->message = told->message;
}
