/* What the leading scheduler must know: proto/grant.proto. Each page stays well under the message
 * limit. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "questions.h"

enum {
    JOBS_PER_PAGE = 500,
    CHUNKS_PER_PAGE = 6000,  /* of some 60 bytes each */
    CALLS_PER_PAGE = 2000,   /* of some 400 bytes each at most, as the following */
    SPENDS_PER_PAGE = 2500,  /* 300 */
    CONTROLS_PER_PAGE = 500, /* 1300 */
    ENDED_CALLS_MAX = 6000,  /* 110 */
    CONTROLS_BESIDE_JOBS = 150,
    ASKED = 7, /* numbers in llm_calls.asked */
};
#define FIRST_JOB "00000000-0000-0000-0000-000000000000"
/* Begins what continues a page of changed controls, where else a job's id stands; no job has it. */
#define AFTER_CONTROL "ffffffff-ffff-ffff-"

static const struct statement SNAPSHOT_JOBS = {
    "snapshot_jobs",
    "select s.is_fenced, s.now_us, s.has_more, (s.state).* from snapshot_jobs($1, $2, $3, $4) s"};
static const struct statement SNAPSHOT_CALLS = {"snapshot_calls",
                                                "select * from snapshot_calls($1, $2, $3, $4, $5)"};
static const struct statement SNAPSHOT_SPENDS = {"snapshot_spends",
                                                 "select * from snapshot_spends($1, $2, $3, $4)"};
static const struct statement SNAPSHOT_CONTROLS = {
    "snapshot_controls", "select s.is_fenced, r.* from snapshot_controls($1, $2, $3) s"
                         " left join lateral control_row(s.control) r on true order by r.version"};
static const struct statement SNAPSHOT_ENDED = {"snapshot_ended",
                                                "select * from snapshot_ended($1, $2)"};
static const struct statement CHANGED_JOBS = {
    "changed_jobs", "select s.now_us, s.has_more, (s.state).* from changed_jobs($1, $2, $3, $4) s"};
static const struct statement CHANGED_CONTROLS = {
    "changed_controls",
    "select r.* from changed_controls($1, $2, $3) c, control_row(c) r order by r.version"};
static const struct statement JOB_STATE = {
    "job_state", "select s.now_us, (s.state).* from read_job_state($1) s"};

/* ---- the snapshot: jobs, then controls, which say whose calls are counted; calls, spends, and
 * calls that have ended ---- */

/* A page to be read: whose leader asks, and how far it has read. */
struct page {
    struct desk *desk;
    uint64_t epoch;
    const char *after_job;
    int64_t at_us, after_us, after_call; /* calls; at_us also of what was spent */
    const char *after_place;             /* of what was spent */
    uint64_t after_version;              /* of controls */
};

static bool read_jobs(const struct page *page, Tp__SnapshotReply *said, struct error *why)
{
    struct desk *desk = page->desk;
    struct params params = params_begin(desk->arena);
    params_int8(&params, (int64_t)page->epoch);
    params_uuid(&params, page->after_job);
    params_int4(&params, JOBS_PER_PAGE);
    params_int4(&params, CHUNKS_PER_PAGE);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &SNAPSHOT_JOBS, &params, &rows, why))
        return false;
    said->jobs = arena_array(desk->arena, Tp__JobState *, (size_t)rows.count);
    said->next_cursor = "k:0";
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
    return true;
}

static Tp__CallRecord *read_call(struct cells *cells)
{
    Tp__CallRecord *call = arena_new(cells->arena, sizeof *call);
    *call = (Tp__CallRecord)TP__CALL_RECORD__INIT;
    call->epoch = (uint64_t)cell_int(cells);
    call->granted_in_ms = (int32_t)cell_int(cells);
    call->lease_in_ms = (int32_t)cell_int(cells);
    call->is_settled = cell_int(cells) == 1;
    call->settled_in_ms = (int32_t)cell_int(cells);
    call->tokens = (uint32_t)cell_int(cells);
    call->micros = (uint64_t)cell_int(cells);
    call->tenant_id = cell_text(cells);
    call->job_id = cell_uuid(cells);
    call->chunk_number = (uint32_t)cell_int(cells);
    call->attempt = (uint32_t)cell_int(cells);
    call->endpoint = cell_text(cells);
    call->outcome_class = (Tp__OutcomeClass)cell_int(cells);
    call->was_called = cell_int(cells) == 1;
    call->user_id = cell_text(cells);
    return call;
}

