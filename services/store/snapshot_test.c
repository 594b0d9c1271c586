/* What a new leader reads, and what it reads again later. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "desk_for_test.h"

enum { PAGES_MAX = 50, REPLY_MAX_BYTES = 700 * 1000 };

/* All pages together, each of which is to be of a bounded size. */
struct whole {
    size_t jobs, calls, spends, controls;
    uint64_t micros_of_tenants, micros_of_users, micros_of_endpoints;
    const Tp__CallRecord *first_call;
    const Tp__SpendRecord *first_spend;
};

static struct whole read_all(struct world *world)
{
    struct whole whole = {0};
    const char *cursor = "";
    int pages = 0;
    do {
        const Tp__SnapshotReply *page = snapshot(world, world->epoch, cursor);
        assert_non_null(page);
        assert_true(pack_snapshot_reply(world->desk.arena, page).length < REPLY_MAX_BYTES);
        whole.jobs += page->n_jobs;
        if (whole.calls == 0 && page->n_calls > 0)
            whole.first_call = page->calls[0];
        whole.calls += page->n_calls;
        if (whole.spends == 0 && page->n_spends > 0)
            whole.first_spend = page->spends[0];
        whole.spends += page->n_spends;
        for (size_t i = 0; i < page->n_spends; i++) {
            const Tp__SpendRecord *spend = page->spends[i];
            *(spend->endpoint[0] != '\0'  ? &whole.micros_of_endpoints
              : spend->user_id[0] != '\0' ? &whole.micros_of_users
                                          : &whole.micros_of_tenants) += spend->micros;
        }
        whole.controls += page->n_controls;
        cursor = page->next_cursor;
        assert_true(++pages < PAGES_MAX);
    } while (cursor[0] != '\0');
    return whole;
}

/* Calls as they were granted some time ago, each a second, settled at once for 10 micros. */
static void calls_ago(struct world *world, int count, const char *ago, const char *endpoint)
{
    sql_do(
        world,
        "insert into llm_calls (job_id, chunk_number, attempt, tenant_id, user_id, service_class,"
        " endpoint, epoch,"
        " reserved_tokens, reserved_micros, prompt_nanos, completion_nanos, granted_at,"
        " lease_until, settled_at, micros, was_called)"
        " select gen_random_uuid(), 0, 1, 'acme', 'ann', 3, '%s', 1, 100, 50, 1, 1, at,"
        " at + interval '30 s', at + interval '1 s', 10, true from (select clock_timestamp() -"
        " interval '%s' as at from generate_series(1, %d)) x",
        endpoint, ago, count);
}

static void a_snapshot_has_what_is_unfinished_or_in_flight(void **state)
{
    struct world *world = *state;
    const char *open = submitted(world, "ann", 2, 1), *stopped = submitted(world, "bob", 2, 1);
    const char *over = submitted(world, "eve", 1, 1);
    lead(world, "leader");
    commit_one(world, outcome_of(world, grant(world, open, 0)->dispatch));
    grant(world, stopped, 0);
    cancel(world, stopped);
    cancel(world, over);
    const Tp__SnapshotReply *page = snapshot(world, world->epoch, "");
    assert_false(page->is_fenced);
    assert_int_equal(page->n_jobs, 2);
    assert_string_equal(page->jobs[0]->job_id, open);
    assert_int_equal(page->jobs[0]->n_chunks, 1); /* the other one is done */
    assert_int_equal(page->jobs[0]->chunks[0]->chunk_number, 1);
    assert_string_equal(page->jobs[1]->job_id, stopped);
    assert_int_equal(page->jobs[1]->chunks[0]->status, TP__CHUNK_STATUS__IN_FLIGHT);
    assert_true(page->jobs[1]->chunks[0]->lease_left_ms > 20000);
    page = snapshot(world, world->epoch, page->next_cursor);
    assert_int_equal(page->n_controls, 0);
    page = snapshot(world, world->epoch, page->next_cursor);
    assert_int_equal(page->n_calls, 2);
    assert_true(page->calls[0]->is_settled);
    assert_int_equal(page->calls[0]->tokens, 120);
    assert_false(page->calls[1]->is_settled);
    assert_int_equal(page->calls[1]->tokens, 1000);
    assert_true(page->calls[1]->granted_in_ms <= 0 && page->calls[1]->lease_in_ms > 0);
    page = snapshot(world, world->epoch, page->next_cursor);
    assert_int_equal(page->n_spends, 0);
    page = snapshot(world, world->epoch, page->next_cursor);
    assert_int_equal(page->n_ended, 1);
    assert_string_equal(page->next_cursor, "");
}

