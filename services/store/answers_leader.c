/* The questions of the leading scheduler: proto/grant.proto. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/uuid.h"
#include "questions.h"

enum {
    JOBS_PER_PAGE = 500,
    CHUNKS_PER_PAGE = 6000, /* of some 60 bytes each */
    CALLS_PER_PAGE = 8000,
    WINDOW_MS = 120 * 1000,
};
#define FIRST_JOB "00000000-0000-0000-0000-000000000000"

static const struct statement TAKE_LEASE = {"take_lease", "select * from take_lease($1, $2, $3)"};
static const struct statement RUN_BATCH = {
    "run_batch", "select b.status, b.item, b.result, b.job_status, b.now_us, b.chunk, b.parts,"
                 " b.tenant_id, b.user_id, b.service_class, b.tasks, b.attempt, b.endpoint, b.seqs,"
                 " b.ids, b.texts, b.languages, (b.event).*"
                 " from run_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,"
                 " $15, $16, $17) b"};
static const struct statement SNAPSHOT_JOBS = {
    "snapshot_jobs",
    "select s.is_fenced, s.now_us, s.has_more, (s.state).* from snapshot_jobs($1, $2, $3, $4) s"};
static const struct statement SNAPSHOT_CALLS = {"snapshot_calls",
                                                "select * from snapshot_calls($1, $2, $3, $4, $5)"};
static const struct statement CHANGED_JOBS = {
    "changed_jobs", "select s.now_us, s.has_more, (s.state).* from changed_jobs($1, $2, $3, $4) s"};
static const struct statement JOB_STATE = {
    "job_state", "select s.now_us, (s.state).* from read_job_state($1) s"};

bool answer_lease(struct desk *desk, struct bytes ask, struct bytes *reply, struct error *why)
{
    const Tp__LeaseAsk *asked;
    if (!unpack_lease_ask(desk->asked, ask, &asked, why))
        return false;
    struct params params = params_begin(desk->arena);
    params_text(&params, asked->holder);
    params_int8(&params, asked->life_ms);
    params_bool(&params, asked->resign);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &TAKE_LEASE, &params, &rows, why))
        return false;
    struct cells cells = rows_at(&rows, 0, desk->arena);
    Tp__LeaseReply said = TP__LEASE_REPLY__INIT;
    said.schema_version = SCHEMA_VERSION;
    said.is_held = cell_int(&cells) == 1;
    said.epoch = (uint64_t)cell_int(&cells);
    said.left_ms = (uint32_t)cell_int(&cells);
    *reply = pack_lease_reply(desk->arena, &said);
    return true;
}

/* ---- batches ---- */

static void params_prices(struct params *params, const Tp__Batch *batch)
{
    struct array *endpoints = array_new(params->arena, ELEMENT_TEXT);
    struct array *reserved = array_new(params->arena, ELEMENT_INT8);
    struct array *prompt = array_new(params->arena, ELEMENT_INT4);
    struct array *completion = array_new(params->arena, ELEMENT_INT4);
    for (size_t i = 0; i < batch->n_items; i++) {
        const Tp__BatchItem *item = batch->items[i];
        array_add_text(endpoints, item->endpoint);
        array_add_int(reserved, (int64_t)item->reserved_micros);
        array_add_int(prompt, (int64_t)item->prompt_nanos);
        array_add_int(completion, (int64_t)item->completion_nanos);
    }
    params_array(params, endpoints);
    params_array(params, reserved);
    params_array(params, prompt);
    params_array(params, completion);
}

static void params_items(struct params *params, const Tp__Batch *batch)
{
    struct arena *arena = params->arena;
    struct array *operations = array_new(arena, ELEMENT_INT2);
    struct array *jobs = array_new(arena, ELEMENT_UUID);
    struct array *chunks = array_new(arena, ELEMENT_INT4);
    struct array *attempts = array_new(arena, ELEMENT_INT4);
    struct array *charged = array_new(arena, ELEMENT_BOOL);
    struct array *modes = array_new(arena, ELEMENT_INT2);
    struct array *reserved = array_new(arena, ELEMENT_INT4);
    struct array *leases_ms = array_new(arena, ELEMENT_INT4);
    struct array *lanes = array_new(arena, ELEMENT_INT4);
    struct array *degraded = array_new(arena, ELEMENT_BOOL);
    for (size_t i = 0; i < batch->n_items; i++) {
        const Tp__BatchItem *item = batch->items[i];
        array_add_int(operations, item->operation);
        array_add_uuid(jobs, item->job_id);
        array_add_int(chunks, item->chunk_number);
        array_add_int(attempts, item->attempt);
        array_add_int(charged, item->is_charged);
        array_add_int(modes, item->mode);
        array_add_int(reserved, item->reserved_tokens);
        array_add_int(leases_ms, item->lease_ms);
        array_add_int(lanes, item->lane);
        array_add_int(degraded, item->is_degraded);
    }
    struct array *const in_order[] = {operations, jobs,     chunks,    attempts, charged,
                                      modes,      reserved, leases_ms, lanes};
    for (size_t i = 0; i < sizeof in_order / sizeof in_order[0]; i++)
        params_array(params, in_order[i]);
    params_prices(params, batch);
    params_array(params, degraded);
}