static bool read_calls(const struct page *page, Tp__SnapshotReply *said, struct error *why)
{
    struct desk *desk = page->desk;
    struct params params = params_begin(desk->arena);
    params_int8(&params, (int64_t)page->epoch);
    params_int8(&params, page->at_us);
    params_int8(&params, page->after_us);
    params_int8(&params, page->after_call);
    params_int4(&params, CALLS_PER_PAGE);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &SNAPSHOT_CALLS, &params, &rows, why))
        return false;
    said->calls = arena_array(desk->arena, Tp__CallRecord *, (size_t)rows.count);
    int64_t at_us = 0, after_us = 0, after_call = 0;
    for (int row = 0; row < rows.count; row++) {
        struct cells cells = rows_at(&rows, row, desk->arena);
        said->is_fenced = cell_int(&cells) == 1;
        at_us = cell_int(&cells);
        if (cell_is_null(&cells))
            break;
        after_us = cell_int(&cells);
        after_call = cell_int(&cells);
        said->calls[said->n_calls++] = read_call(&cells);
    }
    said->next_cursor = said->n_calls == CALLS_PER_PAGE
                            ? arena_format(desk->arena, "c:%" PRId64 ":%" PRId64 ":%" PRId64, at_us,
                                           after_us, after_call)
                            : arena_format(desk->arena, "s:%" PRId64 ":", at_us);
    return true;
}

static bool read_spends(const struct page *page, Tp__SnapshotReply *said, struct error *why)
{
    struct desk *desk = page->desk;
    struct params params = params_begin(desk->arena);
    params_int8(&params, (int64_t)page->epoch);
    params_int8(&params, page->at_us);
    params_text(&params, page->after_place);
    params_int4(&params, SPENDS_PER_PAGE);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &SNAPSHOT_SPENDS, &params, &rows, why))
        return false;
    said->spends = arena_array(desk->arena, Tp__SpendRecord *, (size_t)rows.count);
    const char *place = "";
    for (int row = 0; row < rows.count; row++) {
        struct cells cells = rows_at(&rows, row, desk->arena);
        said->is_fenced = cell_int(&cells) == 1;
        if (cell_is_null(&cells))
            break;
        place = cell_text(&cells);
        Tp__SpendRecord *spend = arena_new(desk->arena, sizeof *spend);
        *spend = (Tp__SpendRecord)TP__SPEND_RECORD__INIT;
        spend->tenant_id = cell_text(&cells);
        spend->user_id = cell_text(&cells);
        spend->endpoint = cell_text(&cells);
        spend->ended_ago_ms = (uint32_t)cell_int(&cells);
        spend->micros = (uint64_t)cell_int(&cells);
        said->spends[said->n_spends++] = spend;
    }
    said->next_cursor = said->n_spends == SPENDS_PER_PAGE
                            ? arena_format(desk->arena, "s:%" PRId64 ":%s", page->at_us, place)
                            : "e:";
    return true;
}

static bool read_controls(const struct page *page, Tp__SnapshotReply *said, struct error *why)
{
    struct desk *desk = page->desk;
    struct params params = params_begin(desk->arena);
    params_int8(&params, (int64_t)page->epoch);
    params_int8(&params, (int64_t)page->after_version);
    params_int4(&params, CONTROLS_PER_PAGE);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &SNAPSHOT_CONTROLS, &params, &rows, why))
        return false;
    said->controls = arena_array(desk->arena, Tp__Control *, (size_t)rows.count);
    for (int row = 0; row < rows.count; row++) {
        struct cells cells = rows_at(&rows, row, desk->arena);
        said->is_fenced = cell_int(&cells) == 1;
        if (cell_is_null(&cells))
            break;
        said->controls[said->n_controls++] = read_control(&cells);
    }
    said->next_cursor =
        said->n_controls == CONTROLS_PER_PAGE
            ? arena_format(desk->arena, "k:%" PRIu64, said->controls[said->n_controls - 1]->version)
            : "c:0:0:0";
    return true;
}

