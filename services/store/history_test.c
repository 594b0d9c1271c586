/* Random histories of the protocol against a real Postgres; after every few steps all that must
 * hold whatever happened is looked up in the tables. The seed is printed; STORE_TEST_SEED=n repeats
 * one history. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h> /* after the headers that it needs */

#include "audits.h"
#include "desk_for_test.h"

enum {
    USERS = 4,
    SUBMITS_MAX = 40,
    JOBS_MAX = 600, /* those that heal and audits among them */
    HELD_MAX = 64,
    STEPS = 900,
    STEPS_PER_CHECK = 15,
    ROUNDS_MAX = 400
};

struct history {
    struct world *world;
    uint64_t random;
    int submits, jobs, held;
    const char *job[JOBS_MAX];
    Tp__Outcome *outcome[HELD_MAX]; /* of dispatches granted once: some are told late, or twice */
};

static uint64_t draw(struct history *history, uint64_t below)
{
    history->random ^= history->random << 13;
    history->random ^= history->random >> 7;
    history->random ^= history->random << 17;
    return history->random % below;
}

static const char *any_job(struct history *history)
{
    return history->job[draw(history, (uint64_t)history->jobs)];
}

static uint32_t any_chunk(struct history *history, const char *job)
{
    return (uint32_t)draw(
        history,
        (uint64_t)sql_number(history->world,
                             "select total_chunks from analysis_jobs where job_id = '%s'", job));
}

static char *any_user(struct history *history)
{
    return arena_format(history->world->desk.arena, "user%d", (int)draw(history, USERS));
}

static void submit_something(struct history *history)
{
    if (history->submits == SUBMITS_MAX)
        return;
    struct world *world = history->world;
    char *user = any_user(history);
    bool is_refused = sql_number(world,
                                 "select count(*) from controls where state = 3 and not is_removed"
                                 " and (scope = 1 or name = '%s')",
                                 user) > 0;
    Tp__SubmitJob *job =
        job_of(world, user, 1 + (uint32_t)draw(history, 3), 1 + (uint32_t)draw(history, 6));
    job->queue_ttl_ms = draw(history, 4) == 0 ? 1000 : 0;
    const Tp__SubmitJobReply *reply = submit(world, job);
    assert_true((reply == NULL) == is_refused);
    if (reply == NULL)
        return;
    history->submits++;
    history->job[history->jobs++] = reply->job_id;
}

/* Drains, holds or opens the system or a user, or removes that again. */
static void control_something(struct history *history)
{
    Tp__Control control = TP__CONTROL__INIT;
    control.tenant_id = "acme";
    control.name = any_user(history);
    control.scope = draw(history, 3) == 0 ? TP__CONTROL_SCOPE__SYSTEM : TP__CONTROL_SCOPE__USER;
    control.state = (Tp__ControlState)(TP__CONTROL_STATE__OPEN + draw(history, 3));
    control.is_removed = draw(history, 2) == 0;
    if (set_control(history->world, &control) == NULL)
        assert_int_equal(history->world->why.kind, ERROR_NOT_FOUND);
}

/* From then on the jobs that heal are jobs as all others. */
static void heal_something(struct history *history)
{
    struct world *world = history->world;
    size_t before = world->desk.made.count;
    const Tp__HealReply *reply = heal(world, world->epoch, 1 + (uint32_t)draw(history, 20));
    assert_false(reply->is_fenced);
    for (size_t i = before; i < world->desk.made.count; i++) {
        assert_true(history->jobs < JOBS_MAX);
        history->job[history->jobs++] = world->desk.made.list[i]->job->job_id;
    }
}

/* An audit compares what the model says of a post's sentiment. */
static void say_sentiment(struct history *history, Tp__Outcome *outcome)
{
    static const char *const said[] = {"{\"sentiment\":{\"label\":\"positive\",\"score\":0.5}}",
                                       "{\"sentiment\":{\"label\":\"negative\",\"score\":-1}}"};
    for (size_t i = 0; i < outcome->n_results; i++) {
        const char *data = said[draw(history, 2)];
        outcome->results[i]->data_json = (ProtobufCBinaryData){
            strlen(data), (uint8_t *)arena_string(history->world->desk.arena, data)};
    }
}

