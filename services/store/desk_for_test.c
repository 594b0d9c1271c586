#include "desk_for_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "base/uuid.h"
#include "messages/subjects.h"
#include "migrate.h"
#include "migrations.h"

enum { ARENA_BYTES = 256 << 20, HASH_BYTES = 32, LIFE_MS = 60000 };
#define TENANT "acme"

int world_open(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    test_postgres_start(&world->postgres);
    struct db_vitals any = {.url = world->postgres.url, .statement_ms = 10000};
    struct db *db = db_new(&any);
    struct error why;
    int applied;
    if (!migrate(db, &applied, &why))
        fail_msg("%s", why.message);
    assert_int_equal(applied, MIGRATION_COUNT);
    db_free(&db);
    world->vitals = any;
    world->vitals.schema_wanted = MIGRATION_COUNT;
    world->limits = (struct queue_limits){.jobs = 1000000,
                                          .jobs_of_tenant = 100000,
                                          .jobs_of_user = 100000,
                                          .deadline_ms = 3600 * 1000};
    world->desk = (struct desk){
        .db = db_new(&world->vitals),
        .cache = cache_new(NULL),
        .limits = &world->limits,
        .asked = arena_open(ARENA_BYTES),
        .arena = arena_open(ARENA_BYTES),
    };
    world->peek = PQconnectdb(world->postgres.url);
    assert_int_equal(PQstatus(world->peek), CONNECTION_OK);
    sql_do(world, "set search_path = tweetpulse; set client_min_messages = warning");
    *state = world;
    return 0;
}

int world_close(void **state)
{
    struct world *world = *state;
    PQfinish(world->peek);
    db_free(&world->desk.db);
    cache_free(&world->desk.cache);
    arena_close(&world->desk.asked);
    arena_close(&world->desk.arena);
    test_postgres_stop(&world->postgres);
    free(world);
    return 0;
}

int world_fresh(void **state)
{
    struct world *world = *state;
    sql_do(world, "truncate analysis_jobs, posts, chunks, analysis_results, in_flight,"
                  " idempotency_keys, upload_parts, job_events, llm_calls, api_keys, tenants,"
                  " controls, spends, usage_hours, audits, audit_hours;"
                  " update leases set holder = '', expires_at = '-infinity'");
    arena_reset(world->desk.asked);
    arena_reset(world->desk.arena);
    world->desk.made = (struct made_events){0};
    return 0;
}

