/* The questions of those who serve clients: proto/job.proto. */
#include <stdio.h>

#include "base/check.h"
#include "cached_jobs.h"
#include "questions.h"

enum {
    RESULTS_MAX_REPLY_BYTES = 800 * 1000, /* leaves room for the framing below MESSAGE_MAX_BYTES */
    JOB_LIFE_S = 600,
    RESULTS_LIFE_S = 300,
    PRINCIPAL_LIFE_S = 30, /* so long a revoked key may still be let in */
};

static const struct statement SUBMIT_PART = {"submit_part",
                                             "select from submit_part($1, $2, $3, $4, $5, $6, $7)"};
static const struct statement SUBMIT_JOB = {
    "submit_job",
    "select s.job_id, s.is_replay, (s.event).* from submit_job($1, $2, $3, $4, $5,"
    " $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,"
    " $24) s"};
static const struct statement JOB = {"job",
                                     "select r.* from find_job($1, $2) j, job_row(j, true) r"};
static const struct statement JOBS = {
    "jobs", "select r.* from list_jobs($1, $2, $3, $4, $5) j, job_row(j, false) r"
            " order by r.job_id desc"};
static const struct statement RESULTS = {"results",
                                         "select * from read_results($1, $2, $3, $4, $5)"};
static const struct statement CANCEL = {"cancel", "select * from cancel_job($1, $2)"};
static const struct statement EVENTS = {"events", "select * from read_events($1, $2, $3, $4)"};
static const struct statement AUTHENTICATE = {"authenticate", "select * from authenticate($1)"};

static struct bytes bytes_of(ProtobufCBinaryData data)
{
    return (struct bytes){data.data, data.len};
}

/* Posts as five parallel arrays, in the order of submit_part() and submit_job(). */
static void params_posts(struct params *params, Tp__Post *const *posts, size_t count)
{
    struct arena *arena = params->arena;
    struct array *seqs = array_new(arena, ELEMENT_INT4);
    struct array *ids = array_new(arena, ELEMENT_TEXT);
    struct array *texts = array_new(arena, ELEMENT_TEXT);
    struct array *languages = array_new(arena, ELEMENT_TEXT);
    struct array *chunks = array_new(arena, ELEMENT_INT4);
    for (size_t i = 0; i < count; i++) {
        array_add_int(seqs, posts[i]->seq);
        array_add_text(ids, posts[i]->id);
        array_add_bytes(texts, bytes_of(posts[i]->text));
        array_add_text(languages, posts[i]->language);
        array_add_int(chunks, posts[i]->chunk_number);
    }
    params_array(params, seqs);
    params_array(params, ids);
    params_array(params, texts);
    params_array(params, languages);
    params_array(params, chunks);
}

bool answer_part(struct desk *desk, struct bytes ask, struct bytes *reply, struct error *why)
{
    const Tp__SubmitPart *part;
    if (!unpack_submit_part(desk->asked, ask, &part, why))
        return false;
    struct params params = params_begin(desk->arena);
    params_text(&params, part->upload_id);
    params_int4(&params, part->part_number);
    params_posts(&params, part->posts, part->n_posts);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &SUBMIT_PART, &params, &rows, why))
        return false;
    Tp__SubmitPartReply said = TP__SUBMIT_PART_REPLY__INIT;
    said.schema_version = SCHEMA_VERSION;
    *reply = pack_submit_part_reply(desk->arena, &said);
    return true;
}

/* ---- one job ---- */

static bool read_job(struct desk *desk, const char *tenant_id, const char *job_id,
                     Tp__JobView **view, bool *is_settled, struct error *why)
{
    struct params params = params_begin(desk->arena);
    params_text(&params, tenant_id);
    params_uuid(&params, job_id);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &JOB, &params, &rows, why))
        return false;
    struct cells cells = rows_at(&rows, 0, desk->arena);
    *view = read_job_view(&cells, is_settled);
    return true;
}

static struct bytes pack_view(struct desk *desk, Tp__JobView *view)
{
    Tp__JobReply said = TP__JOB_REPLY__INIT;
    said.schema_version = SCHEMA_VERSION;
    said.job = view;
    return pack_job_reply(desk->arena, &said);
}