static Tp__ServerLimits *read_server_limits(struct arena *arena, const int64_t *asked)
{
    Tp__ServerLimits *limits = arena_new(arena, sizeof *limits);
    *limits = (Tp__ServerLimits)TP__SERVER_LIMITS__INIT;
    limits->requests = (uint32_t)asked[0];
    limits->has_requests_left = asked[1] >= 0;
    limits->requests_left = limits->has_requests_left ? (uint32_t)asked[1] : 0;
    limits->requests_reset_ms = (uint32_t)asked[2];
    limits->tokens = (uint32_t)asked[3];
    limits->has_tokens_left = asked[4] >= 0;
    limits->tokens_left = limits->has_tokens_left ? (uint32_t)asked[4] : 0;
    limits->tokens_reset_ms = (uint32_t)asked[5];
    return limits;
}

static Tp__EndedCall *read_ended_call(struct cells *cells)
{
    int64_t *asked;
    Tp__EndedCall *call = arena_new(cells->arena, sizeof *call);
    *call = (Tp__EndedCall)TP__ENDED_CALL__INIT;
    call->endpoint = cell_text(cells);
    call->granted_ago_ms = (uint32_t)cell_int(cells);
    call->settled_ago_ms = (uint32_t)cell_int(cells);
    call->outcome_class = (Tp__OutcomeClass)cell_int(cells);
    call->was_called = cell_int(cells) == 1;
    call->is_probe = cell_int(cells) == 1;
    call->tokens = (uint32_t)cell_int(cells);
    if (cell_is_null(cells) || cell_ints(cells, &asked) != ASKED)
        return call;
    call->retry_after_ms = (uint32_t)asked[0];
    call->server_limits = read_server_limits(cells->arena, asked + 1);
    return call;
}

static bool read_ended(const struct page *page, Tp__SnapshotReply *said, struct error *why)
{
    struct desk *desk = page->desk;
    struct params params = params_begin(desk->arena);
    params_int8(&params, (int64_t)page->epoch);
    params_int4(&params, ENDED_CALLS_MAX);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &SNAPSHOT_ENDED, &params, &rows, why))
        return false;
    said->ended = arena_array(desk->arena, Tp__EndedCall *, (size_t)rows.count);
    for (int row = 0; row < rows.count; row++) {
        struct cells cells = rows_at(&rows, row, desk->arena);
        said->is_fenced = cell_int(&cells) == 1;
        if (cell_is_null(&cells))
            break;
        said->ended[said->n_ended++] = read_ended_call(&cells);
    }
    return true;
}

typedef bool read_function(const struct page *page, Tp__SnapshotReply *said, struct error *why);

/* The cursor: nothing, then "j:<last job>" for each page of jobs, "k:<version>" of controls,
 * "c:<time>:<grant>:<call>" of calls, "s:<time>:<place>" of what was spent, "e:" of calls that have
 * ended. NULL if it is none. */
static read_function *read_cursor(const char *cursor, struct page *page)
{
    int end = 0;
    if (cursor[0] == '\0') {
        page->after_job = FIRST_JOB;
        return read_jobs;
    }
    if (strncmp(cursor, "j:", 2) == 0 && uuid_is_valid(cursor + 2)) {
        page->after_job = cursor + 2;
        return read_jobs;
    }
    if (sscanf(cursor, "c:%" SCNd64 ":%" SCNd64 ":%" SCNd64, &page->at_us, &page->after_us,
               &page->after_call) == 3)
        return read_calls;
    if (sscanf(cursor, "s:%" SCNd64 ":%n", &page->at_us, &end) == 1 && end > 0) {
        page->after_place = cursor + end;
        return read_spends;
    }
    if (strcmp(cursor, "e:") == 0)
        return read_ended;
    return sscanf(cursor, "k:%" SCNu64, &page->after_version) == 1 ? read_controls : NULL;
}