static PGresult *run_sql(struct world *world, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
static PGresult *run_sql(struct world *world, const char *format, va_list arguments)
{
    char sql[4000];
    vsnprintf(sql, sizeof sql, format, arguments);
    PGresult *result = PQexec(world->peek, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(world->peek));
    return result;
}

int64_t sql_number(struct world *world, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    PGresult *result = run_sql(world, format, arguments);
    va_end(arguments);
    assert_int_equal(PQntuples(result), 1);
    int64_t number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return number;
}

void sql_do(struct world *world, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    PQclear(run_sql(world, format, arguments));
    va_end(arguments);
}

/* Asks as over the wire; false with world->why. */
static bool ask(struct world *world, const char *subject, struct bytes question,
                struct bytes *reply)
{
    const struct question *found = question_find(subject);
    assert_non_null(found);
    return found->answer(&world->desk, question, reply, &world->why);
}

#define ASK(world, subject, name, reply_name, Reply, question)                                     \
    __extension__({                                                                                \
        (question)->schema_version = SCHEMA_VERSION;                                               \
        struct arena *arena_ = (world)->desk.arena;                                                \
        const Reply *answer_ = NULL;                                                               \
        struct bytes bytes_;                                                                       \
        if (ask((world), (subject), pack_##name(arena_, (question)), &bytes_) &&                   \
            !unpack_##reply_name(arena_, bytes_, &answer_, &(world)->why))                         \
            fail_msg("bad reply: %s", (world)->why.message);                                       \
        answer_;                                                                                   \
    })

const char *fresh_job_id(struct world *world)
{
    char id[UUID_TEXT_SIZE];
    uuid_new(id);
    return arena_string(world->desk.arena, id);
}

static Tp__Post *post_of(struct arena *arena, uint32_t seq, uint32_t chunk)
{
    Tp__Post *post = arena_new(arena, sizeof *post);
    *post = (Tp__Post)TP__POST__INIT;
    post->seq = seq;
    post->id = arena_format(arena, "p%u", seq + 1);
    char *text = arena_format(arena, "text %u \xF0\x9F\x99\x82", seq);
    post->text = (ProtobufCBinaryData){strlen(text), (uint8_t *)text};
    post->chunk_number = chunk;
    return post;
}

Tp__SubmitJob *job_of(struct world *world, const char *user, unsigned chunks, unsigned posts)
{
    static const char *tasks[] = {"sentiment", "topics"};
    struct arena *arena = world->desk.arena;
    Tp__SubmitJob *job = arena_new(arena, sizeof *job);
    *job = (Tp__SubmitJob)TP__SUBMIT_JOB__INIT;
    job->job_id = fresh_job_id(world);
    job->tenant_id = TENANT;
    job->user_id = user;
    job->service_class = TP__SERVICE_CLASS__STANDARD;
    job->n_tasks = 2;
    job->tasks = tasks;
    job->body_hash = (ProtobufCBinaryData){HASH_BYTES, arena_new(arena, HASH_BYTES)};
    job->total_posts = chunks * posts;
    job->n_posts = job->total_posts;
    job->posts = arena_array(arena, Tp__Post *, job->n_posts);
    for (uint32_t i = 0; i < job->total_posts; i++)
        job->posts[i] = post_of(arena, i, i / posts);
    return job;
}

const Tp__SubmitJobReply *submit(struct world *world, const Tp__SubmitJob *job)
{
    Tp__SubmitJob said = *job;
    return ASK(world, RPC_STORE_SUBMIT, submit_job, submit_job_reply, Tp__SubmitJobReply, &said);
}

const char *submitted(struct world *world, const char *user, unsigned chunks, unsigned posts)
{
    const Tp__SubmitJobReply *reply = submit(world, job_of(world, user, chunks, posts));
    if (reply == NULL) {
        fail_msg("submit: %s", world->why.message);
        return NULL;
    }
    return reply->job_id;
}

const Tp__LeaseReply *take_lease(struct world *world, const char *holder, uint32_t life_ms,
                                 bool resign)
{
    Tp__LeaseAsk said = TP__LEASE_ASK__INIT;
    said.holder = holder;
    said.life_ms = life_ms;
    said.resign = resign;
    return ASK(world, RPC_STORE_LEASE, lease_ask, lease_reply, Tp__LeaseReply, &said);
}

void lead(struct world *world, const char *holder)
{
    sql_do(world, "update leases set expires_at = '-infinity'");
    const Tp__LeaseReply *lease = take_lease(world, holder, LIFE_MS, false);
    assert_non_null(lease);
    assert_true(lease->is_held);
    world->epoch = lease->epoch;
    world->sequence = 0;
}

Tp__BatchItem *item_of(struct world *world, Tp__BatchOperation operation, const char *job,
                       uint32_t chunk)
{
    Tp__BatchItem *item = arena_new(world->desk.arena, sizeof *item);
    *item = (Tp__BatchItem)TP__BATCH_ITEM__INIT;
    item->operation = operation;
    item->job_id = job;
    item->chunk_number = chunk;
    item->mode = TP__ANALYSIS_MODE__BY_LLM;
    item->reserved_tokens = 1000;
    item->endpoint = "main";
    item->reserved_micros = 500;
    item->prompt_nanos = 150;
    item->completion_nanos = 600;
    item->lease_ms = 30000;
    return item;
}

const Tp__BatchReply *batch(struct world *world, const char *holder, uint64_t sequence,
                            Tp__BatchItem **items, size_t count)
{
    Tp__Batch said = TP__BATCH__INIT;
    said.holder = holder;
    said.epoch = world->epoch;
    said.sequence = sequence;
    said.n_items = count;
    said.items = items;
    return ASK(world, RPC_STORE_BATCH, batch, batch_reply, Tp__BatchReply, &said);
}

const Tp__BatchItemReply *run_item(struct world *world, Tp__BatchItem *item)
{
    const Tp__BatchReply *reply = batch(world, "leader", ++world->sequence, &item, 1);
    if (reply == NULL) {
        fail_msg("batch: %s", world->why.message);
        return NULL;
    }
    assert_int_equal(reply->status, TP__BATCH_STATUS__ANSWERED);
    assert_int_equal(reply->n_items, 1);
    return reply->items[0];
}

const Tp__BatchItemReply *grant(struct world *world, const char *job, uint32_t chunk)
{
    return run_item(world, item_of(world, TP__BATCH_OPERATION__GRANT, job, chunk));
}

Tp__Outcome *outcome_of(struct world *world, const Tp__Dispatch *dispatch)
{
    struct arena *arena = world->desk.arena;
    Tp__Outcome *outcome = arena_new(arena, sizeof *outcome);
    Tp__Usage *usage = arena_new(arena, sizeof *usage);
    *outcome = (Tp__Outcome)TP__OUTCOME__INIT;
    *usage = (Tp__Usage)TP__USAGE__INIT;
    usage->is_known = true;
    usage->prompt_tokens = 100;
    usage->completion_tokens = 20;
    outcome->schema_version = SCHEMA_VERSION;
    outcome->job_id = dispatch->job_id;
    outcome->chunk_number = dispatch->chunk_number;
    outcome->attempt = dispatch->attempt;
    outcome->epoch = dispatch->epoch;
    outcome->instance_id = "analyzer";
    outcome->tenant_id = dispatch->tenant_id;
    outcome->user_id = dispatch->user_id;
    outcome->outcome_class = TP__OUTCOME_CLASS__OK;
    outcome->mode = dispatch->mode;
    outcome->was_called = true;
    outcome->usage = usage;
    outcome->n_results = dispatch->n_posts;
    outcome->results = arena_array(arena, Tp__PostResult *, dispatch->n_posts);
    for (size_t i = 0; i < dispatch->n_posts; i++) {
        Tp__PostResult *result = arena_new(arena, sizeof *result);
        *result = (Tp__PostResult)TP__POST_RESULT__INIT;
        char *data = arena_format(arena, "{\"seq\": %u}", dispatch->posts[i]->seq);
        result->seq = dispatch->posts[i]->seq;
        result->data_json = (ProtobufCBinaryData){strlen(data), (uint8_t *)data};
        result->provenance = dispatch->mode == TP__ANALYSIS_MODE__BY_EMBEDDED
                                 ? TP__PROVENANCE__FROM_EMBEDDED
                                 : TP__PROVENANCE__FROM_LLM;
        result->model = "m";
        result->prompt_version = "1";
        result->confidence = 0.5;
        outcome->results[i] = result;
    }
    return outcome;
}

const Tp__SnapshotReply *snapshot(struct world *world, uint64_t epoch, const char *cursor)
{
    Tp__SnapshotAsk said = TP__SNAPSHOT_ASK__INIT;
    said.epoch = epoch;
    said.cursor = cursor;
    return ASK(world, RPC_STORE_SNAPSHOT, snapshot_ask, snapshot_reply, Tp__SnapshotReply, &said);
}

const Tp__ChangedReply *changed(struct world *world, int64_t since_us, const char *after)
{
    Tp__ChangedAsk said = TP__CHANGED_ASK__INIT;
    said.since_us = since_us;
    said.after_job_id = after;
    return ASK(world, RPC_STORE_CHANGED, changed_ask, changed_reply, Tp__ChangedReply, &said);
}

const Tp__HealReply *heal(struct world *world, uint64_t epoch, uint32_t most_posts)
{
    Tp__HealAsk said = TP__HEAL_ASK__INIT;
    said.epoch = epoch;
    said.most_posts = most_posts;
    return ASK(world, RPC_STORE_HEAL, heal_ask, heal_reply, Tp__HealReply, &said);
}

const Tp__JobState *job_state(struct world *world, const char *job)
{
    Tp__JobStateAsk said = TP__JOB_STATE_ASK__INIT;
    said.job_id = job;
    const Tp__JobStateReply *reply =
        ASK(world, RPC_STORE_JOB_STATE, job_state_ask, job_state_reply, Tp__JobStateReply, &said);
    return reply == NULL ? NULL : reply->job;
}

const Tp__Control *set_control(struct world *world, Tp__Control *control)
{
    Tp__SetControl said = TP__SET_CONTROL__INIT;
    said.control = control;
    said.set_by = "key-1";
    const Tp__ControlReply *reply =
        ASK(world, RPC_STORE_SET_CONTROL, set_control, control_reply, Tp__ControlReply, &said);
    return reply == NULL ? NULL : reply->control;
}

enum verdict commit_one(struct world *world, const Tp__Outcome *outcome)
{
    enum verdict verdict = VERDICT_STALE;
    const Tp__Outcome *checked;
    struct arena *arena = world->desk.arena;
    if (!unpack_outcome(arena, pack_outcome(arena, outcome), &checked, &world->why) ||
        !commit_outcomes(world->desk.db, arena, &checked, 1, &verdict, &world->desk.made,
                         &world->why))
        fail_msg("commit: %s", world->why.message);
    return verdict;
}

const Tp__JobView *view(struct world *world, const char *job)
{
    Tp__JobQuery said = TP__JOB_QUERY__INIT;
    said.tenant_id = TENANT;
    said.job_id = job;
    const Tp__JobReply *reply =
        ASK(world, RPC_STORE_JOB, job_query, job_reply, Tp__JobReply, &said);
    return reply == NULL ? NULL : reply->job;
}

const Tp__JobView *cancel(struct world *world, const char *job)
{
    Tp__CancelJob said = TP__CANCEL_JOB__INIT;
    said.tenant_id = TENANT;
    said.job_id = job;
    const Tp__JobReply *reply =
        ASK(world, RPC_STORE_CANCEL, cancel_job, job_reply, Tp__JobReply, &said);
    return reply == NULL ? NULL : reply->job;
}

const Tp__ResultsReply *results(struct world *world, const char *job, uint32_t from, uint32_t limit)
{
    Tp__ResultsQuery said = TP__RESULTS_QUERY__INIT;
    said.tenant_id = TENANT;
    said.job_id = job;
    said.from_seq = from;
    said.limit = limit;
    return ASK(world, RPC_STORE_RESULTS, results_query, results_reply, Tp__ResultsReply, &said);
}

const Tp__UsageReply *usage(struct world *world, const Tp__UsageQuery *query)
{
    Tp__UsageQuery said = *query;
    return ASK(world, RPC_STORE_USAGE, usage_query, usage_reply, Tp__UsageReply, &said);
}

const Tp__AuditReply *audit(struct world *world, int64_t from_ms)
{
    Tp__AuditQuery said = TP__AUDIT_QUERY__INIT;
    said.from_ms = from_ms;
    return ASK(world, RPC_STORE_AUDIT, audit_query, audit_reply, Tp__AuditReply, &said);
}

const Tp__ChunksReply *chunks_of(struct world *world, const char *job, uint32_t from,
                                 uint32_t limit)
{
    Tp__ChunksQuery said = TP__CHUNKS_QUERY__INIT;
    said.tenant_id = TENANT;
    said.job_id = job;
    said.from_chunk = from;
    said.limit = limit;
    return ASK(world, RPC_STORE_CHUNKS, chunks_query, chunks_reply, Tp__ChunksReply, &said);
}
