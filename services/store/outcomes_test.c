/* The protocol's steps from the outcome to the end, against a real Postgres, one promise a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "desk_for_test.h"

/* Lets the chunk's waiting time or lease be over. */
static void make_due(struct world *world)
{
    sql_do(world, "update chunks set retry_at = '-infinity'");
}

static void end_leases(struct world *world)
{
    sql_do(world, "update chunks set lease_until = clock_timestamp() - interval '1 s'");
}

/* Leaves the first `kept` results and reports the others with this class. */
static void leave_out(Tp__Outcome *outcome, size_t kept, Tp__OutcomeClass outcome_class)
{
    outcome->n_results = kept;
    outcome->outcome_class = outcome_class;
}

/* ---- 7 outcomes ---- */

static void the_last_open_post_finishes_the_job(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 2, 3);
    lead(world, "leader");
    assert_int_equal(commit_one(world, outcome_of(world, grant(world, job, 0)->dispatch)),
                     VERDICT_COMMITTED);
    assert_int_equal(view(world, job)->status, TP__JOB_STATUS__PROCESSING);
    assert_int_equal(view(world, job)->progress->processed_posts, 3);
    commit_one(world, outcome_of(world, grant(world, job, 1)->dispatch));
    const Tp__JobView *seen = view(world, job);
    assert_int_equal(seen->status, TP__JOB_STATUS__COMPLETED);
    assert_int_equal(seen->progress->processed_posts, 6);
    assert_int_equal(seen->progress->done_chunks, 2);
    assert_int_equal(seen->llm_calls, 2);
    assert_int_equal(seen->prompt_tokens, 200);
    assert_true(seen->completed_ms > 0);
    const Tp__ResultsReply *rows = results(world, job, 0, 100);
    assert_int_equal(rows->n_rows, 6);
    assert_memory_equal(rows->rows[4]->data_json.data, "{\"seq\": 4}", 10);
    assert_string_equal(rows->rows[4]->post_id, "p5");
    assert_int_equal(sql_number(world, "select count(*) from in_flight"), 0);
}

static void a_repeated_outcome_is_stale_and_changes_nothing(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 2, 3);
    lead(world, "leader");
    Tp__Outcome *outcome = outcome_of(world, grant(world, job, 0)->dispatch);
    assert_int_equal(commit_one(world, outcome), VERDICT_COMMITTED);
    assert_int_equal(commit_one(world, outcome), VERDICT_STALE);
    assert_int_equal(view(world, job)->progress->processed_posts, 3);
    assert_int_equal(view(world, job)->llm_calls, 1);
}

static void an_outcome_of_a_lost_attempt_settles_its_call_and_no_more(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 3);
    lead(world, "leader");
    Tp__Outcome *lost = outcome_of(world, grant(world, job, 0)->dispatch);
    end_leases(world);
    Tp__BatchItem *reap = item_of(world, TP__BATCH_OPERATION__REAP, job, 0);
    reap->attempt = 1;
    assert_int_equal(run_item(world, reap)->result, TP__BATCH_RESULT__REAPED);
    assert_int_equal(grant(world, job, 0)->dispatch->attempt, 2);
    assert_int_equal(commit_one(world, lost), VERDICT_WASTED);
    assert_int_equal(commit_one(world, lost), VERDICT_STALE);
    assert_int_equal(view(world, job)->progress->processed_posts, 0);
    assert_int_equal(view(world, job)->llm_calls, 1);
    assert_int_equal(sql_number(world, "select count(*) from in_flight"), 1);
}

static void posts_left_out_stay_open_and_their_chunk_waits(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 5);
    lead(world, "leader");
    Tp__Outcome *outcome = outcome_of(world, grant(world, job, 0)->dispatch);
    leave_out(outcome, 1, TP__OUTCOME_CLASS__PARTIAL);
    commit_one(world, outcome);
    const Tp__JobEvent *event = world->desk.made.list[world->desk.made.count - 1];
    assert_string_equal(event->kind, "progress");
    assert_int_equal(event->job->chunks[0]->open_posts, 4);
    assert_int_equal(event->job->chunks[0]->tries, 1);
    assert_true(event->job->chunks[0]->retry_in_ms >= 1400);
    assert_true(event->job->chunks[0]->text_bytes < 60);
    assert_int_equal(grant(world, job, 0)->result, TP__BATCH_RESULT__BUSY);
    make_due(world);
    const Tp__Dispatch *rest = grant(world, job, 0)->dispatch;
    assert_int_equal(rest->n_posts, 4);
    assert_int_equal(rest->posts[0]->seq, 1);
}