static void pages_of_a_snapshot_leave_nothing_out(void **state)
{
    enum { JOBS = 1100 };
    struct world *world = *state;
    lead(world, "leader");
    sql_do(world,
           "insert into analysis_jobs (job_id, tenant_id, user_id, service_class, tasks,"
           " total_tweets, total_chunks, deadline_at)"
           " select gen_random_uuid(), 'acme', 'u', 3, '{}', 1, 1, 'now'"
           " from generate_series(1, %d)",
           JOBS);
    size_t jobs = 0;
    const char *cursor = "";
    for (int pages = 1; cursor[0] != 'k'; pages++) {
        const Tp__SnapshotReply *page = snapshot(world, world->epoch, cursor);
        jobs += page->n_jobs;
        cursor = page->next_cursor;
        assert_true(pages < 5);
    }
    assert_int_equal(jobs, JOBS);
}

static void what_changed_is_told_page_by_page(void **state)
{
    struct world *world = *state;
    const char *quiet = submitted(world, "ann", 1, 1);
    sql_do(world, "update analysis_jobs set updated_at = clock_timestamp() - interval '1 minute'");
    const char *loud = submitted(world, "bob", 1, 1);
    const Tp__ChangedReply *all = changed(world, 0, "");
    assert_int_equal(all->n_jobs, 2);
    assert_string_equal(all->next_job_id, "");
    const Tp__ChangedReply *recent = changed(world, all->now_us - 10 * 1000 * 1000, "");
    assert_int_equal(recent->n_jobs, 1);
    assert_string_equal(recent->jobs[0]->job_id, loud);
    lead(world, "leader");
    grant(world, quiet, 0); /* no event beyond the first, but a change */
    assert_int_equal(changed(world, recent->now_us, "")->n_jobs, 1);
    const Tp__ChangedReply *rest = changed(world, 5, quiet);
    assert_int_equal(rest->n_jobs, 1);
    assert_string_equal(rest->jobs[0]->job_id, loud);
    assert_int_equal(rest->now_us, 5);
}

static void every_page_is_for_the_leader_alone(void **state)
{
    static const char *const cursors[] = {"", "c:0:0:0", "s:1:", "k:0", "e:"};
    struct world *world = *state;
    lead(world, "leader");
    for (size_t i = 0; i < sizeof cursors / sizeof cursors[0]; i++) {
        assert_false(snapshot(world, world->epoch, cursors[i])->is_fenced);
        const Tp__SnapshotReply *page = snapshot(world, world->epoch - 1, cursors[i]);
        assert_true(page->is_fenced);
        assert_string_equal(page->next_cursor, "");
    }
    assert_null(snapshot(world, world->epoch, "x:1"));
    assert_int_equal(world->why.kind, ERROR_INVALID);
}

static void a_call_is_told_with_all_that_windows_need(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 3, 1);
    lead(world, "leader");
    Tp__Outcome *outcome = outcome_of(world, grant(world, job, 2)->dispatch);
    assert_int_equal(read_all(world).first_call->micros, 500);
    outcome->outcome_class = TP__OUTCOME_CLASS__SERVER_ERROR;
    outcome->n_results = 0;
    commit_one(world, outcome);
    const Tp__CallRecord *call = read_all(world).first_call;
    assert_string_equal(call->job_id, job);
    assert_int_equal(call->chunk_number, 2);
    assert_int_equal(call->attempt, 1);
    assert_string_equal(call->user_id, "ann");
    assert_string_equal(call->endpoint, "main");
    assert_int_equal(call->micros, 27); /* 100 x 150 + 20 x 600 nanos */
    assert_int_equal(call->outcome_class, TP__OUTCOME_CLASS__SERVER_ERROR);
    assert_true(call->was_called);
}

/* The last page of a snapshot: the calls that have ended. */
static const Tp__SnapshotReply *ended(struct world *world)
{
    const Tp__SnapshotReply *page = snapshot(world, world->epoch, "e:");
    assert_true(pack_snapshot_reply(world->desk.arena, page).length < REPLY_MAX_BYTES);
    assert_string_equal(page->next_cursor, "");
    return page;
}