bool answer_job(struct desk *desk, struct bytes ask, struct bytes *reply, struct error *why)
{
    const Tp__JobQuery *query;
    if (!unpack_job_query(desk->asked, ask, &query, why))
        return false;
    char key[CACHED_KEY_SIZE];
    cached_view_key(query->tenant_id, query->job_id, key);
    struct error spoilt;
    const Tp__JobReply *kept;
    if (cache_find(desk->cache, key, desk->arena, reply) &&
        unpack_job_reply(desk->arena, *reply, &kept, &spoilt))
        return true;
    Tp__JobView *view;
    bool is_settled;
    if (!read_job(desk, query->tenant_id, query->job_id, &view, &is_settled, why))
        return false;
    *reply = pack_view(desk, view);
    if (is_settled)
        cache_keep(desk->cache, key, *reply, JOB_LIFE_S);
    return true;
}

bool answer_cancel(struct desk *desk, struct bytes ask, struct bytes *reply, struct error *why)
{
    const Tp__CancelJob *cancel;
    if (!unpack_cancel_job(desk->asked, ask, &cancel, why))
        return false;
    struct params params = params_begin(desk->arena);
    params_text(&params, cancel->tenant_id);
    params_uuid(&params, cancel->job_id);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &CANCEL, &params, &rows, why))
        return false;
    for (int row = 0; row < rows.count; row++) {
        struct cells cells = rows_at(&rows, row, desk->arena);
        made_events_add(&desk->made, read_event(&cells), desk->arena);
    }
    Tp__JobView *view;
    bool is_settled;
    if (!read_job(desk, cancel->tenant_id, cancel->job_id, &view, &is_settled, why))
        return false;
    *reply = pack_view(desk, view);
    return true;
}

/* ---- submit ---- */

static void params_job(struct params *params, const struct queue_limits *limits,
                       const Tp__SubmitJob *job)
{
    struct array *tasks = array_new(params->arena, ELEMENT_TEXT);
    for (size_t i = 0; i < job->n_tasks; i++)
        array_add_text(tasks, job->tasks[i]);
    params_uuid(params, job->job_id);
    params_text(params, job->tenant_id);
    params_text(params, job->user_id);
    params_int2(params, job->service_class);
    params_array(params, tasks);
    params_text(params, job->idempotency_key);
    params_bytes(params, bytes_of(job->body_hash));
    params_int8(params, job->deadline_ms > 0 ? job->deadline_ms : limits->deadline_ms);
    params_text(params, job->upload_id);
    params_int4(params, job->upload_id[0] != '\0' ? job->part_count : 0);
    params_int4(params, job->total_posts);
}

static void params_rejected(struct params *params, const Tp__SubmitJob *job)
{
    struct array *lines = array_new(params->arena, ELEMENT_INT4);
    struct array *reasons = array_new(params->arena, ELEMENT_TEXT);
    for (size_t i = 0; i < job->n_rejected; i++) {
        array_add_int(lines, job->rejected[i]->line);
        array_add_text(reasons, job->rejected[i]->reason);
    }
    params_array(params, lines);
    params_array(params, reasons);
}

bool answer_submit(struct desk *desk, struct bytes ask, struct bytes *reply, struct error *why)
{
    const Tp__SubmitJob *job;
    if (!unpack_submit_job(desk->asked, ask, &job, why))
        return false;
    struct queue_limits *limits = desk->limits;
    struct params params = params_begin(desk->arena);
    params_job(&params, limits, job);
    params_posts(&params, job->posts, job->n_posts);
    params_rejected(&params, job);
    params_int4(&params, limits->jobs_of_user);
    params_int4(&params, limits->jobs_of_tenant);
    params_bool(&params, atomic_load(&limits->unfinished) >= limits->jobs);
    params_int8(&params, job->queue_ttl_ms > 0 ? job->queue_ttl_ms : limits->queue_ttl_ms);
    params_text(&params, job->instruction);
    params_bytes(&params, bytes_of(job->schema_json));
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &SUBMIT_JOB, &params, &rows, why))
        return false;
    struct cells cells = rows_at(&rows, 0, desk->arena);
    Tp__SubmitJobReply said = TP__SUBMIT_JOB_REPLY__INIT;
    said.schema_version = SCHEMA_VERSION;
    said.job_id = cell_uuid(&cells);
    said.is_replay = cell_int(&cells) == 1;
    const Tp__JobEvent *event = read_event(&cells);
    if (event != NULL) {
        made_events_add(&desk->made, event, desk->arena);
        atomic_fetch_add(&limits->unfinished, 1);
    }
    bool is_settled;
    if (!read_job(desk, job->tenant_id, said.job_id, &said.job, &is_settled, why))
        return false;
    *reply = pack_submit_job_reply(desk->arena, &said);
    return true;
}

