/* One example of every message that travels, with every field set: for the tests of the wire.
 * Changing an example changes its golden bytes: fields that were added later are set in the
 * examples of LATER_EXAMPLES. */
#pragma once

#include <string.h>

#include "messages/examples_usage_for_test.h"

static inline ProtobufCBinaryData binary(const char *text)
{
    union {
        const char *lent;
        uint8_t *data;
    } same = {text};
    return (ProtobufCBinaryData){.len = strlen(text), .data = same.data};
}

EXAMPLE Tp__Post post = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__post__descriptor),
    .seq = 7,
    .id = "tweet-7",
    .language = "sv",
    .chunk_number = 2,
};
static Tp__Post *posts[] = {&post};
static const char *tasks[] = {"sentiment", "topics"};

EXAMPLE Tp__ChunkState chunk = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__chunk_state__descriptor),
    .chunk_number = 2,
    .status = TP__CHUNK_STATUS__IN_FLIGHT,
    .version = 9,
    .attempt = 4,
    .epoch = 5,
    .tries = 1,
    .depth = 1,
    .lane = 1,
    .open_posts = 50,
    .text_bytes = 4711,
    .retry_in_ms = 2000,
    .lease_left_ms = 30000,
    .last_class = TP__OUTCOME_CLASS__TIMEOUT,
    .mode = TP__ANALYSIS_MODE__BY_LLM,
};
static Tp__ChunkState *chunks[] = {&chunk, &chunk};

EXAMPLE Tp__JobState job_state = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__job_state__descriptor),
    .job_id = JOB,
    .tenant_id = TENANT,
    .user_id = USER,
    .service_class = TP__SERVICE_CLASS__PREMIUM,
    .status = TP__JOB_STATUS__PROCESSING,
    .event_number = 3,
    .created_us = 1795318400007000,
    .deadline_left_ms = 60000,
    .n_chunks = 1,
    .chunks = chunks,
};
static Tp__JobState *job_states[] = {&job_state};

EXAMPLE Tp__Progress progress = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__progress__descriptor),
    .total_posts = 250,
    .processed_posts = 100,
    .failed_posts = 1,
    .total_chunks = 3,
    .done_chunks = 1,
};

EXAMPLE Tp__JobEvent job_event = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__job_event__descriptor),
    .schema_version = SCHEMA_VERSION,
    .number = 3,
    .kind = "progress",
    .at_ms = 1795318400007,
    .job = &job_state,
    .progress = &progress,
};
static Tp__JobEvent *events[] = {&job_event};

EXAMPLE Tp__RejectedPost rejected_post = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__rejected_post__descriptor),
    .line = 12,
    .reason = "text is missing",
};
static Tp__RejectedPost *rejected[] = {&rejected_post};

EXAMPLE Tp__JobView job_view = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__job_view__descriptor),
    .job_id = JOB,
    .tenant_id = TENANT,
    .user_id = USER,
    .service_class = TP__SERVICE_CLASS__STANDARD,
    .status = TP__JOB_STATUS__COMPLETED,
    .progress = &progress,
    .event_number = 8,
    .created_ms = 1795318400007,
    .updated_ms = 1795318400008,
    .completed_ms = 1795318400009,
    .deadline_ms = 1795318500000,
    .error = "none",
    .n_tasks = 2,
    .tasks = tasks,
    .prompt_tokens = 1234,
    .completion_tokens = 567,
    .llm_calls = 3,
    .n_rejected = 1,
    .rejected = rejected,
};
static Tp__JobView *job_views[] = {&job_view};

EXAMPLE Tp__Dispatch dispatch = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__dispatch__descriptor),
    .schema_version = SCHEMA_VERSION,
    .job_id = JOB,
    .chunk_number = 2,
    .attempt = 4,
    .epoch = 5,
    .tenant_id = TENANT,
    .user_id = USER,
    .service_class = TP__SERVICE_CLASS__BACKGROUND,
    .mode = TP__ANALYSIS_MODE__BY_LLM,
    .n_tasks = 2,
    .tasks = tasks,
    .n_posts = 1,
    .posts = posts,
    .reserved_tokens = 3000,
    .lease_ms = 30000,
};

