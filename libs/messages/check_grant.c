#include "messages/checks.h"

enum {
    CURSOR_MAX_BYTES = 200,
    PARTS_MAX = 2,
    LANES_MAX = 1000,
    TOKEN_MAX_NANOS = 1000 * 1000 * 1000, /* a dollar: tokens times prices fit 64 bits */
};

bool check_lease_ask(const Tp__LeaseAsk *message, struct error *why)
{
    return check_name("holder", message->holder, NAME_MAX_BYTES, why) &&
           check_range("life_ms", message->life_ms, message->resign ? 0 : 1, LEASE_MAX_MS, why);
}

bool check_lease_reply(const Tp__LeaseReply *message, struct error *why)
{
    return check_range("left_ms", message->left_ms, 0, LEASE_MAX_MS, why);
}

static bool check_prices(const Tp__BatchItem *item, struct error *why)
{
    return check_endpoint_or_empty("endpoint", item->endpoint, why) &&
           check_range("reserved_micros", item->reserved_micros, 0, CALL_MAX_MICROS, why) &&
           check_range("prompt_nanos", item->prompt_nanos, 0, TOKEN_MAX_NANOS, why) &&
           check_range("completion_nanos", item->completion_nanos, 0, TOKEN_MAX_NANOS, why);
}

static bool check_item(const Tp__BatchItem *item, struct error *why)
{
    if (!check_set("operation", item->operation, why) ||
        !check_place(item->job_id, item->chunk_number, why) ||
        !check_range("lane", item->lane, 0, LANES_MAX, why))
        return false;
    switch (item->operation) {
    case TP__BATCH_OPERATION__GRANT:
        return check_set("mode", item->mode, why) &&
               check_range("lease_ms", item->lease_ms, 1, LEASE_MAX_MS, why) &&
               check_prices(item, why);
    case TP__BATCH_OPERATION__REAP:
    case TP__BATCH_OPERATION__RELEASE:
        return check_attempt(item->attempt, why);
    case TP__BATCH_OPERATION__SPLIT:
        return true;
    case TP__BATCH_OPERATION__NO_OPERATION:
    case _TP__BATCH_OPERATION_IS_INT_SIZE:
        break;
    }
    return check_set("operation", 0, why);
}

bool check_batch(const Tp__Batch *message, struct error *why)
{
    if (!check_name("holder", message->holder, NAME_MAX_BYTES, why) ||
        !check_range("epoch", message->epoch, 1, INT64_MAX, why) ||
        !check_range("sequence", message->sequence, 1, INT64_MAX, why) ||
        !check_range("items", message->n_items, 0, BATCH_MAX_ITEMS, why))
        return false;
    for (size_t i = 0; i < message->n_items; i++) {
        if (!check_item(message->items[i], why))
            return error_prefix(why, "items[%zu]", i);
    }
    return true;
}

static bool check_embedded_dispatch(const Tp__Dispatch *dispatch, struct error *why)
{
    return (check_version(dispatch->schema_version, why) && check_dispatch(dispatch, why)) ||
           error_prefix(why, "dispatch");
}

static bool check_parts(const Tp__BatchItemReply *item, struct error *why)
{
    bool is_split = item->result == TP__BATCH_RESULT__WAS_SPLIT;
    if (!check_range("parts", item->n_parts, is_split ? PARTS_MAX : 0, PARTS_MAX, why))
        return false;
    for (size_t i = 0; i < item->n_parts; i++) {
        if (!check_chunk_state(item->parts[i], why))
            return error_prefix(why, "parts[%zu]", i);
    }
    return true;
}

static bool check_item_reply(const Tp__BatchItemReply *item, struct error *why)
{
    if (!check_set("result", item->result, why))
        return false;
    if (item->result == TP__BATCH_RESULT__GRANTED &&
        !check_present("dispatch", item->dispatch, why))
        return false;
    if (item->result != TP__BATCH_RESULT__GONE && !check_present("chunk", item->chunk, why))
        return false;
    if (item->dispatch != NULL && !check_embedded_dispatch(item->dispatch, why))
        return false;
    if (item->chunk != NULL && !check_chunk_state(item->chunk, why))
        return error_prefix(why, "chunk");
    return check_parts(item, why);
}