static void a_call_that_has_ended_is_told_with_what_its_server_asked_for(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 3, 1);
    lead(world, "leader");
    Tp__Outcome *outcome = outcome_of(world, grant(world, job, 2)->dispatch);
    assert_int_equal(ended(world)->n_ended, 0);
    Tp__ServerLimits limits = TP__SERVER_LIMITS__INIT;
    limits.requests = 60;
    limits.requests_reset_ms = 45000;
    limits.has_requests_left = 1;
    limits.tokens = 9000;
    limits.tokens_left = 500;
    limits.has_tokens_left = 1;
    outcome->outcome_class = TP__OUTCOME_CLASS__RATE_LIMITED;
    outcome->n_results = 0;
    outcome->retry_after_ms = 120000;
    outcome->server_limits = &limits;
    commit_one(world, outcome);
    assert_int_equal(ended(world)->n_ended, 1);
    const Tp__EndedCall *call = ended(world)->ended[0];
    assert_string_equal(call->endpoint, "main");
    assert_true(call->granted_ago_ms >= call->settled_ago_ms && call->granted_ago_ms < 60000);
    assert_int_equal(call->outcome_class, TP__OUTCOME_CLASS__RATE_LIMITED);
    assert_true(call->was_called && !call->is_probe);
    assert_int_equal(call->tokens, 120);
    assert_int_equal(call->retry_after_ms, 120000);
    assert_int_equal(call->server_limits->requests, 60);
    assert_int_equal(call->server_limits->requests_left, 0);
    assert_true(call->server_limits->has_requests_left);
    assert_int_equal(call->server_limits->requests_reset_ms, 45000);
    assert_int_equal(call->server_limits->tokens, 9000);
    assert_int_equal(call->server_limits->tokens_left, 500);
    assert_true(call->server_limits->has_tokens_left);
}

/* Nothing binds by it, and most answers tell it. */
static void what_a_server_says_of_limits_that_are_not_used_up_is_not_kept(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 1);
    lead(world, "leader");
    Tp__Outcome *outcome = outcome_of(world, grant(world, job, 0)->dispatch);
    Tp__ServerLimits limits = TP__SERVER_LIMITS__INIT;
    limits.requests = 60;
    limits.requests_left = 1;
    limits.has_requests_left = 1;
    outcome->server_limits = &limits;
    commit_one(world, outcome);
    assert_int_equal(sql_number(world, "select count(*) from llm_calls where asked is null"), 1);
    assert_int_equal(ended(world)->n_ended, 1);
    assert_null(ended(world)->ended[0]->server_limits);
}

static void the_last_calls_of_each_endpoint_are_told_however_old(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    calls_ago(world, 1, "25 hours", "main");
    calls_ago(world, 3, "20 hours", "main");
    calls_ago(world, 2, "3 minutes", "second");
    sql_do(world, "update llm_calls set is_probe = true where endpoint = 'main';"
                  " update llm_calls set was_called = false, outcome_class = 10"
                  " where endpoint = 'second'");
    calls_ago(world, 1, "1 minute", "third");
    sql_do(world, "update llm_calls set was_called = false, outcome_class = 1"
                  " where endpoint = 'third'"); /* as a cached answer */
    const Tp__SnapshotReply *page = ended(world);
    assert_int_equal(page->n_ended, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(page->ended[i]->endpoint, i < 3 ? "main" : "second");
        assert_int_equal(page->ended[i]->is_probe, i < 3);
        assert_true(i == 0 || page->ended[i]->settled_ago_ms <= page->ended[i - 1]->settled_ago_ms);
    }
    calls_ago(world, 700, "2 minutes", "main");
    page = ended(world);
    assert_int_equal(page->n_ended, 502);
    assert_string_equal(page->ended[0]->endpoint, "second");
}

/* It was granted long before all others that are told. */
static void a_slow_call_is_among_the_last_that_ended(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    calls_ago(world, 1, "90 seconds", "main");
    sql_do(world, "update llm_calls set settled_at = clock_timestamp(), outcome_class = 11,"
                  " asked = '{60000,0,-1,0,0,-1,0}'");
    calls_ago(world, 600, "20 seconds", "main");
    const Tp__SnapshotReply *page = ended(world);
    assert_int_equal(page->n_ended, 500);
    assert_int_equal(page->ended[499]->retry_after_ms, 60000);
}

static void what_was_spent_is_told_by_stretches_of_tenants_and_endpoints(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    calls_ago(world, 3, "40 minutes", "main");
    calls_ago(world, 2, "40 minutes", "second");
    calls_ago(world, 1, "3 hours", "main");
    calls_ago(world, 9, "25 hours", "main");
    struct whole whole = read_all(world);
    assert_int_equal(whole.calls, 0);
    assert_int_equal(whole.spends, 2 + 3);
    assert_int_equal(whole.micros_of_tenants, 60);
    assert_int_equal(whole.micros_of_endpoints, 60);
    assert_in_range(whole.first_spend->ended_ago_ms, 9900 * 1000, 10801 * 1000);
}