static void an_answer_to_a_quarter_of_the_posts_is_no_try_and_nothing_is_waited_for(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 8);
    lead(world, "leader");
    Tp__Outcome *outcome = outcome_of(world, grant(world, job, 0)->dispatch);
    leave_out(outcome, 2, TP__OUTCOME_CLASS__PARTIAL);
    commit_one(world, outcome);
    const Tp__JobEvent *event = world->desk.made.list[world->desk.made.count - 1];
    assert_int_equal(event->job->chunks[0]->tries, 0);
    assert_int_equal(event->job->chunks[0]->last_class, TP__OUTCOME_CLASS__OK);
    outcome = outcome_of(world, grant(world, job, 0)->dispatch);
    leave_out(outcome, 1, TP__OUTCOME_CLASS__PARTIAL); /* one of six */
    commit_one(world, outcome);
    assert_int_equal(sql_number(world, "select tries from chunks"), 1);
    make_due(world);
    outcome = outcome_of(world, grant(world, job, 0)->dispatch);
    leave_out(outcome, 4, TP__OUTCOME_CLASS__PARTIAL);
    commit_one(world, outcome);
    assert_int_equal(sql_number(world, "select tries from chunks"), 1);
    assert_int_equal(grant(world, job, 0)->dispatch->n_posts, 1);
}

static void only_the_chunks_own_faults_are_tries(void **state)
{
    static const struct {
        Tp__OutcomeClass outcome_class;
        int tries;
    } cases[] = {
        {TP__OUTCOME_CLASS__PARTIAL, 1},         {TP__OUTCOME_CLASS__RATE_LIMITED, 0},
        {TP__OUTCOME_CLASS__QUOTA_EXHAUSTED, 0}, {TP__OUTCOME_CLASS__TOO_LARGE, 3},
        {TP__OUTCOME_CLASS__TRUNCATED, 3},       {TP__OUTCOME_CLASS__INVALID_ANSWER, 1},
        {TP__OUTCOME_CLASS__CONTENT_FILTER, 3},  {TP__OUTCOME_CLASS__TIMEOUT, 1},
        {TP__OUTCOME_CLASS__CONNECTION, 0},      {TP__OUTCOME_CLASS__SERVER_ERROR, 0},
        {TP__OUTCOME_CLASS__BAD_REQUEST, 1},     {TP__OUTCOME_CLASS__AUTH, 0},
        {TP__OUTCOME_CLASS__ABORTED, 0},         {TP__OUTCOME_CLASS__OK, 1},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world_fresh(state);
        const char *job = submitted(world, "ann", 1, 2);
        lead(world, "leader");
        Tp__Outcome *outcome = outcome_of(world, grant(world, job, 0)->dispatch);
        leave_out(outcome, 0, cases[i].outcome_class);
        commit_one(world, outcome);
        assert_int_equal(sql_number(world, "select tries from chunks"), cases[i].tries);
        assert_int_equal(sql_number(world, "select last_class from chunks"),
                         cases[i].outcome_class);
    }
}

static void what_the_server_asks_for_is_waited_for(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 2);
    lead(world, "leader");
    Tp__Outcome *outcome = outcome_of(world, grant(world, job, 0)->dispatch);
    leave_out(outcome, 0, TP__OUTCOME_CLASS__RATE_LIMITED);
    outcome->retry_after_ms = 20000;
    commit_one(world, outcome);
    assert_in_range(sql_number(world,
                               "select extract(epoch from retry_at - clock_timestamp()) * 1000"
                               " from chunks"),
                    15000, 20000);
}

