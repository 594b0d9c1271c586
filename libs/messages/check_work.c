#include "messages/checks.h"

static bool check_post(const Tp__Post *post, struct error *why)
{
    return check_range("seq", post->seq, 0, JOB_MAX_POSTS - 1, why) &&
           check_name("id", post->id, POST_ID_MAX_BYTES, why) &&
           check_text_bytes("text", post->text, POST_MAX_TEXT_BYTES, why) &&
           check_name_or_empty("language", post->language, TOKEN_MAX_BYTES, why) &&
           check_range("chunk_number", post->chunk_number, 0, JOB_MAX_CHUNKS, why);
}

bool check_posts(size_t count, Tp__Post *const *posts, size_t max_count, struct error *why)
{
    if (!check_range("posts", count, 0, max_count, why))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!check_post(posts[i], why))
            return error_prefix(why, "posts[%zu]", i);
    }
    return true;
}

static bool check_chunk_text(const Tp__Dispatch *dispatch, struct error *why)
{
    size_t bytes = 0;
    for (size_t i = 0; i < dispatch->n_posts; i++)
        bytes += dispatch->posts[i]->text.len;
    return check_range("bytes of text", bytes, 0, CHUNK_MAX_TEXT_BYTES, why);
}

bool check_dispatch(const Tp__Dispatch *message, struct error *why)
{
    return check_place(message->job_id, message->chunk_number, why) &&
           check_attempt(message->attempt, why) &&
           check_token("tenant_id", message->tenant_id, why) &&
           check_name("user_id", message->user_id, USER_ID_MAX_BYTES, why) &&
           check_set("service_class", message->service_class, why) &&
           check_set("mode", message->mode, why) &&
           check_tasks(message->n_tasks, message->tasks, why) &&
           check_range("posts", message->n_posts, 1, CHUNK_MAX_POSTS, why) &&
           check_posts(message->n_posts, message->posts, CHUNK_MAX_POSTS, why) &&
           check_chunk_text(message, why) &&
           check_range("lease_ms", message->lease_ms, 1, LEASE_MAX_MS, why) &&
           check_endpoint_or_empty("endpoint", message->endpoint, why) &&
           check_instruction(message->instruction, message->schema_json, why);
}

bool check_cache_key(ProtobufCBinaryData key, struct error *why)
{
    return check_range("bytes of cache_key", key.len, CACHE_KEY_BYTES, CACHE_KEY_BYTES, why);
}

bool check_result(const Tp__PostResult *result, struct error *why)
{
    if (!(result->confidence >= 0 && result->confidence <= 1))
        return error_set(why, ERROR_INVALID, "confidence: must be 0 to 1");
    return check_range("seq", result->seq, 0, JOB_MAX_POSTS - 1, why) &&
           check_text_bytes("data_json", result->data_json, RESULT_MAX_BYTES, why) &&
           check_set("provenance", result->provenance, why) &&
           check_name_or_empty("model", result->model, NAME_MAX_BYTES, why) &&
           check_name_or_empty("prompt_version", result->prompt_version, NAME_MAX_BYTES, why) &&
           (result->cache_key.len == 0 || check_cache_key(result->cache_key, why));
}

static bool check_missing(const Tp__MissingPost *missing, struct error *why)
{
    return check_range("seq", missing->seq, 0, JOB_MAX_POSTS - 1, why) &&
           check_name("reason", missing->reason, NAME_MAX_BYTES, why);
}

static bool check_answers(const Tp__Outcome *outcome, struct error *why)
{
    if (!check_range("results", outcome->n_results, 0, CHUNK_MAX_POSTS, why) ||
        !check_range("missing", outcome->n_missing, 0, CHUNK_MAX_POSTS, why))
        return false;
    for (size_t i = 0; i < outcome->n_results; i++) {
        if (!check_result(outcome->results[i], why))
            return error_prefix(why, "results[%zu]", i);
    }
    for (size_t i = 0; i < outcome->n_missing; i++) {
        if (!check_missing(outcome->missing[i], why))
            return error_prefix(why, "missing[%zu]", i);
    }
    return true;
}

static bool check_server_limits(const Tp__ServerLimits *limits, struct error *why)
{
    if (limits == NULL)
        return true;
    return (check_range("requests_reset_ms", limits->requests_reset_ms, 0, DAY_MS, why) &&
            check_range("tokens_reset_ms", limits->tokens_reset_ms, 0, DAY_MS, why)) ||
           error_prefix(why, "server_limits");
}

bool check_outcome(const Tp__Outcome *message, struct error *why)
{
    return check_place(message->job_id, message->chunk_number, why) &&
           check_attempt(message->attempt, why) &&
           check_name("instance_id", message->instance_id, NAME_MAX_BYTES, why) &&
           check_token("tenant_id", message->tenant_id, why) &&
           check_name("user_id", message->user_id, USER_ID_MAX_BYTES, why) &&
           check_set("outcome_class", message->outcome_class, why) && check_answers(message, why) &&
           check_present("usage", message->usage, why) &&
           check_length("summary", message->summary, LINE_MAX_BYTES, why) &&
           check_length("detail", message->detail, LINE_MAX_BYTES, why) &&
           check_set("mode", message->mode, why) &&
           check_endpoint_or_empty("endpoint", message->endpoint, why) &&
           check_name_or_empty("model", message->model, NAME_MAX_BYTES, why) &&
           check_server_limits(message->server_limits, why);
}