static void set_limits_of(struct world *world, const char *user)
{
    Tp__Limits limits = TP__LIMITS__INIT;
    Tp__Control control = TP__CONTROL__INIT;
    limits.micros_per_day = 1000;
    control.scope = TP__CONTROL_SCOPE__USER;
    control.state = TP__CONTROL_STATE__OPEN;
    control.tenant_id = "acme";
    control.name = user;
    control.limits = &limits;
    set_control(world, &control);
}

/* Before its stretch is summed up, and after. */
static void what_a_user_spent_is_told_apart_if_it_has_limits(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    calls_ago(world, 3, "70 minutes", "main");
    calls_ago(world, 2, "70 minutes", "second");
    sql_do(world, "update llm_calls set user_id = 'bob' where endpoint = 'main'"
                  " and mod(call_id, 2) = 0");
    uint64_t of_bob = 10 * (uint64_t)sql_number(world, "select count(*) from llm_calls"
                                                       " where user_id = 'bob'");
    assert_true(of_bob > 0 && of_bob < 50);
    assert_int_equal(read_all(world).micros_of_users, 0);
    set_limits_of(world, "bob");
    for (int i = 0; i < 2; i++) {
        struct whole whole = read_all(world);
        assert_int_equal(whole.micros_of_users, of_bob);
        assert_int_equal(whole.micros_of_tenants, 50);
        assert_int_equal(whole.micros_of_endpoints, 50);
        sql_do(world, "select sum_up_spends(4)");
        assert_true(sql_number(world, "select count(*) from spends") > 0);
    }
}

static void a_call_is_recent_or_spent_but_never_both(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    calls_ago(world, 1, "30 seconds", "main");
    calls_ago(world, 1, "145 seconds", "main"); /* its lease ended 115 s ago */
    calls_ago(world, 1, "155 seconds", "main");
    struct whole whole = read_all(world);
    assert_int_equal(whole.calls, 2);
    assert_int_equal(whole.micros_of_endpoints, 10);
    /* Settled between two pages: the pages are of one time, to which it was long over. */
    sql_do(world, "update llm_calls set settled_at = null"
                  " where granted_at < clock_timestamp() - interval '150 s'");
    const Tp__SnapshotReply *page = snapshot(world, world->epoch, "c:0:0:0");
    assert_int_equal(page->n_calls, 2);
    sql_do(world, "update llm_calls set settled_at = clock_timestamp() where settled_at is null");
    page = snapshot(world, world->epoch, page->next_cursor);
    assert_int_equal(page->spends[0]->micros, 10);
    assert_int_equal(read_all(world).calls, 3);
}

static void summed_up_stretches_say_the_same_and_a_lost_outcome_its_reservation(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    calls_ago(world, 4, "20 hours", "main");
    calls_ago(world, 4, "70 minutes", "main");
    calls_ago(world, 4, "5 minutes", "main");
    sql_do(world, "update llm_calls set settled_at = null where call_id ="
                  " (select min(call_id) from llm_calls)");
    struct whole before = read_all(world);
    assert_int_equal(before.micros_of_tenants, 50 + 11 * 10);
    sql_do(world, "select sum_up_spends(1); select sum_up_spends(4); select sum_up_spends(4)");
    assert_int_equal(sql_number(world, "select count(*) from spends"), 2);
    struct whole after = read_all(world);
    assert_int_equal(after.micros_of_tenants, before.micros_of_tenants);
    assert_int_equal(after.spends, before.spends);
    sql_do(world, "update spends set began_at = began_at - interval '6 hours'"
                  " where began_at < clock_timestamp() - interval '19 hours';"
                  " select sum_up_spends(1)");
    assert_int_equal(sql_number(world, "select count(*) from spends"), 1);
}