EXAMPLE Tp__PostResult result = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__post_result__descriptor),
    .seq = 7,
    .provenance = TP__PROVENANCE__FROM_LLM,
    .model = "model-1",
    .prompt_version = "p1",
    .confidence = 0.75,
};
static Tp__PostResult *results[] = {&result};
EXAMPLE Tp__MissingPost missing_post = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__missing_post__descriptor),
    .seq = 8,
    .reason = "refused",
    .is_final = 1,
};
static Tp__MissingPost *missing_posts[] = {&missing_post};
EXAMPLE Tp__Usage usage = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__usage__descriptor),
    .is_known = 1,
    .prompt_tokens = 1200,
    .completion_tokens = 300,
};
EXAMPLE Tp__Outcome outcome = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__outcome__descriptor),
    .schema_version = SCHEMA_VERSION,
    .job_id = JOB,
    .chunk_number = 2,
    .attempt = 4,
    .epoch = 5,
    .instance_id = "analyzer-1",
    .tenant_id = TENANT,
    .user_id = USER,
    .outcome_class = TP__OUTCOME_CLASS__PARTIAL,
    .n_results = 1,
    .results = results,
    .n_missing = 1,
    .missing = missing_posts,
    .was_called = 1,
    .usage = &usage,
    .retry_after_ms = 1500,
    .call_ms = 820,
    .summary = "people like it",
    .detail = "one post was refused",
    .mode = TP__ANALYSIS_MODE__BY_LLM,
};

EXAMPLE Tp__PermitAsk permit_ask = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__permit_ask__descriptor),
    .schema_version = SCHEMA_VERSION,
    .job_id = JOB,
    .chunk_number = 2,
    .attempt = 4,
    .instance_id = "analyzer-1",
    .ask_number = 3,
    .is_free = 1,
};
EXAMPLE Tp__PermitAnswer permit_answer = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__permit_answer__descriptor),
    .schema_version = SCHEMA_VERSION,
    .job_id = JOB,
    .chunk_number = 2,
    .attempt = 4,
    .ask_number = 3,
    .verdict = TP__VERDICT__PERMITTED,
    .epoch = 5,
    .lease_left_ms = 25000,
    .life_ms = 1000,
};
EXAMPLE Tp__Heartbeat heartbeat = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__heartbeat__descriptor),
    .schema_version = SCHEMA_VERSION,
    .instance_id = "analyzer-1",
    .slots = 10,
    .busy = 3,
};

EXAMPLE Tp__WaitingAsk waiting_ask = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__waiting_ask__descriptor),
    .schema_version = SCHEMA_VERSION,
    .job_id = JOB,
};
EXAMPLE Tp__WaitingReply waiting_reply = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__waiting_reply__descriptor),
    .schema_version = SCHEMA_VERSION,
    .is_known = 1,
    .reason = TP__WAITING_REASON__ALL_USERS_SERVED,
    .position = 12,
    .calls = 10,
    .most_calls = 11,
    .retry_in_ms = 2000,
};

