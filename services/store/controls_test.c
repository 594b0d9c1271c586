/* What operators set, and what submit makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "desk_for_test.h"

static Tp__Control control_of(Tp__ControlScope scope, const char *name, Tp__ControlState state)
{
    Tp__Control control = TP__CONTROL__INIT;
    control.scope = scope;
    control.tenant_id = "acme";
    control.name = name;
    control.state = state;
    return control;
}

static uint64_t put(struct world *world, Tp__ControlScope scope, const char *name,
                    Tp__ControlState state)
{
    Tp__Control control = control_of(scope, name, state);
    control.message = "back at noon";
    const Tp__Control *set = set_control(world, &control);
    assert_non_null(set);
    return set->version;
}

static const Tp__ControlsReply *listed(struct world *world, const char *tenant, uint64_t after)
{
    Tp__ControlsQuery query = TP__CONTROLS_QUERY__INIT;
    query.schema_version = SCHEMA_VERSION;
    query.tenant_id = tenant;
    query.after_version = after;
    struct arena *arena = world->desk.arena;
    struct bytes bytes;
    const Tp__ControlsReply *reply;
    assert_true(
        answer_controls(&world->desk, pack_controls_query(arena, &query), &bytes, &world->why));
    assert_true(unpack_controls_reply(arena, bytes, &reply, &world->why));
    return reply;
}

static int64_t logged(struct world *world)
{
    return sql_number(world, "select count(*) from audit_log where what = 'control'");
}

/* ---- setting ---- */

static void a_control_is_answered_as_it_was_set(void **state)
{
    struct world *world = *state;
    Tp__Limits limits = TP__LIMITS__INIT;
    limits.requests_per_minute = 7;
    limits.tokens_per_minute = 1000000000000;
    limits.micros_per_day = 2000000;
    limits.is_shadow = true;
    Tp__Control control = control_of(TP__CONTROL_SCOPE__TENANT, "ignored", TP__CONTROL_STATE__HELD);
    control.weight = 2.5;
    control.burst = 3;
    control.limits = &limits;
    assert_non_null(set_control(world, &control));
    assert_non_null(world->desk.made.control);
    const Tp__ControlsReply *all = listed(world, "acme", 0);
    assert_int_equal(all->n_controls, 1);
    const Tp__Control *seen = all->controls[0];
    assert_int_equal(seen->state, TP__CONTROL_STATE__HELD);
    assert_string_equal(seen->tenant_id, "acme");
    assert_string_equal(seen->name, "");
    assert_true(seen->weight == 2.5);
    assert_int_equal(seen->burst, 3);
    assert_int_equal(seen->limits->requests_per_minute, 7);
    assert_int_equal(seen->limits->tokens_per_minute, 1000000000000);
    assert_int_equal(seen->limits->micros_per_day, 2000000);
    assert_true(seen->limits->is_shadow);
}

static void a_newer_control_has_a_higher_version(void **state)
{
    struct world *world = *state;
    uint64_t first = put(world, TP__CONTROL_SCOPE__SYSTEM, "", TP__CONTROL_STATE__HELD);
    uint64_t second = put(world, TP__CONTROL_SCOPE__USER, "ann", TP__CONTROL_STATE__HELD);
    assert_true(second > first);
    assert_true(put(world, TP__CONTROL_SCOPE__SYSTEM, "", TP__CONTROL_STATE__OPEN) > second);
    assert_int_equal(sql_number(world, "select count(*) from controls"), 2);
}

static void what_is_said_again_changes_nothing(void **state)
{
    struct world *world = *state;
    int64_t before = logged(world);
    uint64_t version = put(world, TP__CONTROL_SCOPE__ENDPOINT, "main", TP__CONTROL_STATE__HELD);
    assert_int_equal(put(world, TP__CONTROL_SCOPE__ENDPOINT, "main", TP__CONTROL_STATE__HELD),
                     version);
    assert_int_equal(logged(world), before + 1);
}