static void grant_something(struct history *history)
{
    const char *job = any_job(history);
    Tp__BatchItem *item =
        item_of(history->world, TP__BATCH_OPERATION__GRANT, job, any_chunk(history, job));
    item->lane = draw(history, 4) == 0;
    item->mode = draw(history, 3) == 0 ? TP__ANALYSIS_MODE__BY_EMBEDDED : TP__ANALYSIS_MODE__BY_LLM;
    item->is_degraded = item->mode == TP__ANALYSIS_MODE__BY_EMBEDDED && draw(history, 4) != 0;
    item->endpoint = item->mode == TP__ANALYSIS_MODE__BY_LLM ? "main" : "";
    const Tp__BatchItemReply *reply = run_item(history->world, item);
    if (reply->result != TP__BATCH_RESULT__GRANTED)
        return;
    int place = history->held < HELD_MAX ? history->held++ : (int)draw(history, HELD_MAX);
    history->outcome[place] = outcome_of(history->world, reply->dispatch);
    say_sentiment(history, history->outcome[place]);
}

/* From then on an audit is a job as all others. */
static void audit_something(struct history *history, const Tp__Outcome *outcome)
{
    struct world *world = history->world;
    size_t before = world->desk.made.count;
    if (!audit_begin(world->desk.db, world->desk.arena, outcome, 1, &world->desk.made, &world->why))
        fail_msg("%s", world->why.message);
    for (size_t i = before; i < world->desk.made.count; i++) {
        assert_true(history->jobs < JOBS_MAX);
        history->job[history->jobs++] = world->desk.made.list[i]->job->job_id;
    }
}

static void settle_audits(struct history *history)
{
    if (!audits_settle(history->world->desk.db, history->world->desk.arena, &history->world->why))
        fail_msg("%s", history->world->why.message);
}

/* Whole, partly, with a reason for good, or not at all. */
static void damage(struct history *history, Tp__Outcome *outcome)
{
    static const Tp__OutcomeClass classes[] = {
        TP__OUTCOME_CLASS__PARTIAL, TP__OUTCOME_CLASS__RATE_LIMITED, TP__OUTCOME_CLASS__TRUNCATED,
        TP__OUTCOME_CLASS__TIMEOUT, TP__OUTCOME_CLASS__ABORTED};
    if (outcome->n_results == 0 || draw(history, 2) == 0)
        return;
    outcome->n_results = draw(history, outcome->n_results);
    outcome->outcome_class = classes[draw(history, sizeof classes / sizeof classes[0])];
    outcome->usage->is_known = draw(history, 2) == 0;
    if (draw(history, 3) != 0)
        return;
    Tp__MissingPost *missing = arena_new(history->world->desk.arena, sizeof *missing);
    *missing = (Tp__MissingPost)TP__MISSING_POST__INIT;
    missing->seq = outcome->results[outcome->n_results]->seq;
    missing->reason = "refused";
    missing->is_final = true;
    outcome->missing = arena_array(history->world->desk.arena, Tp__MissingPost *, 1);
    outcome->missing[0] = missing;
    outcome->n_missing = 1;
}

static void tell_something(struct history *history)
{
    if (history->held == 0)
        return;
    Tp__Outcome *outcome = history->outcome[draw(history, (uint64_t)history->held)];
    damage(history, outcome);
    bool is_awaited = sql_number(history->world,
                                 "select count(*) from chunks where job_id = '%s' and"
                                 " chunk_number = %u and status = 2 and attempt = %u",
                                 outcome->job_id, outcome->chunk_number, outcome->attempt) == 1;
    enum verdict verdict = commit_one(history->world, outcome);
    assert_int_equal(verdict == VERDICT_COMMITTED || verdict == VERDICT_LATE, is_awaited);
    if (verdict == VERDICT_COMMITTED && draw(history, 2) == 0)
        audit_something(history, outcome);
}

static void take_back_something(struct history *history, Tp__BatchOperation operation)
{
    const char *job = any_job(history);
    uint32_t chunk = any_chunk(history, job);
    Tp__BatchItem *item = item_of(history->world, operation, job, chunk);
    item->attempt = (uint32_t)sql_number(history->world,
                                         "select greatest(1, attempt) from chunks"
                                         " where job_id = '%s' and chunk_number = %u",
                                         job, chunk);
    item->is_charged = draw(history, 2) == 0;
    run_item(history->world, item);
}

static void let_time_pass(struct history *history)
{
    sql_do(history->world, "update chunks set retry_at = '-infinity';"
                           "update chunks set lease_until = '-infinity' where random() < 0.3");
}