static bool read_lines(struct desk *desk, struct rows *rows, const Tp__Batch *batch,
                       Tp__BatchReply *said, struct error *why)
{
    said->items = arena_array(desk->arena, Tp__BatchItemReply *, batch->n_items);
    for (int row = 0; row < rows->count; row++) {
        struct cells cells = rows_at(rows, row, desk->arena);
        said->status = (Tp__BatchStatus)cell_int(&cells);
        size_t place = (size_t)cell_int(&cells);
        if (place == 0)
            return true; /* fenced or old: there are no items */
        CHECK(place == (size_t)row + 1 && place <= batch->n_items);
        said->items[said->n_items++] = read_batch_line(&cells, batch->items[row], batch->epoch);
        const Tp__JobEvent *event = read_event(&cells);
        if (event != NULL)
            made_events_add(&desk->made, event, desk->arena);
    }
    return said->n_items == batch->n_items ||
           error_set(why, ERROR_CONFLICT, "batch %" PRIu64 " was answered with %zu items, not %zu",
                     batch->sequence, said->n_items, batch->n_items);
}

bool answer_batch(struct desk *desk, struct bytes ask, struct bytes *reply, struct error *why)
{
    const Tp__Batch *batch;
    if (!unpack_batch(desk->asked, ask, &batch, why))
        return false;
    struct params params = params_begin(desk->arena);
    params_text(&params, batch->holder);
    params_int8(&params, (int64_t)batch->epoch);
    params_int8(&params, (int64_t)batch->sequence);
    params_items(&params, batch);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &RUN_BATCH, &params, &rows, why))
        return false;
    Tp__BatchReply said = TP__BATCH_REPLY__INIT;
    said.schema_version = SCHEMA_VERSION;
    said.status = TP__BATCH_STATUS__ANSWERED; /* an empty batch has no rows */
    if (!read_lines(desk, &rows, batch, &said, why))
        return false;
    *reply = pack_batch_reply(desk->arena, &said);
    return true;
}

/* ---- reading ---- */

static bool snapshot_jobs(struct desk *desk, uint64_t epoch, const char *after,
                          Tp__SnapshotReply *said, struct error *why)
{
    struct params params = params_begin(desk->arena);
    params_int8(&params, (int64_t)epoch);
    params_uuid(&params, after);
    params_int4(&params, JOBS_PER_PAGE);
    params_int4(&params, CHUNKS_PER_PAGE);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &SNAPSHOT_JOBS, &params, &rows, why))
        return false;
    said->jobs = arena_array(desk->arena, Tp__JobState *, (size_t)rows.count);
    said->next_cursor = "c:0:0";
    for (int row = 0; row < rows.count; row++) {
        struct cells cells = rows_at(&rows, row, desk->arena);
        said->is_fenced = cell_int(&cells) == 1;
        said->now_us = cell_int(&cells);
        bool has_more = cell_int(&cells) == 1;
        if (cell_is_null(&cells))
            break;
        Tp__JobState *job = read_job_state(&cells, said->now_us);
        said->jobs[said->n_jobs++] = job;
        if (has_more)
            said->next_cursor = arena_format(desk->arena, "j:%s", job->job_id);
    }
    if (said->is_fenced)
        said->next_cursor = "";
    return true;
}

static bool snapshot_calls(struct desk *desk, uint64_t epoch, int64_t after_us, int64_t after_call,
                           Tp__SnapshotReply *said, struct error *why)
{
    struct params params = params_begin(desk->arena);
    params_int8(&params, (int64_t)epoch);
    params_int8(&params, after_us);
    params_int8(&params, after_call);
    params_int8(&params, WINDOW_MS);
    params_int4(&params, CALLS_PER_PAGE);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &SNAPSHOT_CALLS, &params, &rows, why))
        return false;
    said->calls = arena_array(desk->arena, Tp__CallRecord *, (size_t)rows.count);
    for (int row = 0; row < rows.count; row++) {
        struct cells cells = rows_at(&rows, row, desk->arena);
        said->is_fenced = cell_int(&cells) == 1;
        if (said->is_fenced)
            return true;
        said->now_us = cell_int(&cells);
        after_us = cell_int(&cells);
        after_call = cell_int(&cells);
        Tp__CallRecord *call = arena_new(desk->arena, sizeof *call);
        *call = (Tp__CallRecord)TP__CALL_RECORD__INIT;
        call->epoch = (uint64_t)cell_int(&cells);
        call->granted_in_ms = (int32_t)cell_int(&cells);
        call->lease_in_ms = (int32_t)cell_int(&cells);
        call->is_settled = cell_int(&cells) == 1;
        call->settled_in_ms = (int32_t)cell_int(&cells);
        call->tokens = (uint32_t)cell_int(&cells);
        call->tenant_id = cell_text(&cells);
        said->calls[said->n_calls++] = call;
    }
    if (rows.count == CALLS_PER_PAGE)
        said->next_cursor =
            arena_format(desk->arena, "c:%" PRId64 ":%" PRId64, after_us, after_call);
    return true;
}