EXAMPLE Tp__SubmitPart submit_part = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__submit_part__descriptor),
    .schema_version = SCHEMA_VERSION,
    .upload_id = UPLOAD,
    .part_number = 1,
    .n_posts = 1,
    .posts = posts,
};
EXAMPLE Tp__SubmitPartReply submit_part_reply = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__submit_part_reply__descriptor),
    .schema_version = SCHEMA_VERSION,
};
EXAMPLE Tp__SubmitJob submit_job = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__submit_job__descriptor),
    .schema_version = SCHEMA_VERSION,
    .job_id = JOB,
    .tenant_id = TENANT,
    .user_id = USER,
    .service_class = TP__SERVICE_CLASS__INTERACTIVE,
    .n_tasks = 2,
    .tasks = tasks,
    .idempotency_key = "order-66",
    .deadline_ms = 600000,
    .upload_id = UPLOAD,
    .part_count = 2,
    .total_posts = 250,
    .n_posts = 1,
    .posts = posts,
    .n_rejected = 1,
    .rejected = rejected,
};
EXAMPLE Tp__SubmitJobReply submit_job_reply = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__submit_job_reply__descriptor),
    .schema_version = SCHEMA_VERSION,
    .job_id = JOB,
    .is_replay = 1,
    .job = &job_view,
};
EXAMPLE Tp__JobQuery job_query = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__job_query__descriptor),
    .schema_version = SCHEMA_VERSION,
    .tenant_id = TENANT,
    .job_id = JOB,
};
EXAMPLE Tp__JobReply job_reply = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__job_reply__descriptor),
    .schema_version = SCHEMA_VERSION,
    .job = &job_view,
};
static Tp__JobStatus statuses[] = {TP__JOB_STATUS__QUEUED, TP__JOB_STATUS__PROCESSING};
EXAMPLE Tp__JobsQuery jobs_query = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__jobs_query__descriptor),
    .schema_version = SCHEMA_VERSION,
    .tenant_id = TENANT,
    .user_id = USER,
    .n_statuses = 2,
    .statuses = statuses,
    .before_job_id = JOB,
    .limit = 50,
};
EXAMPLE Tp__JobsReply jobs_reply = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__jobs_reply__descriptor),
    .schema_version = SCHEMA_VERSION,
    .n_jobs = 1,
    .jobs = job_views,
    .has_more = 1,
};
EXAMPLE Tp__ResultsQuery results_query = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__results_query__descriptor),
    .schema_version = SCHEMA_VERSION,
    .tenant_id = TENANT,
    .job_id = JOB,
    .from_seq = 100,
    .limit = 500,
};
EXAMPLE Tp__ResultRow row = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__result_row__descriptor),
    .seq = 7,
    .post_id = "tweet-7",
    .chunk_number = 2,
    .provenance = TP__PROVENANCE__FROM_CACHE,
    .model = "model-1",
    .prompt_version = "p1",
    .confidence = 0.5,
    .reason = "cached",
};
static Tp__ResultRow *rows[] = {&row};
EXAMPLE Tp__ResultsReply results_reply = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__results_reply__descriptor),
    .schema_version = SCHEMA_VERSION,
    .status = TP__JOB_STATUS__FAILED,
    .n_rows = 1,
    .rows = rows,
    .next_seq = 8,
    .has_more = 1,
};
EXAMPLE Tp__ChunksQuery chunks_query = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__chunks_query__descriptor),
    .schema_version = SCHEMA_VERSION,
    .tenant_id = TENANT,
    .job_id = JOB,
    .from_chunk = 3,
    .limit = 100,
};
EXAMPLE Tp__ChunkRow chunk_row = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__chunk_row__descriptor),
    .chunk_number = 3,
    .status = TP__CHUNK_STATUS__READY,
    .attempts = 2,
    .tries = 1,
    .depth = 1,
    .open_posts = 7,
    .endpoint = "main",
    .llm_calls = 2,
    .prompt_tokens = 1200,
    .completion_tokens = 300,
    .micros = 360,
    .call_ms = 2100,
};
static Tp__ChunkRow *chunk_rows[] = {&chunk_row};
EXAMPLE Tp__ChunksReply chunks_reply = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__chunks_reply__descriptor),
    .schema_version = SCHEMA_VERSION,
    .n_rows = 1,
    .rows = chunk_rows,
    .has_more = 1,
};
EXAMPLE Tp__CancelJob cancel_job = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__cancel_job__descriptor),
    .schema_version = SCHEMA_VERSION,
    .tenant_id = TENANT,
    .job_id = JOB,
};
EXAMPLE Tp__EventsQuery events_query = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__events_query__descriptor),
    .schema_version = SCHEMA_VERSION,
    .tenant_id = TENANT,
    .job_id = JOB,
    .after_number = 2,
    .limit = 100,
};
EXAMPLE Tp__EventsReply events_reply = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__events_reply__descriptor),
    .schema_version = SCHEMA_VERSION,
    .n_events = 1,
    .events = events,
};
EXAMPLE Tp__Authenticate authenticate = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__authenticate__descriptor),
    .schema_version = SCHEMA_VERSION,
};
EXAMPLE Tp__AuthenticateReply authenticate_reply = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__authenticate_reply__descriptor),
    .schema_version = SCHEMA_VERSION,
    .tenant_id = TENANT,
    .key_id = "k1",
    .role = "admin",
    .name = "laptop",
};