static void step(struct history *history)
{
    uint64_t what = draw(history, 100);
    if (history->jobs == 0 || what < 6)
        submit_something(history);
    else if (what < 8)
        control_something(history);
    else if (what < 11)
        heal_something(history);
    else if (what < 45)
        grant_something(history);
    else if (what < 75)
        tell_something(history);
    else if (what < 80)
        take_back_something(history, TP__BATCH_OPERATION__REAP);
    else if (what < 85)
        take_back_something(history, TP__BATCH_OPERATION__RELEASE);
    else if (what < 90)
        take_back_something(history, TP__BATCH_OPERATION__SPLIT);
    else if (what < 91)
        cancel(history->world, any_job(history));
    else if (what < 92)
        sql_do(history->world, "update analysis_jobs set deadline_at = '-infinity'"
                               " where random() < 0.05;"
                               "update analysis_jobs set queue_until = '-infinity'"
                               " where queue_until is not null and random() < 0.05;"
                               "select count(*) from expire_jobs(10)");
    else if (what < 94)
        lead(history->world, "leader");
    else if (what < 95)
        settle_audits(history);
    else
        let_time_pass(history);
}

/* Rows that must not exist, by what they would break. */
static const struct {
    const char *law, *breaches;
} laws[] = {
    {"a chunk is in flight exactly if its row of in_flight says so",
     "select count(*) from (select job_id, chunk_number, attempt from chunks where status = 2)"
     " c full join in_flight f using (job_id, chunk_number, attempt)"
     " where f.user_id is null or c.job_id is null"},
    {"events are numbered without gaps",
     "select count(*) from analysis_jobs j where array(select event_number from job_events e"
     " where e.job_id = j.job_id order by 1) <> array(select generate_series(1, j.event_number))"},
    {"every post is processed, failed or open",
     "select count(*) from analysis_jobs j where j.processed_tweets + j.failed_tweets +"
     " case when is_terminal(j.status) then 0 else (select sum(cardinality(open_seqs))"
     " from chunks c where c.job_id = j.job_id) end <> j.total_tweets"},
    {"counts are those of the rows",
     "select count(*) from analysis_jobs j where (j.processed_tweets, j.failed_tweets) <>"
     " (select count(*) filter (where reason = ''), count(*) filter (where reason <> '')"
     " from analysis_results r where r.job_id = j.job_id)"},
    {"chunk counts are those of the rows",
     "select count(*) from analysis_jobs j where (j.total_chunks, j.done_chunks) <>"
     " (select count(*), count(*) filter (where status = 3) from chunks c"
     " where c.job_id = j.job_id)"},
    {"an open post has no answer yet",
     "select count(*) from chunks c join analysis_jobs j using (job_id)"
     " join analysis_results r on r.job_id = c.job_id and r.post_seq = any (c.open_seqs)"
     " where not is_terminal(j.status)"},
    {"what is over stays as it ended",
     "select count(*) from seen_jobs s join analysis_jobs j using (job_id)"
     " where (s.status, s.processed_tweets, s.failed_tweets) <>"
     " (j.status, j.processed_tweets, j.failed_tweets)"},
    {"a call settles once",
     "select count(*) from seen_calls s join llm_calls c using (job_id, chunk_number, attempt)"
     " where (s.settled_at, s.tokens, s.micros) <> (c.settled_at, c.tokens, c.micros)"},
    {"only what the embedded analysis found is degraded",
     "select count(*) from analysis_results where is_degraded and provenance <> 1"},
    {"what healing found is in the job it heals",
     "select count(*) from analysis_jobs h join analysis_results r using (job_id)"
     " join analysis_results o on o.job_id = h.heals_job_id and o.post_seq = r.post_seq"
     " where r.reason = '' and (o.provenance < r.provenance or o.is_degraded and r.provenance > "
     "1)"},
    {"a post is healed by one job at a time, and three times at most",
     "select (select count(*) from analysis_results where heals > 3) +"
     " (select count(*) from (select from analysis_jobs h join posts p using (job_id)"
     " where h.heals_job_id is not null and not is_terminal(h.status)"
     " group by h.heals_job_id, p.post_seq having count(*) > 1) twice)"},
    {"no healing job is healed",
     "select count(*) from analysis_jobs h join analysis_jobs o on o.job_id = h.heals_job_id"
     " where o.heals_job_id is not null"},
    {"an audit is hidden, asks no audit, and there are not too many",
     "select (select count(*) from analysis_jobs where order_seed <> 0 and not is_hidden) +"
     " (select count(*) from audits a join analysis_jobs o on o.job_id = a.audited_job_id"
     " where o.is_hidden) + (select greatest(0, count(*) - 50) from audits)"},
    {"what is compared was asked twice, and is counted once",
     "select greatest(0, coalesce((select sum(posts) from audit_hours), 0) -"
     " (select count(*) from analysis_results r join analysis_jobs j using (job_id)"
     " where j.order_seed <> 0 and r.provenance = 5))"},
    {"versions of controls are of one order with the log of their changes",
     "select count(*) from controls c where c.version <> (select max((after->>'version')::bigint)"
     " from audit_log where after->>'scope' = c.scope::text and after->>'name' = c.name)"},
    {"a job's sums are those of its calls",
     "select count(*) from analysis_jobs j where (j.llm_calls, j.prompt_tokens, j.micros) <>"
     " (select count(*), coalesce(sum(prompt_tokens), 0), coalesce(sum(micros), 0) from llm_calls c"
     " where c.job_id = j.job_id and was_called)"},
};

