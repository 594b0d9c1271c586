/* What is read by clients and followers; and migrations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "desk_for_test.h"
#include "migrate.h"
#include "migrations.h"

enum { HASH_BYTES = 32 };

static const Tp__JobsReply *list(struct world *world, Tp__JobsQuery *query)
{
    struct arena *arena = world->desk.arena;
    query->schema_version = SCHEMA_VERSION;
    query->tenant_id = "acme";
    struct bytes bytes;
    const Tp__JobsReply *reply;
    assert_true(answer_jobs(&world->desk, pack_jobs_query(arena, query), &bytes, &world->why));
    assert_true(unpack_jobs_reply(arena, bytes, &reply, &world->why));
    return reply;
}

static void jobs_are_listed_newest_first_page_by_page(void **state)
{
    struct world *world = *state;
    const char *oldest = submitted(world, "ann", 1, 1), *other = submitted(world, "bob", 1, 1);
    const char *newest = submitted(world, "ann", 1, 1);
    Tp__JobsQuery query = TP__JOBS_QUERY__INIT;
    query.limit = 2;
    const Tp__JobsReply *page = list(world, &query);
    assert_int_equal(page->n_jobs, 2);
    assert_true(page->has_more);
    assert_string_equal(page->jobs[0]->job_id, newest);
    assert_string_equal(page->jobs[1]->job_id, other);
    query.before_job_id = other;
    page = list(world, &query);
    assert_int_equal(page->n_jobs, 1);
    assert_false(page->has_more);
    assert_string_equal(page->jobs[0]->job_id, oldest);
}

static void jobs_are_filtered_by_user_and_status(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 1);
    submitted(world, "ann", 1, 1);
    submitted(world, "bob", 1, 1);
    cancel(world, job);
    Tp__JobStatus wanted = TP__JOB_STATUS__CANCELLED;
    Tp__JobsQuery query = TP__JOBS_QUERY__INIT;
    query.limit = 10;
    query.user_id = "ann";
    assert_int_equal(list(world, &query)->n_jobs, 2);
    query.n_statuses = 1;
    query.statuses = &wanted;
    assert_int_equal(list(world, &query)->n_jobs, 1);
    query.user_id = "bob";
    assert_int_equal(list(world, &query)->n_jobs, 0);
}

static void another_tenants_job_is_not_found(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 1);
    sql_do(world, "update analysis_jobs set tenant_id = 'other'");
    assert_null(view(world, job));
    assert_int_equal(world->why.kind, ERROR_NOT_FOUND);
    assert_null(results(world, job, 0, 10));
    assert_int_equal(world->why.kind, ERROR_NOT_FOUND);
    assert_null(cancel(world, job));
    assert_int_equal(world->why.kind, ERROR_NOT_FOUND);
    Tp__JobsQuery query = TP__JOBS_QUERY__INIT;
    query.limit = 10;
    assert_int_equal(list(world, &query)->n_jobs, 0);
}

static void results_come_in_pages_that_fit_a_message(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 10);
    lead(world, "leader");
    commit_one(world, outcome_of(world, grant(world, job, 0)->dispatch));
    const Tp__ResultsReply *page = results(world, job, 0, 4);
    assert_int_equal(page->n_rows, 4);
    assert_int_equal(page->next_seq, 4);
    assert_true(page->has_more);
    page = results(world, job, 4, 100);
    assert_int_equal(page->n_rows, 6);
    assert_false(page->has_more);
    sql_do(world, "update posts set text = repeat('x', 30000);"
                  "update analysis_results set result_data ="
                  " jsonb_build_object('x', repeat('y', 200000))");
    page = results(world, job, 0, 100);
    assert_int_equal(page->n_rows, 3);
    assert_true(page->has_more);
    assert_int_equal(page->status, TP__JOB_STATUS__COMPLETED);
}

static void an_unfinished_job_answers_with_its_status_alone(void **state)
{
    struct world *world = *state;
    const Tp__ResultsReply *page = results(world, submitted(world, "ann", 1, 2), 0, 10);
    assert_int_equal(page->status, TP__JOB_STATUS__QUEUED);
    assert_int_equal(page->n_rows, 0);
    assert_false(page->has_more);
    assert_int_equal(page->next_seq, 0);
}

static void events_are_answered_after_a_number(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 2, 1);
    lead(world, "leader");
    commit_one(world, outcome_of(world, grant(world, job, 0)->dispatch));
    cancel(world, job);
    Tp__EventsQuery query = TP__EVENTS_QUERY__INIT;
    query.schema_version = SCHEMA_VERSION;
    query.tenant_id = "acme";
    query.job_id = job;
    query.after_number = 1;
    query.limit = 10;
    struct arena *arena = world->desk.arena;
    struct bytes bytes;
    const Tp__EventsReply *reply;
    assert_true(answer_events(&world->desk, pack_events_query(arena, &query), &bytes, &world->why));
    assert_true(unpack_events_reply(arena, bytes, &reply, &world->why));
    static const char *const kinds[] = {"started", "progress", "cancelled"};
    assert_int_equal(reply->n_events, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(reply->events[i]->kind, kinds[i]);
        assert_int_equal(reply->events[i]->number, i + 2);
    }
}

static void a_key_is_known_until_it_is_revoked(void **state)
{
    struct world *world = *state;
    struct arena *arena = world->desk.arena;
    sql_do(world, "select create_key('acme', gen_random_uuid(), sha256('k'), 'admin', 'boss')");
    uint8_t hash[HASH_BYTES];
    for (int i = 0; i < HASH_BYTES; i++)
        hash[i] = (uint8_t)sql_number(world, "select get_byte(sha256('k'), %d)", i);
    Tp__Authenticate ask = TP__AUTHENTICATE__INIT;
    ask.schema_version = SCHEMA_VERSION;
    ask.key_hash = (ProtobufCBinaryData){HASH_BYTES, hash};
    struct bytes question = pack_authenticate(arena, &ask), bytes;
    const Tp__AuthenticateReply *reply;
    assert_true(answer_authenticate(&world->desk, question, &bytes, &world->why));
    assert_true(unpack_authenticate_reply(arena, bytes, &reply, &world->why));
    assert_string_equal(reply->tenant_id, "acme");
    assert_string_equal(reply->role, "admin");
    sql_do(world, "update api_keys set revoked_at = clock_timestamp()");
    assert_false(answer_authenticate(&world->desk, question, &bytes, &world->why));
    assert_int_equal(world->why.kind, ERROR_NOT_FOUND);
}

static void what_has_served_is_swept_and_nothing_else(void **state)
{
    struct world *world = *state;
    Tp__SubmitJob *job = job_of(world, "ann", 1, 1);
    job->idempotency_key = "k";
    submit(world, job);
    submitted(world, "bob", 1, 1);
    cancel(world, job->job_id);
    sql_do(world, "insert into upload_parts values ('u', 0, '{}', '{}', '{}', '{}', '{}')");
    assert_int_equal(sql_number(world, "select sweep(100)"), 0);
    sql_do(world,
           "update upload_parts set created_at = clock_timestamp() - interval '2 hours';"
           "update idempotency_keys set created_at = clock_timestamp() - interval '25 hours';"
           "update job_events set published_at = clock_timestamp(),"
           " created_at = clock_timestamp() - interval '25 hours'");
    assert_int_equal(sql_number(world, "select sweep(100)"), 4);
    assert_int_equal(sql_number(world, "select count(*) from job_events"), 1);
}

/* ---- migrations; last, for they spoil the world ---- */

