/* Rule 7: what was analysed without an endpoint is analysed again, and replaces what it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "cached_jobs.h"
#include "desk_for_test.h"

/* An outcome of a grant by the embedded analysis, for want of an endpoint. */
static Tp__Outcome *degraded_outcome(struct world *world, const char *job, uint32_t chunk)
{
    Tp__BatchItem *item = item_of(world, TP__BATCH_OPERATION__GRANT, job, chunk);
    item->mode = TP__ANALYSIS_MODE__BY_EMBEDDED;
    item->is_degraded = true;
    item->endpoint = "";
    const Tp__Dispatch *dispatch = run_item(world, item)->dispatch;
    assert_non_null(dispatch);
    Tp__Outcome *outcome = outcome_of(world, dispatch);
    outcome->was_called = false;
    return outcome;
}

/* A job that is over, all of it degraded. */
static const char *degraded(struct world *world, const char *user, unsigned chunks, unsigned posts)
{
    const char *job = submitted(world, user, chunks, posts);
    for (unsigned i = 0; i < chunks; i++)
        commit_one(world, degraded_outcome(world, job, i));
    assert_int_equal(view(world, job)->status, TP__JOB_STATUS__COMPLETED);
    return job;
}

static const Tp__JobEvent *last_event(struct world *world)
{
    assert_true(world->desk.made.count > 0);
    return world->desk.made.list[world->desk.made.count - 1];
}

/* The healing job made last. */
static const char *healing_job(struct world *world)
{
    const Tp__JobEvent *event = last_event(world);
    assert_string_equal(event->kind, "submitted");
    assert_true(event->job->is_healing);
    return event->job->job_id;
}

static uint32_t posts_healed(struct world *world, uint32_t most)
{
    return heal(world, world->epoch, most)->posts;
}

static void only_what_the_stand_in_itself_found_is_marked(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const char *job = submitted(world, "ann", 2, 3);
    Tp__Outcome *outcome = degraded_outcome(world, job, 0);
    outcome->results[1]->provenance = TP__PROVENANCE__FROM_CACHE;
    commit_one(world, outcome);
    assert_int_equal(sql_number(world, "select count(*) from analysis_results where is_degraded"),
                     2);
    Tp__BatchItem *item = item_of(world, TP__BATCH_OPERATION__GRANT, job, 1);
    item->mode = TP__ANALYSIS_MODE__BY_EMBEDDED; /* as the last resort: there is nothing better */
    commit_one(world, outcome_of(world, run_item(world, item)->dispatch));
    assert_int_equal(sql_number(world, "select count(*) from analysis_results where is_degraded"),
                     2);
}

static void healing_is_a_background_job_of_the_same_user_with_the_same_posts(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    degraded(world, "ann", 2, 3);
    const Tp__HealReply *reply = heal(world, world->epoch, 100);
    assert_int_equal(reply->posts, 6);
    assert_true(reply->has_more); /* until they are healed */
    const char *healing = healing_job(world);
    const Tp__JobState *known = job_state(world, healing);
    assert_true(known->is_healing);
    assert_string_equal(known->user_id, "ann");
    assert_int_equal(known->service_class, TP__SERVICE_CLASS__BACKGROUND);
    assert_int_equal(known->n_chunks, 1);
    assert_int_equal(known->chunks[0]->open_posts, 6);
    assert_in_range(known->deadline_left_ms, 86000 * 1000, 86400 * 1000);
    assert_true(snapshot(world, world->epoch, "")->jobs[0]->is_healing);
    assert_true(changed(world, 0, "")->n_jobs == 2);
    const Tp__Dispatch *dispatch = grant(world, healing, 0)->dispatch;
    assert_int_equal(dispatch->n_posts, 6);
    assert_int_equal(dispatch->posts[4]->seq, 4);
    assert_string_equal(dispatch->posts[4]->id, "p5");
    assert_memory_equal(dispatch->posts[4]->text.data, "text 4 ", 7);
    assert_string_equal(dispatch->tasks[1], "topics");
}