EXAMPLE Tp__LeaseAsk lease_ask = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__lease_ask__descriptor),
    .schema_version = SCHEMA_VERSION,
    .holder = "scheduler-1",
    .life_ms = 5000,
    .resign = 1,
};
EXAMPLE Tp__LeaseReply lease_reply = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__lease_reply__descriptor),
    .schema_version = SCHEMA_VERSION,
    .is_held = 1,
    .epoch = 5,
    .left_ms = 4000,
};
EXAMPLE Tp__BatchItem batch_item = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__batch_item__descriptor),
    .operation = TP__BATCH_OPERATION__GRANT,
    .job_id = JOB,
    .chunk_number = 2,
    .attempt = 4,
    .is_charged = 1,
    .mode = TP__ANALYSIS_MODE__BY_EMBEDDED,
    .reserved_tokens = 3000,
    .lease_ms = 30000,
    .lane = 1,
};
static Tp__BatchItem *batch_items[] = {&batch_item};
EXAMPLE Tp__Batch batch = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__batch__descriptor),
    .schema_version = SCHEMA_VERSION,
    .holder = "scheduler-1",
    .epoch = 5,
    .sequence = 77,
    .n_items = 1,
    .items = batch_items,
};
EXAMPLE Tp__BatchItemReply item_reply = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__batch_item_reply__descriptor),
    .result = TP__BATCH_RESULT__GRANTED,
    .job_status = TP__JOB_STATUS__PROCESSING,
    .chunk = &chunk,
    .dispatch = &dispatch,
    .n_parts = 2,
    .parts = chunks,
};
static Tp__BatchItemReply *item_replies[] = {&item_reply};
EXAMPLE Tp__BatchReply batch_reply = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__batch_reply__descriptor),
    .schema_version = SCHEMA_VERSION,
    .status = TP__BATCH_STATUS__ANSWERED,
    .n_items = 1,
    .items = item_replies,
};
EXAMPLE Tp__SnapshotAsk snapshot_ask = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__snapshot_ask__descriptor),
    .schema_version = SCHEMA_VERSION,
    .epoch = 5,
    .cursor = "c1",
};
EXAMPLE Tp__Limits limits = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__limits__descriptor),
    .requests_per_minute = 600,
    .tokens_per_minute = 200000,
    .calls_in_flight = 8,
    .micros_per_day = 20000000,
    .is_shadow = 1,
};
EXAMPLE Tp__Control control = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__control__descriptor),
    .scope = TP__CONTROL_SCOPE__TENANT,
    .tenant_id = TENANT,
    .state = TP__CONTROL_STATE__DRAINING,
    .message = "moving house",
    .weight = 2.5,
    .burst = 4,
    .limits = &limits,
    .version = 12,
    .is_removed = 1,
};
static Tp__Control *controls[] = {&control};
EXAMPLE Tp__SetControl set_control = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__set_control__descriptor),
    .schema_version = SCHEMA_VERSION,
    .control = &control,
    .set_by = "key-1",
};
EXAMPLE Tp__ControlReply control_reply = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__control_reply__descriptor),
    .schema_version = SCHEMA_VERSION,
    .control = &control,
};
EXAMPLE Tp__ControlChanged control_changed = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__control_changed__descriptor),
    .schema_version = SCHEMA_VERSION,
    .control = &control,
};
EXAMPLE Tp__ControlsQuery controls_query = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__controls_query__descriptor),
    .schema_version = SCHEMA_VERSION,
    .tenant_id = TENANT,
};
EXAMPLE Tp__ControlsReply controls_reply = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__controls_reply__descriptor),
    .schema_version = SCHEMA_VERSION,
    .n_controls = 1,
    .controls = controls,
};
EXAMPLE Tp__HealAsk heal_ask = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__heal_ask__descriptor),
    .schema_version = SCHEMA_VERSION,
    .epoch = 5,
    .most_posts = 1000,
};
EXAMPLE Tp__HealReply heal_reply = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__heal_reply__descriptor),
    .schema_version = SCHEMA_VERSION,
    .is_fenced = 1,
    .posts = 300,
    .has_more = 1,
};
static ProtobufCBinaryData cache_keys[1];
EXAMPLE Tp__CacheFind cache_find = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__cache_find__descriptor),
    .schema_version = SCHEMA_VERSION,
    .n_keys = 1,
    .keys = cache_keys,
};
EXAMPLE Tp__CachedResult cached_result = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__cached_result__descriptor),
    .nth = 41,
    .result = &result,
};
static Tp__CachedResult *cached_results[] = {&cached_result};
EXAMPLE Tp__CacheFound cache_found = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__cache_found__descriptor),
    .schema_version = SCHEMA_VERSION,
    .n_results = 1,
    .results = cached_results,
};
EXAMPLE Tp__CallRecord call = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__call_record__descriptor),
    .epoch = 5,
    .granted_in_ms = -1500,
    .lease_in_ms = 28500,
    .is_settled = 1,
    .settled_in_ms = -200,
    .tokens = 1500,
    .tenant_id = TENANT,
};
static Tp__CallRecord *calls[] = {&call};
EXAMPLE Tp__SnapshotReply snapshot_reply = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__snapshot_reply__descriptor),
    .schema_version = SCHEMA_VERSION,
    .is_fenced = 1,
    .now_us = 1795318400007000,
    .n_jobs = 1,
    .jobs = job_states,
    .n_calls = 1,
    .calls = calls,
    .next_cursor = "c2",
};
EXAMPLE Tp__ChangedAsk changed_ask = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__changed_ask__descriptor),
    .schema_version = SCHEMA_VERSION,
    .since_us = 1795318400007000,
    .after_job_id = JOB,
};
EXAMPLE Tp__ChangedReply changed_reply = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__changed_reply__descriptor),
    .schema_version = SCHEMA_VERSION,
    .now_us = 1795318400007000,
    .n_jobs = 1,
    .jobs = job_states,
    .next_job_id = JOB,
};
EXAMPLE Tp__JobStateAsk job_state_ask = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__job_state_ask__descriptor),
    .schema_version = SCHEMA_VERSION,
    .job_id = JOB,
};
EXAMPLE Tp__JobStateReply job_state_reply = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__job_state_reply__descriptor),
    .schema_version = SCHEMA_VERSION,
    .job = &job_state,
};