bool answer_snapshot(struct desk *desk, struct bytes ask, struct bytes *reply, struct error *why)
{
    const Tp__SnapshotAsk *asked;
    if (!unpack_snapshot_ask(desk->asked, ask, &asked, why))
        return false;
    struct page page = {.desk = desk, .epoch = asked->epoch};
    read_function *read = read_cursor(asked->cursor, &page);
    if (read == NULL)
        return error_set(why, ERROR_INVALID, "no such cursor");
    Tp__SnapshotReply said = TP__SNAPSHOT_REPLY__INIT;
    said.schema_version = SCHEMA_VERSION;
    if (!read(&page, &said, why))
        return false;
    if (said.is_fenced)
        said.next_cursor = "";
    *reply = pack_snapshot_reply(desk->arena, &said);
    return true;
}

/* ---- what changed ---- */

/* In the order of job ids, so that a job which changes between two pages cannot be skipped: it has
 * a later stamp than the first page's time. A further page therefore repeats the asker's time and
 * does not move it on. */
static bool changed_jobs(struct desk *desk, const Tp__ChangedAsk *asked, Tp__ChangedReply *said,
                         struct error *why)
{
    bool is_first = asked->after_job_id[0] == '\0';
    struct params params = params_begin(desk->arena);
    params_int8(&params, asked->since_us);
    params_uuid(&params, is_first ? FIRST_JOB : asked->after_job_id);
    params_int4(&params, JOBS_PER_PAGE);
    params_int4(&params, CHUNKS_PER_PAGE);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &CHANGED_JOBS, &params, &rows, why))
        return false;
    said->jobs = arena_array(desk->arena, Tp__JobState *, (size_t)rows.count);
    for (int row = 0; row < rows.count; row++) {
        struct cells cells = rows_at(&rows, row, desk->arena);
        int64_t now_us = cell_int(&cells);
        if (is_first)
            said->now_us = now_us;
        bool has_more = cell_int(&cells) == 1;
        if (cell_is_null(&cells))
            break;
        Tp__JobState *job = read_job_state(&cells, now_us);
        said->jobs[said->n_jobs++] = job;
        if (has_more)
            said->next_job_id = job->job_id;
    }
    return true;
}

static bool changed_controls(struct desk *desk, int64_t since_us, uint64_t after_version,
                             Tp__ChangedReply *said, struct error *why)
{
    struct params params = params_begin(desk->arena);
    params_int8(&params, since_us);
    params_int8(&params, (int64_t)after_version);
    params_int4(&params, CONTROLS_BESIDE_JOBS);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &CHANGED_CONTROLS, &params, &rows, why))
        return false;
    said->n_controls = (size_t)rows.count;
    said->controls = arena_array(desk->arena, Tp__Control *, said->n_controls);
    for (size_t i = 0; i < said->n_controls; i++) {
        struct cells cells = rows_at(&rows, (int)i, desk->arena);
        said->controls[i] = read_control(&cells);
    }
    if (said->n_controls < CONTROLS_BESIDE_JOBS)
        return true;
    uint64_t last = said->controls[said->n_controls - 1]->version;
    said->next_job_id = arena_format(desk->arena, AFTER_CONTROL "%04" PRIx64 "-%012" PRIx64,
                                     last >> 48, last & 0xFFFFFFFFFFFF);
    return true;
}

/* Is it a page of controls, after the jobs? */
static bool is_after_control(const char *after, uint64_t *version)
{
    uint64_t high, low;
    if (strncmp(after, AFTER_CONTROL, strlen(AFTER_CONTROL)) != 0 ||
        sscanf(after + strlen(AFTER_CONTROL), "%4" SCNx64 "-%12" SCNx64, &high, &low) != 2)
        return false;
    *version = high << 48 | low;
    return true;
}

bool answer_changed(struct desk *desk, struct bytes ask, struct bytes *reply, struct error *why)
{
    const Tp__ChangedAsk *asked;
    if (!unpack_changed_ask(desk->asked, ask, &asked, why))
        return false;
    Tp__ChangedReply said = TP__CHANGED_REPLY__INIT;
    said.schema_version = SCHEMA_VERSION;
    said.now_us = asked->since_us;
    uint64_t after_version = 0;
    if (!is_after_control(asked->after_job_id, &after_version) &&
        !changed_jobs(desk, asked, &said, why))
        return false;
    if (said.next_job_id[0] == '\0' &&
        !changed_controls(desk, asked->since_us, after_version, &said, why))
        return false;
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