static void tenants_see_no_healing_jobs_and_their_queues_do_not_fill(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    degraded(world, "ann", 1, 1);
    posts_healed(world, 100);
    const char *healing = healing_job(world);
    assert_null(view(world, healing));
    assert_int_equal(world->why.kind, ERROR_NOT_FOUND);
    assert_null(results(world, healing, 0, 10));
    assert_null(cancel(world, healing));
    assert_int_equal(sql_number(world, "select count(*) from list_jobs('acme', '', '{}', null, 9)"),
                     1);
    assert_int_equal(
        sql_number(world, "select count(*) from list_jobs('acme', 'ann', '{}', null, 9)"), 1);
    assert_int_equal(sql_number(world, "select queued + processing from count_work()"), 0);
    world->limits.jobs_of_user = world->limits.jobs_of_tenant = 1;
    const Tp__SubmitJobReply *reply = submit(world, job_of(world, "ann", 1, 1));
    world->limits.jobs_of_user = world->limits.jobs_of_tenant = 100000;
    assert_non_null(reply);
}

static void what_healing_finds_replaces_what_was_there(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const char *job = degraded(world, "ann", 1, 3);
    const Tp__JobView *before = view(world, job);
    posts_healed(world, 100);
    commit_one(world, outcome_of(world, grant(world, healing_job(world), 0)->dispatch));
    const Tp__JobEvent *revised = last_event(world);
    assert_string_equal(revised->kind, "revised");
    assert_string_equal(revised->job->job_id, job);
    assert_false(revised->job->is_healing);
    assert_int_equal(revised->job->status, TP__JOB_STATUS__COMPLETED);
    assert_int_equal(revised->number, before->event_number + 1);
    const Tp__JobView *after = view(world, job);
    assert_int_equal(after->event_number, before->event_number + 1);
    assert_int_equal(after->status, before->status);
    assert_int_equal(after->progress->processed_posts, before->progress->processed_posts);
    assert_int_equal(after->completed_ms, before->completed_ms);
    assert_int_equal(after->micros, before->micros);
    const Tp__ResultsReply *rows = results(world, job, 0, 10);
    for (size_t i = 0; i < rows->n_rows; i++)
        assert_int_equal(rows->rows[i]->provenance, TP__PROVENANCE__FROM_LLM);
    assert_int_equal(sql_number(world, "select count(*) from analysis_results where is_degraded"),
                     0);
    const Tp__HealReply *reply = heal(world, world->epoch, 100);
    assert_int_equal(reply->posts, 0);
    assert_false(reply->has_more);
}

static void nothing_better_replaces_nothing_and_tells_nobody(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const char *job = degraded(world, "ann", 1, 2);
    uint32_t number = view(world, job)->event_number;
    posts_healed(world, 100);
    Tp__Outcome *outcome = outcome_of(world, grant(world, healing_job(world), 0)->dispatch);
    outcome->results[0]->provenance = TP__PROVENANCE__FROM_EMBEDDED;
    outcome->results[1]->provenance = TP__PROVENANCE__FROM_EMBEDDED;
    commit_one(world, outcome);
    assert_string_equal(last_event(world)->kind, "completed");
    assert_int_equal(view(world, job)->event_number, number);
    assert_int_equal(posts_healed(world, 100), 2);
}

static void each_commit_revises_what_it_brings_and_a_repeat_nothing(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const char *job = degraded(world, "ann", 1, 5);
    uint32_t number = view(world, job)->event_number;
    posts_healed(world, 100);
    const char *healing = healing_job(world);
    Tp__Outcome *part = outcome_of(world, grant(world, healing, 0)->dispatch);
    part->n_results = 2;
    part->outcome_class = TP__OUTCOME_CLASS__PARTIAL;
    assert_int_equal(commit_one(world, part), VERDICT_COMMITTED);
    assert_int_equal(view(world, job)->event_number, number + 1);
    assert_int_equal(commit_one(world, part), VERDICT_STALE);
    assert_int_equal(view(world, job)->event_number, number + 1);
    assert_int_equal(sql_number(world, "select count(*) from analysis_results where is_degraded"),
                     3);
    sql_do(world, "update chunks set retry_at = '-infinity'");
    commit_one(world, outcome_of(world, grant(world, healing, 0)->dispatch));
    assert_int_equal(view(world, job)->event_number, number + 2);
    assert_int_equal(sql_number(world, "select count(*) from analysis_results where is_degraded"),
                     0);
    assert_int_equal(sql_number(world, "select count(*) from job_events where kind = 'revised'"),
                     2);
}