static const char *label_names[] = {"method"}, *label_values[] = {"GET"};
static double bounds[] = {0.5, 1};
static uint64_t counts[] = {3, 2, 1};
EXAMPLE Tp__MetricSeries series = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__metric_series__descriptor),
    .name = "tweetpulse_http_seconds",
    .kind = TP__METRIC_KIND__HISTOGRAM,
    .n_label_names = 1,
    .label_names = label_names,
    .n_label_values = 1,
    .label_values = label_values,
    .value = 4.25,
    .n_bounds = 2,
    .bounds = bounds,
    .n_counts = 3,
    .counts = counts,
    .help = "Seconds.",
};
static Tp__MetricSeries *all_series[] = {&series};
EXAMPLE Tp__Telemetry telemetry = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__telemetry__descriptor),
    .schema_version = SCHEMA_VERSION,
    .service = "gateway",
    .instance = "gateway-1",
    .version = "0.1.0",
    .started_ms = 1795318400007,
    .interval_ms = 2000,
    .is_ready = 1,
    .n_series = 1,
    .series = all_series,
};

/* ---- fields that were added later; X(message, example) ---- */
#define LATER_EXAMPLES(X)                                                                          \
    X(dispatch, dispatch_2)                                                                        \
    X(dispatch, dispatch_3)                                                                        \
    X(dispatch, dispatch_4)                                                                        \
    X(submit_job, submit_job_2)                                                                    \
    X(job_reply, job_reply_2)                                                                      \
    X(outcome, outcome_2)                                                                          \
    X(outcome, outcome_3)                                                                          \
    X(outcome, outcome_4)                                                                          \
    X(results_reply, results_reply_2)                                                              \
    X(results_reply, results_reply_3)                                                              \
    X(job_event, job_event_2)                                                                      \
    X(waiting_reply, waiting_reply_2)                                                              \
    X(batch, batch_2)                                                                              \
    X(snapshot_reply, snapshot_reply_2)                                                            \
    X(changed_reply, changed_reply_2)                                                              \
    X(cache_find, cache_find_2)                                                                    \
    X(cache_find, cache_find_3)                                                                    \
    X(cache_found, cache_found_2)