static void check_laws(struct history *history)
{
    for (size_t i = 0; i < sizeof laws / sizeof laws[0]; i++) {
        if (sql_number(history->world, "%s", laws[i].breaches) != 0)
            fail_msg("broken: %s", laws[i].law);
    }
    sql_do(history->world,
           "truncate seen_jobs, seen_calls;"
           "insert into seen_jobs select * from analysis_jobs where is_terminal(status);"
           "insert into seen_calls select * from llm_calls where settled_at is not null");
}

/* From now on everything works: all that is unfinished must come to its end. */
static void come_to_the_end(struct history *history)
{
    struct world *world = history->world;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        sql_do(world, "update chunks set retry_at = '-infinity', lease_until = '-infinity'");
        bool is_over = true;
        for (int i = 0; i < history->jobs; i++) {
            const char *job = history->job[i];
            int64_t chunks = sql_number(
                world, "select total_chunks from analysis_jobs where job_id = '%s'", job);
            for (uint32_t chunk = 0; chunk < chunks; chunk++) {
                Tp__BatchItem *reap = item_of(world, TP__BATCH_OPERATION__REAP, job, chunk);
                reap->attempt = (uint32_t)sql_number(
                    world,
                    "select greatest(1, attempt) from chunks where job_id = '%s'"
                    " and chunk_number = %u",
                    job, chunk);
                run_item(world, reap);
                const Tp__BatchItemReply *reply = grant(world, job, chunk);
                if (reply->result == TP__BATCH_RESULT__GRANTED)
                    commit_one(world, outcome_of(world, reply->dispatch));
                is_over = is_over && reply->result == TP__BATCH_RESULT__GONE;
            }
        }
        if (is_over)
            return;
    }
    fail_msg("not everything came to its end");
}

static void whatever_happens_the_laws_hold_and_every_job_ends(void **state)
{
    struct world *world = *state;
    const char *asked = getenv("STORE_TEST_SEED");
    uint64_t seed = asked != NULL ? strtoull(asked, NULL, 10) : (uint64_t)time(NULL);
    print_message("STORE_TEST_SEED=%llu\n", (unsigned long long)seed);
    struct history history = {.world = world, .random = seed * 2654435761U + 88172645463325252U};
    sql_do(world,
           "create temp table seen_jobs (like analysis_jobs);"
           "create temp table seen_calls (like llm_calls);"
           "select setseed(%f)",
           (double)(seed % 1000) / 1000);
    lead(world, "leader");
    for (int i = 0; i < STEPS; i++) {
        step(&history);
        if (i % STEPS_PER_CHECK == 0)
            check_laws(&history);
    }
    come_to_the_end(&history);
    settle_audits(&history);
    check_laws(&history);
    print_message("posts asked twice: %d\n",
                  (int)sql_number(world, "select coalesce(sum(posts), 0) from audit_hours"));
    assert_int_equal(sql_number(world, "select count(*) from analysis_jobs"
                                       " where not is_terminal(status) or"
                                       " processed_tweets + failed_tweets <> total_tweets"),
                     0);
    assert_int_equal(sql_number(world, "select count(*) from in_flight"), 0);
    assert_int_equal(sql_number(world, "select count(*) from audits"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(whatever_happens_the_laws_hold_and_every_job_ends, world_fresh),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