/* ---- lists ---- */

bool answer_jobs(struct desk *desk, struct bytes ask, struct bytes *reply, struct error *why)
{
    const Tp__JobsQuery *query;
    if (!unpack_jobs_query(desk->asked, ask, &query, why))
        return false;
    struct array *statuses = array_new(desk->arena, ELEMENT_TEXT);
    for (size_t i = 0; i < query->n_statuses; i++)
        array_add_text(statuses, status_name(query->statuses[i]));
    struct params params = params_begin(desk->arena);
    params_text(&params, query->tenant_id);
    params_text(&params, query->user_id);
    params_array(&params, statuses);
    params_uuid(&params, query->before_job_id);
    params_int4(&params, (int64_t)query->limit + 1); /* one more tells whether there is more */
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &JOBS, &params, &rows, why))
        return false;
    Tp__JobsReply said = TP__JOBS_REPLY__INIT;
    said.schema_version = SCHEMA_VERSION;
    said.has_more = (size_t)rows.count > query->limit;
    said.n_jobs = said.has_more ? query->limit : (size_t)rows.count;
    said.jobs = arena_array(desk->arena, Tp__JobView *, said.n_jobs);
    for (size_t i = 0; i < said.n_jobs; i++) {
        struct cells cells = rows_at(&rows, (int)i, desk->arena);
        bool is_settled;
        said.jobs[i] = read_job_view(&cells, &is_settled);
    }
    *reply = pack_jobs_reply(desk->arena, &said);
    return true;
}

static Tp__ResultRow *read_result(struct cells *cells)
{
    Tp__ResultRow *row = arena_new(cells->arena, sizeof *row);
    *row = (Tp__ResultRow)TP__RESULT_ROW__INIT;
    row->seq = (uint32_t)cell_int(cells);
    row->post_id = cell_text(cells);
    row->chunk_number = (uint32_t)cell_int(cells);
    struct bytes data = cell_bytes(cells);
    row->data_json = (ProtobufCBinaryData){data.length, (uint8_t *)(uintptr_t)data.at};
    row->provenance = (Tp__Provenance)cell_int(cells);
    row->model = cell_text(cells);
    row->prompt_version = cell_text(cells);
    row->confidence = cell_double(cells);
    row->reason = cell_text(cells);
    struct bytes text = cell_bytes(cells);
    row->text = (ProtobufCBinaryData){text.length, (uint8_t *)(uintptr_t)text.at};
    row->prompt_tokens = (uint32_t)cell_int(cells);
    row->completion_tokens = (uint32_t)cell_int(cells);
    row->is_usage_unknown = cell_is_null(cells);
    row->nanos = (uint64_t)cell_int(cells);
    return row;
}

/* Fills the reply from read_results(), which has one row without a result if there is none. */
static void read_results(struct rows *rows, const Tp__ResultsQuery *query, struct arena *arena,
                         Tp__ResultsReply *said, bool *is_settled)
{
    said->schema_version = SCHEMA_VERSION;
    said->rows = arena_array(arena, Tp__ResultRow *, (size_t)rows->count);
    said->next_seq = query->from_seq;
    *is_settled = false;
    for (int i = 0; i < rows->count; i++) {
        struct cells cells = rows_at(rows, i, arena);
        said->status = status_parse(cell_text(&cells));
        *is_settled = cell_int(&cells) == 1;
        if (cell_is_null(&cells))
            return;
        Tp__ResultRow *row = read_result(&cells);
        said->rows[said->n_rows++] = row;
        said->next_seq = row->seq + 1;
        said->has_more = cell_int(&cells) == 1;
    }
}