static void a_final_reason_is_a_posts_answer(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 3);
    lead(world, "leader");
    Tp__Outcome *outcome = outcome_of(world, grant(world, job, 0)->dispatch);
    Tp__MissingPost lost = TP__MISSING_POST__INIT;
    lost.seq = 2;
    lost.reason = "unanalysable";
    lost.is_final = true;
    leave_out(outcome, 2, TP__OUTCOME_CLASS__PARTIAL);
    outcome->n_missing = 1;
    outcome->missing = (Tp__MissingPost *[]){&lost};
    commit_one(world, outcome);
    const Tp__JobView *seen = view(world, job);
    assert_int_equal(seen->status, TP__JOB_STATUS__COMPLETED);
    assert_int_equal(seen->progress->processed_posts, 2);
    assert_int_equal(seen->progress->failed_posts, 1);
    const Tp__ResultRow *row = results(world, job, 2, 1)->rows[0];
    assert_string_equal(row->reason, "unanalysable");
    assert_int_equal(row->data_json.len, 0);
    assert_int_equal(sql_number(world, "select tries from chunks"), 0);
}

static void a_job_without_a_single_result_has_failed(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 1);
    lead(world, "leader");
    Tp__Outcome *outcome = outcome_of(world, grant(world, job, 0)->dispatch);
    Tp__MissingPost lost = TP__MISSING_POST__INIT;
    lost.reason = "refused";
    lost.is_final = true;
    leave_out(outcome, 0, TP__OUTCOME_CLASS__CONTENT_FILTER);
    outcome->n_missing = 1;
    outcome->missing = (Tp__MissingPost *[]){&lost};
    commit_one(world, outcome);
    assert_int_equal(view(world, job)->status, TP__JOB_STATUS__FAILED);
    assert_true(view(world, job)->error[0] != '\0');
}

static void the_higher_provenance_wins_and_an_equal_one_keeps_the_first(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 2);
    lead(world, "leader");
    Tp__Outcome *outcome = outcome_of(world, grant(world, job, 0)->dispatch);
    Tp__PostResult worse = *outcome->results[0], same = *outcome->results[1];
    worse.provenance = TP__PROVENANCE__FROM_EMBEDDED;
    worse.model = "embedded";
    same.model = "second";
    Tp__PostResult *four[] = {&worse, outcome->results[0], outcome->results[1], &same};
    outcome->results = four;
    outcome->n_results = 4;
    commit_one(world, outcome);
    const Tp__ResultsReply *rows = results(world, job, 0, 10);
    assert_int_equal(rows->n_rows, 2);
    assert_int_equal(rows->rows[0]->provenance, TP__PROVENANCE__FROM_LLM);
    assert_string_equal(rows->rows[1]->model, "m");
}

static void unknown_usage_settles_at_its_reservation(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 1);
    lead(world, "leader");
    Tp__Outcome *outcome = outcome_of(world, grant(world, job, 0)->dispatch);
    leave_out(outcome, 0, TP__OUTCOME_CLASS__ABORTED);
    outcome->usage->is_known = false;
    commit_one(world, outcome);
    assert_int_equal(sql_number(world, "select tokens from llm_calls"), 1000);
}

static void a_bad_outcome_spoils_the_batch_and_nothing_of_it_is_kept(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 1), *other = submitted(world, "bob", 1, 1);
    lead(world, "leader");
    Tp__Outcome *good = outcome_of(world, grant(world, job, 0)->dispatch);
    Tp__Outcome *bad = outcome_of(world, grant(world, other, 0)->dispatch);
    bad->results[0]->data_json = (ProtobufCBinaryData){5, (uint8_t *)(uintptr_t)"{bad}"};
    const Tp__Outcome *both[] = {good, bad};
    enum verdict verdicts[2];
    assert_false(commit_outcomes(world->desk.db, world->desk.arena, both, 2, verdicts,
                                 &world->desk.made, &world->why));
    assert_int_equal(world->why.kind, ERROR_INVALID);
    assert_int_equal(sql_number(world, "select count(*) from analysis_results"), 0);
    assert_int_equal(commit_one(world, good), VERDICT_COMMITTED);
}

/* ---- 8 reap, release, split ---- */