static void pages_stay_bounded_however_much_there_is(void **state)
{
    enum { CALLS = 7000, CONTROLS = 1100, STRETCHES = 9000, ENDPOINTS = 15 };
    struct world *world = *state;
    lead(world, "leader");
    for (int i = 0; i < ENDPOINTS; i++)
        calls_ago(world, 500, "5 hours",
                  arena_format(world->desk.arena, "an-endpoint-with-its-longest-n%02d", i));
    sql_do(world, "update llm_calls set micros = 0, outcome_class = 3, is_probe = true,"
                  " asked = '{2147483647,2147483647,0,2147483647,2147483647,0,2147483647}'");
    assert_int_equal(ended(world)->n_ended, 6000);
    calls_ago(world, CALLS, "10 seconds", "an-endpoint-with-its-longest-nam");
    sql_do(world, "update llm_calls set tenant_id = repeat('t', 64)");
    sql_do(world,
           "insert into controls select 4, repeat('t', 64), repeat('u', 100) || i, 2,"
           " repeat('m', 1000), 0, 0, 1, 1, 1, 1, true, i, false, 'test'"
           " from generate_series(1, %d) i",
           CONTROLS);
    sql_do(world,
           "insert into spends select now() - interval '5 hours', repeat('t', 59) || i, '',"
           " 'main', 1 from generate_series(1, %d) i",
           STRETCHES);
    struct whole whole = read_all(world);
    assert_int_equal(whole.calls, CALLS);
    assert_int_equal(whole.controls, CONTROLS);
    assert_int_equal(whole.spends, STRETCHES + 1);
    assert_int_equal(whole.micros_of_tenants, STRETCHES);
}

static void changed_controls_are_told_with_removed_ones(void **state)
{
    struct world *world = *state;
    Tp__Control control = TP__CONTROL__INIT;
    control.scope = TP__CONTROL_SCOPE__SYSTEM;
    control.state = TP__CONTROL_STATE__HELD;
    set_control(world, &control);
    sql_do(world, "update controls set set_at = set_at - interval '1 hour'");
    const Tp__ChangedReply *all = changed(world, 0, "");
    assert_int_equal(all->n_controls, 1);
    int64_t since_us = all->now_us - 10 * 1000 * 1000;
    assert_int_equal(changed(world, since_us, "")->n_controls, 0);
    control.is_removed = true;
    set_control(world, &control);
    const Tp__ChangedReply *recent = changed(world, since_us, "");
    assert_int_equal(recent->n_controls, 1);
    assert_true(recent->controls[0]->is_removed);
}

static void changed_controls_come_after_the_jobs_page_by_page(void **state)
{
    enum { CONTROLS = 400 };
    struct world *world = *state;
    submitted(world, "ann", 1, 1);
    sql_do(world,
           "insert into controls select 4, repeat('t', 64), repeat('u', 100) || i, 2,"
           " repeat('m', 1000), 0, 0, 1, 1, 1, 1, true, i + 281474976710000, false, 'test'"
           " from generate_series(1, %d) i",
           CONTROLS);
    size_t jobs = 0, controls = 0;
    const char *after = "";
    int pages = 0;
    do {
        const Tp__ChangedReply *page = changed(world, 7, after);
        assert_true(pack_changed_reply(world->desk.arena, page).length < REPLY_MAX_BYTES);
        assert_true(after[0] == '\0' || page->now_us == 7);
        jobs += page->n_jobs;
        controls += page->n_controls;
        after = page->next_job_id;
        assert_true(++pages < PAGES_MAX);
    } while (after[0] != '\0');
    assert_int_equal(jobs, 1);
    assert_int_equal(controls, CONTROLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FRESH_WORLD(a_snapshot_has_what_is_unfinished_or_in_flight),
        WITH_FRESH_WORLD(pages_of_a_snapshot_leave_nothing_out),
        WITH_FRESH_WORLD(every_page_is_for_the_leader_alone),
        WITH_FRESH_WORLD(a_call_is_told_with_all_that_windows_need),
        WITH_FRESH_WORLD(a_call_that_has_ended_is_told_with_what_its_server_asked_for),
        WITH_FRESH_WORLD(what_a_server_says_of_limits_that_are_not_used_up_is_not_kept),
        WITH_FRESH_WORLD(the_last_calls_of_each_endpoint_are_told_however_old),
        WITH_FRESH_WORLD(a_slow_call_is_among_the_last_that_ended),
        WITH_FRESH_WORLD(what_was_spent_is_told_by_stretches_of_tenants_and_endpoints),
        WITH_FRESH_WORLD(what_a_user_spent_is_told_apart_if_it_has_limits),
        WITH_FRESH_WORLD(a_call_is_recent_or_spent_but_never_both),
        WITH_FRESH_WORLD(summed_up_stretches_say_the_same_and_a_lost_outcome_its_reservation),
        WITH_FRESH_WORLD(pages_stay_bounded_however_much_there_is),
        WITH_FRESH_WORLD(what_changed_is_told_page_by_page),
        WITH_FRESH_WORLD(changed_controls_are_told_with_removed_ones),
        WITH_FRESH_WORLD(changed_controls_come_after_the_jobs_page_by_page),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