EXAMPLE Tp__CacheFind cache_find_2;
EXAMPLE Tp__CacheFind cache_find_3;
EXAMPLE Tp__CacheFound cache_found_2;
static uint32_t claimed_posts[] = {0, 3, 99}, flying_posts[] = {1, 2};
EXAMPLE Tp__Dispatch dispatch_2;
EXAMPLE Tp__Dispatch dispatch_3;
EXAMPLE Tp__Dispatch dispatch_4;
EXAMPLE Tp__SubmitJob submit_job_2;
EXAMPLE Tp__JobView job_view_2;
EXAMPLE Tp__JobReply job_reply_2;
EXAMPLE Tp__ServerLimits server_limits = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__server_limits__descriptor),
    .requests = 500,
    .requests_left = 499,
    .requests_reset_ms = 120,
    .tokens = 30000,
    .tokens_left = 28500,
    .tokens_reset_ms = 3000,
    .has_requests_left = 1,
    .has_tokens_left = 1,
};
EXAMPLE Tp__PostResult result_2;
static Tp__PostResult *results_2[] = {&result_2};
EXAMPLE Tp__Outcome outcome_2;
EXAMPLE Tp__Outcome outcome_3;
EXAMPLE Tp__PostResult result_3;
static Tp__PostResult *results_3[] = {&result_3};
EXAMPLE Tp__Outcome outcome_4;
EXAMPLE Tp__ResultRow row_2;
static Tp__ResultRow *rows_2[] = {&row_2};
EXAMPLE Tp__ResultsReply results_reply_2;
EXAMPLE Tp__ResultRow row_3;
static Tp__ResultRow *rows_3[] = {&row_3};
EXAMPLE Tp__ResultsReply results_reply_3;
EXAMPLE Tp__JobState job_state_2;
EXAMPLE Tp__JobEvent job_event_2;
EXAMPLE Tp__WaitingReply waiting_reply_2;
EXAMPLE Tp__BatchItem batch_item_2;
static Tp__BatchItem *batch_items_2[] = {&batch_item_2};
EXAMPLE Tp__Batch batch_2;
EXAMPLE Tp__CallRecord call_2;
static Tp__CallRecord *calls_2[] = {&call_2};
EXAMPLE Tp__SpendRecord spends_of_tenant = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__spend_record__descriptor),
    .tenant_id = TENANT,
    .endpoint = "",
    .ended_ago_ms = 600000,
    .micros = 1234567,
};
EXAMPLE Tp__SpendRecord spends_of_endpoint = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__spend_record__descriptor),
    .tenant_id = "",
    .endpoint = "main",
    .ended_ago_ms = 900000,
    .micros = 7654321,
};
static Tp__SpendRecord *spends[] = {&spends_of_tenant, &spends_of_endpoint};
EXAMPLE Tp__EndedCall ended_call = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__ended_call__descriptor),
    .endpoint = "main",
    .granted_ago_ms = 4000,
    .settled_ago_ms = 2500,
    .outcome_class = TP__OUTCOME_CLASS__RATE_LIMITED,
    .was_called = 1,
    .is_probe = 1,
    .tokens = 900,
    .retry_after_ms = 30000,
    .server_limits = &server_limits,
};
static Tp__EndedCall *ended_calls[] = {&ended_call};
EXAMPLE Tp__SnapshotReply snapshot_reply_2;
EXAMPLE Tp__ChangedReply changed_reply_2;

static inline void examples_prepare_work(void)
{
    dispatch_2 = dispatch;
    dispatch_2.endpoint = "main";
    dispatch_3 = dispatch_2;
    dispatch_3.n_tasks = 0;
    dispatch_3.instruction = "Is it ironic?";
    dispatch_3.schema_json = binary("{\"type\":\"object\"}");
    dispatch_4 = dispatch_2;
    dispatch_4.order_seed = 1234567890123456789;
    outcome_2 = outcome;
    outcome_2.endpoint = "main";
    outcome_2.server_limits = &server_limits;
    result_2 = result;
    result_2.cache_key = cache_keys[0];
    outcome_3 = outcome_2;
    outcome_3.results = results_2;
    result_3 = result;
    result_3.prompt_tokens = 120;
    result_3.completion_tokens = 30;
    outcome_4 = outcome_2;
    outcome_4.results = results_3;
    outcome_4.model = "model-1";
    job_state_2 = job_state;
    job_state_2.is_healing = 1;
    job_event_2 = job_event;
    job_event_2.job = &job_state_2;
    waiting_reply_2 = waiting_reply;
    waiting_reply_2.reason = TP__WAITING_REASON__LIMIT_REACHED;
    waiting_reply_2.scope = TP__CONTROL_SCOPE__ENDPOINT;
    waiting_reply_2.scope_name = "main";
    waiting_reply_2.limit = TP__LIMIT_KIND__TOKENS_PER_MINUTE;
    waiting_reply_2.message = "moving house";
    waiting_reply_2.has_finish = 1;
    waiting_reply_2.finish_p50_ms = 4000;
    waiting_reply_2.finish_p90_ms = 9000;
}