static void outcomes_of_both_jobs_may_come_in_one_batch(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const char *job = submitted(world, "ann", 2, 2);
    commit_one(world, degraded_outcome(world, job, 0));
    assert_int_equal(posts_healed(world, 100), 2); /* while the job goes on */
    const char *healing = healing_job(world);
    const Tp__Outcome *own = outcome_of(world, grant(world, job, 1)->dispatch);
    Tp__BatchItem *item = item_of(world, TP__BATCH_OPERATION__GRANT, healing, 0);
    item->lane = 1;
    const Tp__Outcome *both[] = {outcome_of(world, run_item(world, item)->dispatch), own};
    enum verdict verdicts[2];
    assert_true(commit_outcomes(world->desk.db, world->desk.arena, both, 2, verdicts,
                                &world->desk.made, &world->why));
    assert_int_equal(verdicts[0], VERDICT_COMMITTED);
    assert_int_equal(verdicts[1], VERDICT_COMMITTED);
    const Tp__JobView *seen = view(world, job);
    assert_int_equal(seen->status, TP__JOB_STATUS__COMPLETED);
    assert_int_equal(seen->progress->processed_posts, 4);
    assert_int_equal(seen->event_number, 5); /* submitted started progress revised completed */
}

static void a_healing_job_that_fails_leaves_all_as_it_was_three_times_at_most(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const char *job = degraded(world, "ann", 1, 2);
    uint32_t number = view(world, job)->event_number;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(posts_healed(world, 100), 2);
        assert_int_equal(posts_healed(world, 100), 0); /* while it is being healed */
        sql_do(world, "update analysis_jobs set deadline_at = '-infinity'"
                      " where heals_job_id is not null");
        assert_int_equal(sql_number(world, "select count(*) from expire_jobs(10)"), 1);
    }
    assert_int_equal(posts_healed(world, 100), 0);
    assert_int_equal(view(world, job)->event_number, number);
    assert_int_equal(results(world, job, 0, 10)->rows[0]->provenance,
                     TP__PROVENANCE__FROM_EMBEDDED);
}

static void many_posts_become_jobs_of_a_chunk_each(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    degraded(world, "ann", 4, 60);
    degraded(world, "bob", 1, 30);
    const Tp__HealReply *reply = heal(world, world->epoch, 130);
    assert_int_equal(reply->posts, 130);
    assert_true(reply->has_more);
    assert_int_equal(sql_number(world, "select count(*) from analysis_jobs"
                                       " where heals_job_id is not null"),
                     2);
    reply = heal(world, world->epoch, 1000); /* of the other one */
    assert_int_equal(reply->posts, 30);
    assert_int_equal(sql_number(world, "select max(cardinality(open_seqs)) from chunks"
                                       " where status = 1"),
                     100);
    sql_do(world, "update analysis_jobs set deadline_at = '-infinity'"
                  " where heals_job_id is not null; select count(*) from expire_jobs(10)");
    assert_int_equal(heal(world, world->epoch, 1000)->posts, 270);
}

static void long_posts_become_chunks_that_fit(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    degraded(world, "ann", 1, 10);
    sql_do(world, "update posts set text = repeat('x', 60000)");
    assert_int_equal(posts_healed(world, 100), 10);
    assert_int_equal(sql_number(world, "select count(*) from chunks where status = 1"), 3);
    assert_int_equal(sql_number(world, "select max(open_bytes) from chunks where status = 1"),
                     240000);
}