bool check_batch_reply(const Tp__BatchReply *message, struct error *why)
{
    if (!check_set("status", message->status, why) ||
        !check_range("items", message->n_items, 0, BATCH_MAX_ITEMS, why))
        return false;
    for (size_t i = 0; i < message->n_items; i++) {
        if (!check_item_reply(message->items[i], why))
            return error_prefix(why, "items[%zu]", i);
    }
    return true;
}

bool check_snapshot_ask(const Tp__SnapshotAsk *message, struct error *why)
{
    return check_name_or_empty("cursor", message->cursor, CURSOR_MAX_BYTES, why);
}

static bool check_jobs(size_t count, Tp__JobState *const *jobs, struct error *why)
{
    for (size_t i = 0; i < count; i++) {
        if (!check_job_state(jobs[i], why))
            return error_prefix(why, "jobs[%zu]", i);
    }
    return true;
}

static bool check_call(const Tp__CallRecord *call, struct error *why)
{
    return check_token("tenant_id", call->tenant_id, why) &&
           check_name_or_empty("user_id", call->user_id, USER_ID_MAX_BYTES, why) &&
           check_uuid_or_empty("job_id", call->job_id, why) &&
           check_endpoint_or_empty("endpoint", call->endpoint, why) &&
           check_range("micros", call->micros, 0, CALL_MAX_MICROS, why);
}

static bool check_spend(const Tp__SpendRecord *spend, struct error *why)
{
    bool is_of_tenant = spend->tenant_id[0] != '\0';
    if (is_of_tenant == (spend->endpoint[0] != '\0'))
        return error_set(why, ERROR_INVALID, "must be of a tenant or of an endpoint");
    if (!check_range("micros", spend->micros, 0, DAY_MAX_MICROS, why))
        return false;
    if (is_of_tenant)
        return check_token("tenant_id", spend->tenant_id, why) &&
               check_name_or_empty("user_id", spend->user_id, USER_ID_MAX_BYTES, why);
    return check_endpoint_or_empty("endpoint", spend->endpoint, why);
}

bool check_snapshot_reply(const Tp__SnapshotReply *message, struct error *why)
{
    for (size_t i = 0; i < message->n_calls; i++) {
        if (!check_call(message->calls[i], why))
            return error_prefix(why, "calls[%zu]", i);
    }
    for (size_t i = 0; i < message->n_spends; i++) {
        if (!check_spend(message->spends[i], why))
            return error_prefix(why, "spends[%zu]", i);
    }
    for (size_t i = 0; i < message->n_ended; i++) {
        if (!check_endpoint_or_empty("endpoint", message->ended[i]->endpoint, why))
            return error_prefix(why, "ended[%zu]", i);
    }
    return check_jobs(message->n_jobs, message->jobs, why) &&
           check_controls(message->n_controls, message->controls, why) &&
           check_name_or_empty("next_cursor", message->next_cursor, CURSOR_MAX_BYTES, why);
}

bool check_changed_ask(const Tp__ChangedAsk *message, struct error *why)
{
    return check_uuid_or_empty("after_job_id", message->after_job_id, why);
}

bool check_changed_reply(const Tp__ChangedReply *message, struct error *why)
{
    return check_jobs(message->n_jobs, message->jobs, why) &&
           check_controls(message->n_controls, message->controls, why) &&
           check_uuid_or_empty("next_job_id", message->next_job_id, why);
}

bool check_job_state_ask(const Tp__JobStateAsk *message, struct error *why)
{
    return check_uuid("job_id", message->job_id, why);
}

bool check_job_state_reply(const Tp__JobStateReply *message, struct error *why)
{
    if (!check_present("job", message->job, why))
        return false;
    return check_job_state(message->job, why) || error_prefix(why, "job");
}
