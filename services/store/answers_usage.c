/* What was used and what it cost: proto/usage.proto, and of chunks proto/job.proto. */
#include "questions.h"

static const struct statement USAGE = {"usage",
                                       "select * from read_usage($1, $2, $3, $4, $5, $6, $7, $8)"};

static const struct statement CHUNKS = {"chunks", "select * from read_chunks($1, $2, $3, $4)"};

static Tp__UsageRow *read_row(struct cells *cells)
{
    Tp__UsageRow *row = arena_new(cells->arena, sizeof *row);
    *row = (Tp__UsageRow)TP__USAGE_ROW__INIT;
    row->key = cell_text(cells);
    row->calls = (uint64_t)cell_int(cells);
    row->unknown_calls = (uint64_t)cell_int(cells);
    row->prompt_tokens = (uint64_t)cell_int(cells);
    row->completion_tokens = (uint64_t)cell_int(cells);
    row->micros = (uint64_t)cell_int(cells);
    row->posts_from_llm = (uint64_t)cell_int(cells);
    row->posts_from_cache = (uint64_t)cell_int(cells);
    row->posts_from_near_duplicate = (uint64_t)cell_int(cells);
    row->posts_from_repair = (uint64_t)cell_int(cells);
    row->posts_from_embedded = (uint64_t)cell_int(cells);
    return row;
}

bool answer_usage(struct desk *desk, struct bytes ask, struct bytes *reply, struct error *why)
{
    const Tp__UsageQuery *query;
    if (!unpack_usage_query(desk->asked, ask, &query, why))
        return false;
    struct params params = params_begin(desk->arena);
    params_text(&params, query->tenant_id);
    params_text(&params, query->user_id);
    params_int8(&params, query->from_ms);
    params_int8(&params, query->to_ms);
    params_int2(&params, query->group);
    params_bool(&params, query->has_after);
    params_text(&params, query->after_key);
    params_int4(&params, query->limit);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &USAGE, &params, &rows, why))
        return false;
    Tp__UsageReply said = TP__USAGE_REPLY__INIT;
    said.schema_version = SCHEMA_VERSION;
    said.has_more = (size_t)rows.count > query->limit;
    said.n_rows = said.has_more ? query->limit : (size_t)rows.count;
    said.rows = arena_array(desk->arena, Tp__UsageRow *, said.n_rows);
    for (size_t i = 0; i < said.n_rows; i++) {
        struct cells cells = rows_at(&rows, (int)i, desk->arena);
        said.rows[i] = read_row(&cells);
    }
    *reply = pack_usage_reply(desk->arena, &said);
    return true;
}

/* ---- chunks ---- */

static Tp__ChunkRow *read_chunk(struct cells *cells)
{
    Tp__ChunkRow *row = arena_new(cells->arena, sizeof *row);
    *row = (Tp__ChunkRow)TP__CHUNK_ROW__INIT;
    row->chunk_number = (uint32_t)cell_int(cells);
    row->status = (Tp__ChunkStatus)cell_int(cells);
    row->attempts = (uint32_t)cell_int(cells);
    row->tries = (uint32_t)cell_int(cells);
    row->depth = (uint32_t)cell_int(cells);
    row->open_posts = (uint32_t)cell_int(cells);
    row->endpoint = cell_text(cells);
    row->llm_calls = (uint32_t)cell_int(cells);
    row->prompt_tokens = (uint64_t)cell_int(cells);
    row->completion_tokens = (uint64_t)cell_int(cells);
    row->micros = (uint64_t)cell_int(cells);
    row->call_ms = (uint64_t)cell_int(cells);
    return row;
}

bool answer_chunks(struct desk *desk, struct bytes ask, struct bytes *reply, struct error *why)
{
    const Tp__ChunksQuery *query;
    if (!unpack_chunks_query(desk->asked, ask, &query, why))
        return false;
    struct params params = params_begin(desk->arena);
    params_text(&params, query->tenant_id);
    params_uuid(&params, query->job_id);
    params_int4(&params, query->from_chunk);
    params_int4(&params, query->limit);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &CHUNKS, &params, &rows, why))
        return false;
    Tp__ChunksReply said = TP__CHUNKS_REPLY__INIT;
    said.schema_version = SCHEMA_VERSION;
    said.has_more = (size_t)rows.count > query->limit;
    said.n_rows = said.has_more ? query->limit : (size_t)rows.count;
    said.rows = arena_array(desk->arena, Tp__ChunkRow *, said.n_rows);
    for (size_t i = 0; i < said.n_rows; i++) {
        struct cells cells = rows_at(&rows, (int)i, desk->arena);
        said.rows[i] = read_chunk(&cells);
    }
    *reply = pack_chunks_reply(desk->arena, &said);
    return true;
}