static inline void examples_prepare_jobs(void)
{
    submit_job_2 = submit_job;
    submit_job_2.instruction = dispatch_3.instruction;
    submit_job_2.schema_json = dispatch_3.schema_json;
    job_view_2 = job_view;
    job_view_2.instruction = dispatch_3.instruction;
    job_view_2.schema_json = dispatch_3.schema_json;
    job_reply_2 = job_reply;
    job_reply_2.job = &job_view_2;
    row_2 = row;
    row_2.prompt_tokens = 120;
    row_2.completion_tokens = 30;
    row_2.nanos = 36000;
    results_reply_2 = results_reply;
    results_reply_2.rows = rows_2;
    row_3 = row;
    row_3.is_usage_unknown = 1;
    results_reply_3 = results_reply;
    results_reply_3.rows = rows_3;
}

static inline void examples_prepare_grants(void)
{
    batch_item_2 = batch_item;
    batch_item_2.endpoint = "main";
    batch_item_2.reserved_micros = 2100;
    batch_item_2.prompt_nanos = 150;
    batch_item_2.completion_nanos = 600;
    batch_item_2.is_degraded = 1;
    batch_item_2.is_probe = 1;
    batch_2 = batch;
    batch_2.items = batch_items_2;
    call_2 = call;
    call_2.job_id = JOB;
    call_2.chunk_number = 2;
    call_2.attempt = 4;
    call_2.endpoint = "main";
    call_2.micros = 900;
    call_2.outcome_class = TP__OUTCOME_CLASS__SERVER_ERROR;
    call_2.was_called = 1;
    snapshot_reply_2 = snapshot_reply;
    snapshot_reply_2.calls = calls_2;
    snapshot_reply_2.n_spends = 2;
    snapshot_reply_2.spends = spends;
    snapshot_reply_2.n_controls = 1;
    snapshot_reply_2.controls = controls;
    snapshot_reply_2.n_ended = 1;
    snapshot_reply_2.ended = ended_calls;
    changed_reply_2 = changed_reply;
    changed_reply_2.n_controls = 1;
    changed_reply_2.controls = controls;
}

EXAMPLE Tp__TraceBatch trace_batch = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__trace_batch__descriptor),
    .schema_version = SCHEMA_VERSION,
    .instance_id = "scheduler-1",
    .number = 12,
    .format = 1,
    .lost_steps = 3,
    .at_ms = 1795330800000,
    .step_count = 2,
};

static inline void examples_prepare_cache(void)
{
    cache_find_2 = cache_find;
    cache_find_2.claimant = JOB;
    cache_find_2.claim_ms = 42700;
    cache_find_2.n_watched = cache_find_2.n_released = 1;
    cache_find_2.watched = cache_find_2.released = cache_keys;
    cache_find_3 = cache_find_2; /* it is leaving */
    cache_find_3.n_keys = cache_find_3.n_watched = cache_find_3.n_released = 0;
    cache_find_3.claim_ms = 0;
    cache_found_2 = cache_found;
    cache_found_2.n_claimed = sizeof claimed_posts / sizeof claimed_posts[0];
    cache_found_2.claimed = claimed_posts;
    cache_found_2.n_flying = sizeof flying_posts / sizeof flying_posts[0];
    cache_found_2.flying = flying_posts;
}

/* Fills in what cannot be a constant. */
static inline void examples_prepare(void)
{
    post.text = binary("hej v\xC3\xA4rlden \xF0\x9F\x98\x80");
    result.data_json = binary("{\"language\":\"sv\"}");
    row.data_json = result.data_json;
    row.text = post.text;
    submit_job.body_hash = binary("0123456789abcdef0123456789abcdef");
    authenticate.key_hash = submit_job.body_hash;
    trace_batch.steps = submit_job.body_hash;
    cache_keys[0] = submit_job.body_hash;
    examples_prepare_cache();
    examples_prepare_work();
    examples_prepare_jobs();
    examples_prepare_grants();
}
