#include "messages/checks.h"

enum { BODY_HASH_BYTES = 32, PARTS_MAX = 1000, SUMMARIES_MAX = 100 };

bool check_submit_part(const Tp__SubmitPart *message, struct error *why)
{
    return check_uuid("upload_id", message->upload_id, why) &&
           check_range("part_number", message->part_number, 0, PARTS_MAX - 1, why) &&
           check_range("posts", message->n_posts, 1, JOB_MAX_POSTS, why) &&
           check_posts(message->n_posts, message->posts, JOB_MAX_POSTS, why);
}

/* It says only that the part is kept. */
bool check_submit_part_reply(const Tp__SubmitPartReply *message, struct error *why)
{
    (void)message;
    (void)why;
    return true;
}

static bool check_rejected(size_t count, Tp__RejectedPost *const *rejected, struct error *why)
{
    if (!check_range("rejected", count, 0, JOB_MAX_POSTS, why))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!check_name("reason", rejected[i]->reason, LINE_MAX_BYTES, why))
            return error_prefix(why, "rejected[%zu]", i);
    }
    return true;
}

bool check_submit_job(const Tp__SubmitJob *message, struct error *why)
{
    return check_uuid("job_id", message->job_id, why) &&
           check_token("tenant_id", message->tenant_id, why) &&
           check_name("user_id", message->user_id, USER_ID_MAX_BYTES, why) &&
           check_set("service_class", message->service_class, why) &&
           check_tasks(message->n_tasks, message->tasks, why) &&
           check_instruction(message->instruction, message->schema_json, why) &&
           check_name_or_empty("idempotency_key", message->idempotency_key, NAME_MAX_BYTES, why) &&
           check_range("body_hash", message->body_hash.len, BODY_HASH_BYTES, BODY_HASH_BYTES,
                       why) &&
           check_uuid_or_empty("upload_id", message->upload_id, why) &&
           check_range("part_count", message->part_count, 0, PARTS_MAX, why) &&
           check_range("total_posts", message->total_posts, 1, JOB_MAX_POSTS, why) &&
           check_posts(message->n_posts, message->posts, message->total_posts, why) &&
           check_rejected(message->n_rejected, message->rejected, why);
}

static bool check_summaries(size_t count, const char *const *summaries, struct error *why)
{
    if (!check_range("summaries", count, 0, SUMMARIES_MAX, why))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!check_length("summary", summaries[i], LINE_MAX_BYTES, why))
            return error_prefix(why, "summaries[%zu]", i);
    }
    return true;
}

static bool check_job_view(const Tp__JobView *job, struct error *why)
{
    return check_uuid("job_id", job->job_id, why) &&
           check_token("tenant_id", job->tenant_id, why) &&
           check_name("user_id", job->user_id, USER_ID_MAX_BYTES, why) &&
           check_set("service_class", job->service_class, why) &&
           check_set("status", job->status, why) && check_present("progress", job->progress, why) &&
           check_length("error", job->error, LINE_MAX_BYTES, why) &&
           check_tasks(job->n_tasks, job->tasks, why) &&
           check_instruction(job->instruction, job->schema_json, why) &&
           check_rejected(job->n_rejected, job->rejected, why) &&
           check_summaries(job->n_summaries, job->summaries, why);
}

static bool check_job_part(const Tp__JobView *job, struct error *why)
{
    if (!check_present("job", job, why))
        return false;
    return check_job_view(job, why) || error_prefix(why, "job");
}

bool check_submit_job_reply(const Tp__SubmitJobReply *message, struct error *why)
{
    return check_uuid("job_id", message->job_id, why) && check_job_part(message->job, why);
}

/* Whose job it is that is asked for. */
static bool check_owner(const char *tenant_id, const char *job_id, struct error *why)
{
    return check_token("tenant_id", tenant_id, why) && check_uuid("job_id", job_id, why);
}

bool check_job_query(const Tp__JobQuery *message, struct error *why)
{
    return check_owner(message->tenant_id, message->job_id, why);
}

bool check_job_reply(const Tp__JobReply *message, struct error *why)
{
    return check_job_part(message->job, why);
}

bool check_jobs_query(const Tp__JobsQuery *message, struct error *why)
{
    return check_token("tenant_id", message->tenant_id, why) &&
           check_name_or_empty("user_id", message->user_id, USER_ID_MAX_BYTES, why) &&
           check_range("statuses", message->n_statuses, 0, TP__JOB_STATUS__EXPIRED, why) &&
           check_uuid_or_empty("before_job_id", message->before_job_id, why) &&
           check_range("limit", message->limit, 1, JOBS_MAX_LIMIT, why);
}