static void a_lease_that_still_runs_is_not_reaped(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 2);
    lead(world, "leader");
    grant(world, job, 0);
    Tp__BatchItem *reap = item_of(world, TP__BATCH_OPERATION__REAP, job, 0);
    reap->attempt = 1;
    reap->is_charged = true;
    assert_int_equal(run_item(world, reap)->result, TP__BATCH_RESULT__EARLY);
    end_leases(world);
    reap->attempt = 2;
    assert_int_equal(run_item(world, reap)->result, TP__BATCH_RESULT__GONE);
    reap->attempt = 1;
    const Tp__BatchItemReply *reply = run_item(world, reap);
    assert_int_equal(reply->result, TP__BATCH_RESULT__REAPED);
    assert_int_equal(reply->chunk->tries, 1);
    assert_int_equal(reply->chunk->status, TP__CHUNK_STATUS__READY);
    assert_int_equal(sql_number(world, "select count(*) from llm_calls where settled_at is null"),
                     1);
}

static void only_its_own_epoch_releases_a_grant(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 2);
    lead(world, "leader");
    grant(world, job, 0);
    Tp__BatchItem *release = item_of(world, TP__BATCH_OPERATION__RELEASE, job, 0);
    release->attempt = 1;
    lead(world, "leader");
    assert_int_equal(run_item(world, release)->result, TP__BATCH_RESULT__GONE);
    sql_do(world, "update chunks set epoch = %llu", (unsigned long long)world->epoch);
    assert_int_equal(run_item(world, release)->result, TP__BATCH_RESULT__RELEASED);
    assert_int_equal(sql_number(world, "select tokens from llm_calls where settled_at notnull"), 0);
    assert_int_equal(grant(world, job, 0)->dispatch->attempt, 2);
}

static void a_chunk_out_of_tries_is_split_in_two(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 5);
    lead(world, "leader");
    Tp__BatchItem *split = item_of(world, TP__BATCH_OPERATION__SPLIT, job, 0);
    assert_int_equal(run_item(world, split)->result, TP__BATCH_RESULT__GONE);
    Tp__Outcome *outcome = outcome_of(world, grant(world, job, 0)->dispatch);
    leave_out(outcome, 0, TP__OUTCOME_CLASS__TRUNCATED);
    commit_one(world, outcome);
    const Tp__BatchItemReply *reply = run_item(world, split);
    assert_int_equal(reply->result, TP__BATCH_RESULT__WAS_SPLIT);
    assert_int_equal(reply->n_parts, 2);
    assert_int_equal(reply->parts[0]->chunk_number, 1);
    assert_int_equal(reply->parts[0]->open_posts, 2);
    assert_int_equal(reply->parts[1]->open_posts, 3);
    assert_int_equal(reply->parts[1]->depth, 1);
    assert_int_equal(reply->chunk->status, TP__CHUNK_STATUS__DONE);
    assert_int_equal(view(world, job)->progress->total_chunks, 3);
    commit_one(world, outcome_of(world, grant(world, job, 1)->dispatch));
    commit_one(world, outcome_of(world, grant(world, job, 2)->dispatch));
    assert_int_equal(view(world, job)->status, TP__JOB_STATUS__COMPLETED);
    assert_int_equal(results(world, job, 0, 10)->n_rows, 5);
}

/* ---- an early end ---- */

static void a_cancelled_chunk_in_flight_keeps_its_place_until_its_outcome(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 2, 2), *next = submitted(world, "ann", 1, 1);
    lead(world, "leader");
    Tp__Outcome *outcome = outcome_of(world, grant(world, job, 0)->dispatch);
    const Tp__JobView *seen = cancel(world, job);
    assert_int_equal(seen->status, TP__JOB_STATUS__CANCELLED);
    assert_int_equal(seen->progress->failed_posts, 4);
    assert_int_equal(cancel(world, job)->event_number, seen->event_number);
    assert_int_equal(grant(world, next, 0)->result, TP__BATCH_RESULT__BUSY);
    assert_int_equal(grant(world, job, 1)->result, TP__BATCH_RESULT__GONE);
    assert_int_equal(commit_one(world, outcome), VERDICT_LATE);
    assert_int_equal(view(world, job)->status, TP__JOB_STATUS__CANCELLED);
    assert_int_equal(view(world, job)->progress->processed_posts, 0);
    assert_int_equal(view(world, job)->llm_calls, 1);
    assert_int_equal(grant(world, next, 0)->result, TP__BATCH_RESULT__GRANTED);
    const Tp__ResultsReply *rows = results(world, job, 0, 10);
    assert_int_equal(rows->n_rows, 4);
    assert_string_equal(rows->rows[0]->reason, "cancelled");
}