static void a_second_migration_changes_nothing(void **state)
{
    struct world *world = *state;
    struct db_vitals any = {.url = world->postgres.url, .statement_ms = 10000};
    SCOPED(db_free) struct db *db = db_new(&any);
    int applied;
    assert_true(migrate(db, &applied, &world->why));
    assert_int_equal(applied, 0);
}

static void a_changed_migration_is_refused(void **state)
{
    struct world *world = *state;
    sql_do(world, "update schema_migrations set checksum = 'x' where version = 2");
    struct db_vitals any = {.url = world->postgres.url, .statement_ms = 10000};
    SCOPED(db_free) struct db *db = db_new(&any);
    int applied;
    assert_false(migrate(db, &applied, &world->why));
    assert_int_equal(world->why.kind, ERROR_CONFLICT);
}

static void a_schema_of_another_version_counts_as_away(void **state)
{
    struct world *world = *state;
    sql_do(world, "delete from schema_migrations where version = %d", MIGRATION_COUNT);
    db_rest(world->desk.db);
    assert_null(view(world, fresh_job_id(world)));
    assert_int_equal(world->why.kind, ERROR_UNAVAILABLE);
    assert_false(atomic_load(&world->vitals.is_up));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FRESH_WORLD(jobs_are_listed_newest_first_page_by_page),
        WITH_FRESH_WORLD(jobs_are_filtered_by_user_and_status),
        WITH_FRESH_WORLD(another_tenants_job_is_not_found),
        WITH_FRESH_WORLD(results_come_in_pages_that_fit_a_message),
        WITH_FRESH_WORLD(an_unfinished_job_answers_with_its_status_alone),
        WITH_FRESH_WORLD(events_are_answered_after_a_number),
        WITH_FRESH_WORLD(a_key_is_known_until_it_is_revoked),
        WITH_FRESH_WORLD(what_has_served_is_swept_and_nothing_else),
        WITH_FRESH_WORLD(a_second_migration_changes_nothing),
        WITH_FRESH_WORLD(a_changed_migration_is_refused),
        WITH_FRESH_WORLD(a_schema_of_another_version_counts_as_away),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