static void only_the_leader_heals(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    degraded(world, "ann", 1, 1);
    const Tp__HealReply *reply = heal(world, world->epoch - 1, 100);
    assert_true(reply->is_fenced);
    assert_int_equal(reply->posts, 0);
    assert_false(heal(world, world->epoch, 100)->is_fenced);
}

static void a_cancelled_job_keeps_what_it_has(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const char *job = submitted(world, "ann", 2, 2);
    commit_one(world, degraded_outcome(world, job, 0));
    cancel(world, job);
    assert_int_equal(posts_healed(world, 100), 0);
    assert_int_equal(sql_number(world, "select count(*) from analysis_results where is_degraded"),
                     2);
}

static void a_healing_job_is_swept_when_it_is_over_and_nothing_else(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const char *job = degraded(world, "ann", 1, 2);
    posts_healed(world, 100);
    const char *healing = healing_job(world);
    Tp__Outcome *outcome = outcome_of(world, grant(world, healing, 0)->dispatch);
    sql_do(world, "select sweep(1000)");
    commit_one(world, outcome);
    sql_do(world, "select sweep(1000);"
                  "update analysis_jobs set completed_at = completed_at - interval '1 hour'");
    assert_int_equal(sql_number(world, "select count(*) from analysis_jobs"), 2);
    sql_do(world, "select sweep(1000)");
    assert_int_equal(sql_number(world, "select count(*) from analysis_jobs"), 1);
    assert_int_equal(sql_number(world, "select count(*) from posts"), 2);
    assert_int_equal(sql_number(world, "select count(*) from analysis_results"), 2);
    assert_int_equal(sql_number(world, "select count(*) from chunks"), 1);
    assert_int_equal(sql_number(world, "select count(*) from llm_calls where micros > 0"), 1);
    assert_int_equal(commit_one(world, outcome), VERDICT_STALE);
    assert_int_equal(results(world, job, 0, 9)->rows[1]->provenance, TP__PROVENANCE__FROM_LLM);
}

static void a_kept_page_fits_those_that_would_get_the_same(void **state)
{
    (void)state;
    Tp__ResultsReply kept = TP__RESULTS_REPLY__INIT;
    kept.n_rows = 50;
    assert_true(cached_results_fit(&kept, 50));
    assert_true(cached_results_fit(&kept, 100)); /* that is all there is */
    assert_false(cached_results_fit(&kept, 49));
    kept.has_more = true;
    assert_true(cached_results_fit(&kept, 50));
    assert_false(cached_results_fit(&kept, 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FRESH_WORLD(only_what_the_stand_in_itself_found_is_marked),
        WITH_FRESH_WORLD(healing_is_a_background_job_of_the_same_user_with_the_same_posts),
        WITH_FRESH_WORLD(tenants_see_no_healing_jobs_and_their_queues_do_not_fill),
        WITH_FRESH_WORLD(what_healing_finds_replaces_what_was_there),
        WITH_FRESH_WORLD(nothing_better_replaces_nothing_and_tells_nobody),
        WITH_FRESH_WORLD(each_commit_revises_what_it_brings_and_a_repeat_nothing),
        WITH_FRESH_WORLD(outcomes_of_both_jobs_may_come_in_one_batch),
        WITH_FRESH_WORLD(a_healing_job_that_fails_leaves_all_as_it_was_three_times_at_most),
        WITH_FRESH_WORLD(many_posts_become_jobs_of_a_chunk_each),
        WITH_FRESH_WORLD(long_posts_become_chunks_that_fit),
        WITH_FRESH_WORLD(only_the_leader_heals),
        WITH_FRESH_WORLD(a_cancelled_job_keeps_what_it_has),
        WITH_FRESH_WORLD(a_healing_job_is_swept_when_it_is_over_and_nothing_else),
        cmocka_unit_test(a_kept_page_fits_those_that_would_get_the_same),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