/* The cursor: nothing, then "j:<last job>" for each page of jobs, then "c:<grant>:<call>". */
bool answer_snapshot(struct desk *desk, struct bytes ask, struct bytes *reply, struct error *why)
{
    const Tp__SnapshotAsk *asked;
    if (!unpack_snapshot_ask(desk->asked, ask, &asked, why))
        return false;
    Tp__SnapshotReply said = TP__SNAPSHOT_REPLY__INIT;
    said.schema_version = SCHEMA_VERSION;
    int64_t after_us, after_call;
    const char *cursor = asked->cursor;
    bool is_read;
    if (cursor[0] == '\0')
        is_read = snapshot_jobs(desk, asked->epoch, FIRST_JOB, &said, why);
    else if (strncmp(cursor, "j:", 2) == 0 && uuid_is_valid(cursor + 2))
        is_read = snapshot_jobs(desk, asked->epoch, cursor + 2, &said, why);
    else if (sscanf(cursor, "c:%" SCNd64 ":%" SCNd64, &after_us, &after_call) == 2)
        is_read = snapshot_calls(desk, asked->epoch, after_us, after_call, &said, why);
    else
        return error_set(why, ERROR_INVALID, "no such cursor");
    if (is_read)
        *reply = pack_snapshot_reply(desk->arena, &said);
    return is_read;
}

/* In the order of job ids, so that a job which changes between two pages cannot be skipped: it has
 * a later stamp than the first page's time. A further page therefore repeats the asker's time and
 * does not move it on. */
bool answer_changed(struct desk *desk, struct bytes ask, struct bytes *reply, struct error *why)
{
    const Tp__ChangedAsk *asked;
    if (!unpack_changed_ask(desk->asked, ask, &asked, why))
        return false;
    bool is_first = asked->after_job_id[0] == '\0';
    struct params params = params_begin(desk->arena);
    params_int8(&params, asked->since_us);
    params_uuid(&params, is_first ? FIRST_JOB : asked->after_job_id);
    params_int4(&params, JOBS_PER_PAGE);
    params_int4(&params, CHUNKS_PER_PAGE);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &CHANGED_JOBS, &params, &rows, why))
        return false;
    Tp__ChangedReply said = TP__CHANGED_REPLY__INIT;
    said.schema_version = SCHEMA_VERSION;
    said.jobs = arena_array(desk->arena, Tp__JobState *, (size_t)rows.count);
    for (int row = 0; row < rows.count; row++) {
        struct cells cells = rows_at(&rows, row, desk->arena);
        int64_t now_us = cell_int(&cells);
        said.now_us = is_first ? now_us : asked->since_us;
        bool has_more = cell_int(&cells) == 1;
        if (cell_is_null(&cells))
            break;
        Tp__JobState *job = read_job_state(&cells, now_us);
        said.jobs[said.n_jobs++] = job;
        if (has_more)
            said.next_job_id = job->job_id;
    }
    *reply = pack_changed_reply(desk->arena, &said);
    return true;
}

bool answer_job_state(struct desk *desk, struct bytes ask, struct bytes *reply, struct error *why)
{
    const Tp__JobStateAsk *asked;
    if (!unpack_job_state_ask(desk->asked, ask, &asked, why))
        return false;
    struct params params = params_begin(desk->arena);
    params_uuid(&params, asked->job_id);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &JOB_STATE, &params, &rows, why))
        return false;
    if (rows.count == 0)
        return error_set(why, ERROR_NOT_FOUND, "no such job");
    struct cells cells = rows_at(&rows, 0, desk->arena);
    Tp__JobStateReply said = TP__JOB_STATE_REPLY__INIT;
    said.schema_version = SCHEMA_VERSION;
    int64_t now_us = cell_int(&cells);
    said.job = read_job_state(&cells, now_us);
    *reply = pack_job_state_reply(desk->arena, &said);
    return true;
}