static void a_removed_control_is_listed_no_more_but_its_removal_is_kept(void **state)
{
    struct world *world = *state;
    uint64_t version = put(world, TP__CONTROL_SCOPE__USER, "ann", TP__CONTROL_STATE__DRAINING);
    Tp__Control control = control_of(TP__CONTROL_SCOPE__USER, "ann", TP__CONTROL_STATE__DRAINING);
    control.is_removed = true;
    const Tp__Control *removed = set_control(world, &control);
    assert_true(removed->is_removed);
    assert_int_equal(removed->state, TP__CONTROL_STATE__OPEN);
    assert_true(removed->version > version);
    assert_int_equal(listed(world, "", 0)->n_controls, 0);
    assert_int_equal(sql_number(world, "select count(*) from controls where is_removed"), 1);
    assert_int_equal(set_control(world, &control)->version, removed->version);
    assert_non_null(submit(world, job_of(world, "ann", 1, 1)));
}

static void what_was_never_set_cannot_be_removed(void **state)
{
    struct world *world = *state;
    Tp__Control control = control_of(TP__CONTROL_SCOPE__USER, "nobody", TP__CONTROL_STATE__OPEN);
    control.is_removed = true;
    assert_null(set_control(world, &control));
    assert_int_equal(world->why.kind, ERROR_NOT_FOUND);
}

static void every_change_is_in_the_audit_log_for_ever(void **state)
{
    struct world *world = *state;
    int64_t before = logged(world);
    put(world, TP__CONTROL_SCOPE__TENANT, "", TP__CONTROL_STATE__HELD);
    put(world, TP__CONTROL_SCOPE__TENANT, "", TP__CONTROL_STATE__OPEN);
    assert_int_equal(logged(world), before + 2);
    assert_int_equal(sql_number(world, "select (before->>'state')::int * 10 +"
                                       " (after->>'state')::int from audit_log"
                                       " where by = 'key-1' order by entry_id desc limit 1"),
                     10 * TP__CONTROL_STATE__HELD + TP__CONTROL_STATE__OPEN);
    static const char *const attempts[] = {"delete from audit_log", "truncate audit_log",
                                           "update audit_log set by = 'nobody'"};
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        PGresult *result = PQexec(world->peek, attempts[i]);
        assert_int_equal(PQresultStatus(result), PGRES_FATAL_ERROR);
        PQclear(result);
    }
    assert_int_equal(logged(world), before + 2);
}

static void controls_are_listed_page_by_page_and_by_tenant(void **state)
{
    enum { CONTROLS = 700 };
    struct world *world = *state;
    put(world, TP__CONTROL_SCOPE__SYSTEM, "", TP__CONTROL_STATE__HELD);
    sql_do(world,
           "select set_control(4::smallint, case when i %% 2 = 0 then 'acme' else 'other' end,"
           " 'user' || i, 2::smallint, repeat('m', 1000), 0, 0, false, 0, 0, 0, 0, false, false,"
           " 'test', 0) from generate_series(1, %d) i",
           CONTROLS);
    const Tp__ControlsReply *page = listed(world, "", 0);
    assert_true(page->has_more);
    uint64_t last = page->controls[page->n_controls - 1]->version;
    const Tp__ControlsReply *rest = listed(world, "", last);
    assert_false(rest->has_more);
    assert_int_equal(page->n_controls + rest->n_controls, CONTROLS + 1);
    assert_int_equal(listed(world, "acme", 0)->n_controls, CONTROLS / 2);
}

/* ---- submit ---- */

static const struct {
    Tp__ControlScope scope;
    const char *name;
    enum error_kind refusal;
} SCOPES[] = {
    {TP__CONTROL_SCOPE__SYSTEM, "", ERROR_CLOSED},
    {TP__CONTROL_SCOPE__TENANT, "", ERROR_DENIED},
    {TP__CONTROL_SCOPE__USER, "ann", ERROR_DENIED},
};

static void what_drains_takes_no_new_job_and_says_why(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < sizeof SCOPES / sizeof SCOPES[0]; i++) {
        world_fresh(state);
        put(world, SCOPES[i].scope, SCOPES[i].name, TP__CONTROL_STATE__DRAINING);
        assert_null(submit(world, job_of(world, "ann", 1, 1)));
        assert_int_equal(world->why.kind, SCOPES[i].refusal);
        assert_string_equal(world->why.message, "back at noon");
        assert_int_equal(sql_number(world, "select count(*) from analysis_jobs"), 0);
        put(world, SCOPES[i].scope, SCOPES[i].name, TP__CONTROL_STATE__OPEN);
        assert_non_null(submit(world, job_of(world, "ann", 1, 1)));
    }
}

