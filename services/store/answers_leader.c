/* What the leading scheduler has done: leases, batches and healing, proto/grant.proto. */
#include <inttypes.h>

#include "base/check.h"
#include "questions.h"

static const struct statement TAKE_LEASE = {"take_lease", "select * from take_lease($1, $2, $3)"};
static const struct statement RUN_BATCH = {
    "run_batch", "select b.status, b.item, b.result, b.job_status, b.now_us, b.chunk, b.parts,"
                 " b.tenant_id, b.user_id, b.service_class, b.tasks, b.instruction,"
                 " b.schema_json, b.attempt, b.endpoint, b.order_seed, b.seqs, b.ids, b.texts, "
                 "b.languages, (b.event).*"
                 " from run_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,"
                 " $15, $16, $17, $18) b"};

static const struct statement HEAL = {
    "heal", "select h.is_fenced, h.posts, h.has_more, (h.event).* from heal($1, $2) h"};

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
    struct array *probes = array_new(arena, ELEMENT_BOOL);
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
        array_add_int(probes, item->is_probe);
    }
    struct array *const in_order[] = {operations, jobs,     chunks,    attempts, charged,
                                      modes,      reserved, leases_ms, lanes};
    for (size_t i = 0; i < sizeof in_order / sizeof in_order[0]; i++)
        params_array(params, in_order[i]);
    params_prices(params, batch);
    params_array(params, degraded);
    params_array(params, probes);
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

/* ---- healing ---- */

bool answer_heal(struct desk *desk, struct bytes ask, struct bytes *reply, struct error *why)
{
    const Tp__HealAsk *asked;
    if (!unpack_heal_ask(desk->asked, ask, &asked, why))
        return false;
    struct params params = params_begin(desk->arena);
    params_int8(&params, (int64_t)asked->epoch);
    params_int4(&params, asked->most_posts);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &HEAL, &params, &rows, why))
        return false;
    Tp__HealReply said = TP__HEAL_REPLY__INIT;
    said.schema_version = SCHEMA_VERSION;
    for (int row = 0; row < rows.count; row++) {
        struct cells cells = rows_at(&rows, row, desk->arena);
        said.is_fenced = cell_int(&cells) == 1;
        said.posts = (uint32_t)cell_int(&cells);
        said.has_more = cell_int(&cells) == 1;
        const Tp__JobEvent *event = read_event(&cells);
        if (event != NULL)
            made_events_add(&desk->made, event, desk->arena);
    }
    *reply = pack_heal_reply(desk->arena, &said);
    return true;
}