bool check_jobs_reply(const Tp__JobsReply *message, struct error *why)
{
    if (!check_range("jobs", message->n_jobs, 0, JOBS_MAX_LIMIT, why))
        return false;
    for (size_t i = 0; i < message->n_jobs; i++) {
        if (!check_job_view(message->jobs[i], why))
            return error_prefix(why, "jobs[%zu]", i);
    }
    return true;
}

bool check_results_query(const Tp__ResultsQuery *message, struct error *why)
{
    return check_owner(message->tenant_id, message->job_id, why) &&
           check_range("limit", message->limit, 1, RESULTS_MAX_LIMIT, why);
}

static bool check_row(const Tp__ResultRow *row, struct error *why)
{
    return check_range("seq", row->seq, 0, JOB_MAX_POSTS - 1, why) &&
           check_name("post_id", row->post_id, POST_ID_MAX_BYTES, why) &&
           (row->data_json.len == 0 ||
            check_text_bytes("data_json", row->data_json, RESULT_MAX_BYTES, why)) &&
           (row->text.len == 0 || check_text_bytes("text", row->text, POST_MAX_TEXT_BYTES, why)) &&
           check_name_or_empty("model", row->model, NAME_MAX_BYTES, why) &&
           check_name_or_empty("prompt_version", row->prompt_version, NAME_MAX_BYTES, why) &&
           check_length("reason", row->reason, LINE_MAX_BYTES, why);
}

bool check_results_reply(const Tp__ResultsReply *message, struct error *why)
{
    if (!check_set("status", message->status, why) ||
        !check_range("rows", message->n_rows, 0, RESULTS_MAX_LIMIT, why))
        return false;
    for (size_t i = 0; i < message->n_rows; i++) {
        if (!check_row(message->rows[i], why))
            return error_prefix(why, "rows[%zu]", i);
    }
    return true;
}

bool check_chunks_query(const Tp__ChunksQuery *message, struct error *why)
{
    return check_owner(message->tenant_id, message->job_id, why) &&
           check_range("from_chunk", message->from_chunk, 0, JOB_MAX_CHUNKS, why) &&
           check_range("limit", message->limit, 1, CHUNKS_MAX_LIMIT, why);
}

bool check_chunks_reply(const Tp__ChunksReply *message, struct error *why)
{
    if (!check_range("rows", message->n_rows, 0, CHUNKS_MAX_LIMIT, why))
        return false;
    for (size_t i = 0; i < message->n_rows; i++) {
        const Tp__ChunkRow *row = message->rows[i];
        if (!check_set("status", row->status, why) ||
            !check_endpoint_or_empty("endpoint", row->endpoint, why))
            return error_prefix(why, "rows[%zu]", i);
    }
    return true;
}

bool check_cancel_job(const Tp__CancelJob *message, struct error *why)
{
    return check_owner(message->tenant_id, message->job_id, why);
}

bool check_events_query(const Tp__EventsQuery *message, struct error *why)
{
    return check_owner(message->tenant_id, message->job_id, why) &&
           check_range("limit", message->limit, 1, EVENTS_MAX_LIMIT, why);
}

bool check_events_reply(const Tp__EventsReply *message, struct error *why)
{
    if (!check_range("events", message->n_events, 0, EVENTS_MAX_LIMIT, why))
        return false;
    for (size_t i = 0; i < message->n_events; i++) {
        const Tp__JobEvent *event = message->events[i];
        if (!check_version(event->schema_version, why) || !check_job_event(event, why))
            return error_prefix(why, "events[%zu]", i);
    }
    return true;
}

bool check_authenticate(const Tp__Authenticate *message, struct error *why)
{
    return check_range("key_hash", message->key_hash.len, 1, HASH_MAX_BYTES, why);
}

bool check_authenticate_reply(const Tp__AuthenticateReply *message, struct error *why)
{
    return check_token("tenant_id", message->tenant_id, why) &&
           check_name("key_id", message->key_id, NAME_MAX_BYTES, why) &&
           check_name("role", message->role, NAME_MAX_BYTES, why) &&
           check_length("name", message->name, NAME_MAX_BYTES, why);
}