static void what_is_held_or_reduced_is_taken(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < sizeof SCOPES / sizeof SCOPES[0]; i++) {
        put(world, SCOPES[i].scope, SCOPES[i].name, TP__CONTROL_STATE__HELD);
        assert_non_null(submit(world, job_of(world, "ann", 1, 1)));
    }
    put(world, TP__CONTROL_SCOPE__SYSTEM, "", TP__CONTROL_STATE__REDUCED);
    assert_non_null(submit(world, job_of(world, "ann", 1, 1)));
}

static void others_do_not_mind_a_user_or_tenant_that_drains(void **state)
{
    struct world *world = *state;
    put(world, TP__CONTROL_SCOPE__USER, "ann", TP__CONTROL_STATE__DRAINING);
    assert_non_null(submit(world, job_of(world, "bob", 1, 1)));
    put(world, TP__CONTROL_SCOPE__TENANT, "", TP__CONTROL_STATE__DRAINING);
    Tp__SubmitJob *job = job_of(world, "ann", 1, 1);
    job->tenant_id = "other";
    assert_non_null(submit(world, job));
}

static void a_repeat_of_a_job_taken_before_is_answered_while_draining(void **state)
{
    struct world *world = *state;
    Tp__SubmitJob *job = job_of(world, "ann", 1, 1);
    job->idempotency_key = "k";
    assert_non_null(submit(world, job));
    put(world, TP__CONTROL_SCOPE__SYSTEM, "", TP__CONTROL_STATE__DRAINING);
    assert_true(submit(world, job)->is_replay);
}

static void a_system_that_drains_takes_no_parts(void **state)
{
    struct world *world = *state;
    put(world, TP__CONTROL_SCOPE__SYSTEM, "", TP__CONTROL_STATE__DRAINING);
    const Tp__SubmitJob *job = job_of(world, "ann", 1, 1);
    Tp__SubmitPart part = TP__SUBMIT_PART__INIT;
    part.schema_version = SCHEMA_VERSION;
    part.upload_id = fresh_job_id(world);
    part.n_posts = job->n_posts;
    part.posts = job->posts;
    struct bytes reply;
    assert_false(
        answer_part(&world->desk, pack_submit_part(world->desk.arena, &part), &reply, &world->why));
    assert_int_equal(world->why.kind, ERROR_CLOSED);
}

static void a_long_message_is_cut_between_characters(void **state)
{
    struct world *world = *state;
    Tp__Control control = control_of(TP__CONTROL_SCOPE__SYSTEM, "", TP__CONTROL_STATE__DRAINING);
    char message[400];
    for (size_t i = 0; i + 2 < sizeof message; i += 3)
        memcpy(message + i, "\xE2\x82\xAC", 3);
    message[399] = '\0';
    control.message = message;
    assert_non_null(set_control(world, &control));
    assert_null(submit(world, job_of(world, "ann", 1, 1)));
    assert_int_equal(strlen(world->why.message) % 3, 0);
    assert_true(strlen(world->why.message) > 200);
}

/* ---- rule 10: caps, and time to wait ---- */

static void a_tenants_queue_has_a_cap(void **state)
{
    struct world *world = *state;
    world->limits.jobs_of_tenant = 2;
    assert_non_null(submit(world, job_of(world, "ann", 1, 1)));
    assert_non_null(submit(world, job_of(world, "bob", 1, 1)));
    const Tp__SubmitJobReply *third = submit(world, job_of(world, "eve", 1, 1));
    enum error_kind kind = world->why.kind;
    Tp__SubmitJob *elsewhere = job_of(world, "eve", 1, 1);
    elsewhere->tenant_id = "other";
    const Tp__SubmitJobReply *other = submit(world, elsewhere);
    world->limits.jobs_of_tenant = 100000;
    assert_null(third);
    assert_int_equal(kind, ERROR_BUSY);
    assert_non_null(other);
}