static void a_cancelled_chunk_whose_lease_ended_is_done(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 2);
    lead(world, "leader");
    grant(world, job, 0);
    cancel(world, job);
    end_leases(world);
    Tp__BatchItem *reap = item_of(world, TP__BATCH_OPERATION__REAP, job, 0);
    reap->attempt = 1;
    const Tp__BatchItemReply *reply = run_item(world, reap);
    assert_int_equal(reply->result, TP__BATCH_RESULT__REAPED);
    assert_int_equal(reply->chunk->status, TP__CHUNK_STATUS__DONE);
    assert_int_equal(view(world, job)->progress->done_chunks, 1);
}

static void a_finished_job_is_not_cancelled_any_more(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 1);
    lead(world, "leader");
    commit_one(world, outcome_of(world, grant(world, job, 0)->dispatch));
    assert_int_equal(cancel(world, job)->status, TP__JOB_STATUS__COMPLETED);
}

static void a_job_past_its_deadline_expires_and_keeps_what_it_has(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 2, 2);
    lead(world, "leader");
    commit_one(world, outcome_of(world, grant(world, job, 0)->dispatch));
    assert_int_equal(sql_number(world, "select count(*) from expire_jobs(10)"), 0);
    sql_do(world, "update analysis_jobs set deadline_at = clock_timestamp()");
    assert_int_equal(sql_number(world, "select count(*) from expire_jobs(10)"), 1);
    assert_int_equal(sql_number(world, "select count(*) from expire_jobs(10)"), 0);
    const Tp__JobView *seen = view(world, job);
    assert_int_equal(seen->status, TP__JOB_STATUS__EXPIRED);
    assert_int_equal(seen->progress->processed_posts, 2);
    assert_int_equal(seen->progress->failed_posts, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FRESH_WORLD(the_last_open_post_finishes_the_job),
        WITH_FRESH_WORLD(a_repeated_outcome_is_stale_and_changes_nothing),
        WITH_FRESH_WORLD(an_outcome_of_a_lost_attempt_settles_its_call_and_no_more),
        WITH_FRESH_WORLD(posts_left_out_stay_open_and_their_chunk_waits),
        WITH_FRESH_WORLD(an_answer_to_a_quarter_of_the_posts_is_no_try_and_nothing_is_waited_for),
        WITH_FRESH_WORLD(only_the_chunks_own_faults_are_tries),
        WITH_FRESH_WORLD(what_the_server_asks_for_is_waited_for),
        WITH_FRESH_WORLD(a_final_reason_is_a_posts_answer),
        WITH_FRESH_WORLD(a_job_without_a_single_result_has_failed),
        WITH_FRESH_WORLD(the_higher_provenance_wins_and_an_equal_one_keeps_the_first),
        WITH_FRESH_WORLD(unknown_usage_settles_at_its_reservation),
        WITH_FRESH_WORLD(a_bad_outcome_spoils_the_batch_and_nothing_of_it_is_kept),
        WITH_FRESH_WORLD(a_lease_that_still_runs_is_not_reaped),
        WITH_FRESH_WORLD(only_its_own_epoch_releases_a_grant),
        WITH_FRESH_WORLD(a_chunk_out_of_tries_is_split_in_two),
        WITH_FRESH_WORLD(a_cancelled_chunk_in_flight_keeps_its_place_until_its_outcome),
        WITH_FRESH_WORLD(a_cancelled_chunk_whose_lease_ended_is_done),
        WITH_FRESH_WORLD(a_finished_job_is_not_cancelled_any_more),
        WITH_FRESH_WORLD(a_job_past_its_deadline_expires_and_keeps_what_it_has),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