static bool find_results(struct desk *desk, const char *key, uint32_t limit, struct bytes *reply)
{
    struct error spoilt;
    const Tp__ResultsReply *kept;
    return cache_find(desk->cache, key, desk->arena, reply) &&
           unpack_results_reply(desk->arena, *reply, &kept, &spoilt) &&
           cached_results_fit(kept, limit);
}

bool answer_results(struct desk *desk, struct bytes ask, struct bytes *reply, struct error *why)
{
    const Tp__ResultsQuery *query;
    if (!unpack_results_query(desk->asked, ask, &query, why))
        return false;
    char key[CACHED_KEY_SIZE];
    cached_results_key(query->tenant_id, query->job_id, key);
    if (query->from_seq == 0 && find_results(desk, key, query->limit, reply))
        return true;
    struct params params = params_begin(desk->arena);
    params_text(&params, query->tenant_id);
    params_uuid(&params, query->job_id);
    params_int4(&params, query->from_seq);
    params_int4(&params, query->limit);
    params_int8(&params, RESULTS_MAX_REPLY_BYTES);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &RESULTS, &params, &rows, why))
        return false;
    Tp__ResultsReply said = TP__RESULTS_REPLY__INIT;
    bool is_settled;
    read_results(&rows, query, desk->arena, &said, &is_settled);
    *reply = pack_results_reply(desk->arena, &said);
    if (is_settled && query->from_seq == 0)
        cache_keep(desk->cache, key, *reply, RESULTS_LIFE_S);
    return true;
}

bool answer_events(struct desk *desk, struct bytes ask, struct bytes *reply, struct error *why)
{
    const Tp__EventsQuery *query;
    if (!unpack_events_query(desk->asked, ask, &query, why))
        return false;
    struct params params = params_begin(desk->arena);
    params_text(&params, query->tenant_id);
    params_uuid(&params, query->job_id);
    params_int4(&params, query->after_number);
    params_int4(&params, query->limit);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &EVENTS, &params, &rows, why))
        return false;
    Tp__EventsReply said = TP__EVENTS_REPLY__INIT;
    said.schema_version = SCHEMA_VERSION;
    said.events = arena_array(desk->arena, Tp__JobEvent *, (size_t)rows.count);
    for (int row = 0; row < rows.count; row++) {
        struct cells cells = rows_at(&rows, row, desk->arena);
        said.events[said.n_events++] = read_event(&cells);
    }
    *reply = pack_events_reply(desk->arena, &said);
    return true;
}

/* ---- keys ---- */

static void principal_key(ProtobufCBinaryData hash, char key[CACHED_KEY_SIZE])
{
    int at = snprintf(key, CACHED_KEY_SIZE, "tp:key:");
    for (size_t i = 0; i < hash.len; i++)
        at += snprintf(key + at, CACHED_KEY_SIZE - (size_t)at, "%02x", hash.data[i]);
}

bool answer_authenticate(struct desk *desk, struct bytes ask, struct bytes *reply,
                         struct error *why)
{
    const Tp__Authenticate *asked;
    if (!unpack_authenticate(desk->asked, ask, &asked, why))
        return false;
    char key[CACHED_KEY_SIZE];
    principal_key(asked->key_hash, key);
    struct error spoilt;
    const Tp__AuthenticateReply *kept;
    if (cache_find(desk->cache, key, desk->arena, reply) &&
        unpack_authenticate_reply(desk->arena, *reply, &kept, &spoilt))
        return true;
    struct params params = params_begin(desk->arena);
    params_bytes(&params, bytes_of(asked->key_hash));
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &AUTHENTICATE, &params, &rows, why))
        return false;
    if (rows.count == 0)
        return error_set(why, ERROR_NOT_FOUND, "no such key, or it was revoked");
    struct cells cells = rows_at(&rows, 0, desk->arena);
    Tp__AuthenticateReply said = TP__AUTHENTICATE_REPLY__INIT;
    said.schema_version = SCHEMA_VERSION;
    said.tenant_id = cell_text(&cells);
    said.key_id = cell_uuid(&cells);
    said.role = cell_text(&cells);
    said.name = cell_text(&cells);
    *reply = pack_authenticate_reply(desk->arena, &said);
    cache_keep(desk->cache, key, *reply, PRINCIPAL_LIFE_S);
    return true;
}