/* In place of the cap of the settings, be it more or less. */
static void a_users_queue_has_the_cap_that_is_set_for_it(void **state)
{
    struct world *world = *state;
    Tp__Control control = control_of(TP__CONTROL_SCOPE__USER, "ann", TP__CONTROL_STATE__OPEN);
    control.unfinished_jobs = 1;
    assert_non_null(set_control(world, &control));
    assert_int_equal(listed(world, "acme", 0)->controls[0]->unfinished_jobs, 1);
    assert_non_null(submit(world, job_of(world, "ann", 1, 1)));
    assert_null(submit(world, job_of(world, "ann", 1, 1)));
    assert_int_equal(world->why.kind, ERROR_BUSY);
    assert_non_null(submit(world, job_of(world, "bob", 1, 1)));
    control.unfinished_jobs = 2;
    assert_non_null(set_control(world, &control));
    assert_non_null(submit(world, job_of(world, "ann", 1, 1)));
    assert_null(submit(world, job_of(world, "ann", 1, 1)));
    control.is_removed = true;
    assert_non_null(set_control(world, &control));
    assert_non_null(submit(world, job_of(world, "ann", 1, 1)));
}

/* Lets a second pass for all that waits. */
static int64_t expired(struct world *world)
{
    sql_do(world, "update analysis_jobs set queue_until = queue_until - interval '1 s'");
    return sql_number(world, "select count(*) from expire_jobs(10)");
}

static void a_job_that_waits_too_long_for_its_first_grant_expires(void **state)
{
    struct world *world = *state;
    Tp__SubmitJob *job = job_of(world, "ann", 1, 2);
    job->queue_ttl_ms = 500;
    assert_non_null(submit(world, job));
    assert_non_null(submit(world, job_of(world, "bob", 1, 1)));
    assert_int_equal(expired(world), 1);
    const Tp__JobView *seen = view(world, job->job_id);
    assert_int_equal(seen->status, TP__JOB_STATUS__EXPIRED);
    assert_non_null(strstr(seen->error, "begun"));
    assert_int_equal(seen->progress->failed_posts, 2);
}

static void a_job_that_has_begun_does_not_expire_for_having_waited(void **state)
{
    struct world *world = *state;
    world->limits.queue_ttl_ms = 500;
    const char *job = submitted(world, "ann", 2, 1);
    world->limits.queue_ttl_ms = 0;
    lead(world, "leader");
    grant(world, job, 0);
    assert_int_equal(expired(world), 0);
    sql_do(world, "update analysis_jobs set deadline_at = clock_timestamp()");
    assert_int_equal(expired(world), 1);
    assert_string_equal(view(world, job)->error, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FRESH_WORLD(a_control_is_answered_as_it_was_set),
        WITH_FRESH_WORLD(a_newer_control_has_a_higher_version),
        WITH_FRESH_WORLD(what_is_said_again_changes_nothing),
        WITH_FRESH_WORLD(a_removed_control_is_listed_no_more_but_its_removal_is_kept),
        WITH_FRESH_WORLD(what_was_never_set_cannot_be_removed),
        WITH_FRESH_WORLD(every_change_is_in_the_audit_log_for_ever),
        WITH_FRESH_WORLD(controls_are_listed_page_by_page_and_by_tenant),
        WITH_FRESH_WORLD(what_drains_takes_no_new_job_and_says_why),
        WITH_FRESH_WORLD(what_is_held_or_reduced_is_taken),
        WITH_FRESH_WORLD(others_do_not_mind_a_user_or_tenant_that_drains),
        WITH_FRESH_WORLD(a_repeat_of_a_job_taken_before_is_answered_while_draining),
        WITH_FRESH_WORLD(a_system_that_drains_takes_no_parts),
        WITH_FRESH_WORLD(a_long_message_is_cut_between_characters),
        WITH_FRESH_WORLD(a_tenants_queue_has_a_cap),
        WITH_FRESH_WORLD(a_users_queue_has_the_cap_that_is_set_for_it),
        WITH_FRESH_WORLD(a_job_that_waits_too_long_for_its_first_grant_expires),
        WITH_FRESH_WORLD(a_job_that_has_begun_does_not_expire_for_having_waited),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
