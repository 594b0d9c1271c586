/* Quality audits: calls that are asked again, and what is learnt from it. */
#include "audits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "base/clock.h"
#include "base/uuid.h"
#include "desk_for_test.h"

enum { HOUR_MS = 3600 * 1000 };

/* What the model says to a post. */
struct said {
    const char *label, *names; /* of names the JSON of a list */
    double score;
};
static const struct said GOOD = {"positive", "[]", 0.5};
static const struct said BAD = {"negative", "[]", -0.25};

static void say(struct world *world, Tp__Outcome *outcome, uint32_t seq, struct said said)
{
    for (size_t i = 0; i < outcome->n_results; i++) {
        if (outcome->results[i]->seq != seq)
            continue;
        char *data = arena_format(world->desk.arena,
                                  "{\"sentiment\": {\"label\": \"%s\", \"score\": %g},"
                                  " \"entities\": {\"names\": %s}}",
                                  said.label, said.score, said.names);
        outcome->results[i]->data_json = (ProtobufCBinaryData){strlen(data), (uint8_t *)data};
        return;
    }
    fail_msg("no result of post %u", seq);
}

/* The model finds all posts good. */
static Tp__Outcome *answer_to(struct world *world, const Tp__Dispatch *dispatch)
{
    assert_non_null(dispatch);
    Tp__Outcome *outcome = outcome_of(world, dispatch);
    for (size_t i = 0; i < outcome->n_results; i++)
        say(world, outcome, outcome->results[i]->seq, GOOD);
    return outcome;
}

static const Tp__JobEvent *begin(struct world *world, const Tp__Outcome *outcome, double share)
{
    world->desk.made = (struct made_events){0};
    if (!audit_begin(world->desk.db, world->desk.arena, outcome, share, &world->desk.made,
                     &world->why))
        fail_msg("%s", world->why.message);
    return world->desk.made.count > 0 ? world->desk.made.list[0] : NULL;
}

/* A job of one chunk that is done, its call to be audited. */
static Tp__Outcome *done(struct world *world, const char *user, unsigned posts)
{
    const char *job = submitted(world, user, 1, posts);
    Tp__Outcome *outcome = answer_to(world, grant(world, job, 0)->dispatch);
    assert_int_equal(commit_one(world, outcome), VERDICT_COMMITTED);
    return outcome;
}

static void settle(struct world *world)
{
    if (!audits_settle(world->desk.db, world->desk.arena, &world->why))
        fail_msg("%s", world->why.message);
}

static const char *audit_job(struct world *world, const Tp__Outcome *outcome)
{
    const Tp__JobEvent *event = begin(world, outcome, 1);
    assert_non_null(event);
    return event->job->job_id;
}

static const Tp__AuditLine *only_line(struct world *world)
{
    const Tp__AuditReply *reply = audit(world, clock_wall_ms());
    assert_non_null(reply);
    assert_int_equal(reply->n_lines, 1);
    return reply->lines[0];
}

static void assert_third(const Tp__AuditLine *line, size_t third, uint64_t posts, uint64_t agreed)
{
    assert_int_equal(line->thirds[third]->posts, posts);
    assert_int_equal(line->thirds[third]->agreed, agreed);
}

static void the_share_is_drawn_by_the_chunk_alone(void **state)
{
    (void)state;
    enum { JOBS = 200, CHUNKS = 50, DUE = JOBS * CHUNKS / 50 };
    int drawn = 0;
    for (int i = 0; i < JOBS; i++) {
        char job[UUID_TEXT_SIZE];
        uuid_new(job);
        for (uint32_t chunk = 0; chunk < CHUNKS; chunk++) {
            assert_false(audit_is_drawn(job, chunk, 0));
            assert_true(audit_is_drawn(job, chunk, 1));
            assert_true(audit_order_seed(job, chunk) > 0);
            drawn += audit_is_drawn(job, chunk, 0.02);
        }
    }
    assert_in_range(drawn, DUE * 2 / 3, DUE * 4 / 3);
    static const char fixed[] = "01a20159-1f2b-7000-8000-000000000001";
    assert_true(audit_is_drawn(fixed, 7, 0.9) == audit_is_drawn(fixed, 7, 0.9));
    assert_true(audit_order_seed(fixed, 7) == audit_order_seed(fixed, 7));
    assert_true(audit_order_seed(fixed, 7) != audit_order_seed(fixed, 8));
}

static void an_audit_is_a_hidden_background_job_of_the_same_posts_in_another_order(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const Tp__Outcome *outcome = done(world, "ann", 3);
    assert_null(begin(world, outcome, 0));
    const char *job = audit_job(world, outcome);
    const Tp__JobState *known = job_state(world, job);
    assert_true(known->is_healing);
    assert_string_equal(known->user_id, "ann");
    assert_int_equal(known->service_class, TP__SERVICE_CLASS__BACKGROUND);
    assert_in_range(known->deadline_left_ms, HOUR_MS - 60000, HOUR_MS);
    const Tp__Dispatch *dispatch = grant(world, job, 0)->dispatch;
    assert_int_equal(dispatch->order_seed, audit_order_seed(outcome->job_id, 0));
    assert_int_equal(dispatch->n_posts, 3);
    assert_int_equal(dispatch->posts[2]->seq, 2);
    assert_memory_equal(dispatch->posts[2]->text.data, "text 2 ", 7);
    assert_null(view(world, job));
    assert_null(cancel(world, job));
    assert_int_equal(sql_number(world, "select count(*) from list_jobs('acme', '', '{}', null, 9)"),
                     1);
    assert_int_equal(sql_number(world, "select queued + processing from count_work()"), 0);
    world->limits.jobs_of_user = world->limits.jobs_of_tenant = 1;
    assert_non_null(submit(world, job_of(world, "ann", 1, 1)));
    world->limits.jobs_of_user = world->limits.jobs_of_tenant = 100000;
}

static void what_others_are_asked_is_in_no_order(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const char *job = submitted(world, "ann", 1, 2);
    assert_int_equal(grant(world, job, 0)->dispatch->order_seed, 0);
}

static void only_what_the_model_answered_to_several_posts_is_audited(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    assert_null(begin(world, done(world, "ann", 1), 1));

    const char *job = submitted(world, "bob", 1, 4);
    Tp__Outcome *outcome = answer_to(world, grant(world, job, 0)->dispatch);
    outcome->results[0]->provenance = TP__PROVENANCE__FROM_CACHE;
    outcome->results[3]->provenance = TP__PROVENANCE__FROM_CACHE;
    commit_one(world, outcome);
    assert_null(begin(world, outcome, 1)); /* the half of it was known */

    job = submitted(world, "cid", 1, 4);
    outcome = answer_to(world, grant(world, job, 0)->dispatch);
    outcome->results[1]->provenance = TP__PROVENANCE__FROM_REPAIR;
    commit_one(world, outcome);
    const Tp__JobEvent *event = begin(world, outcome, 1);
    assert_non_null(event);
    assert_int_equal(event->progress->total_posts, 4); /* a mended answer is the model's, too */

    job = submitted(world, "dan", 1, 3);
    outcome = outcome_of(world, grant(world, job, 0)->dispatch);
    commit_one(world, outcome);
    assert_null(begin(world, outcome, 1)); /* it was not asked for the sentiment */
}

static void nobody_audits_the_auditors(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const char *job = audit_job(world, done(world, "ann", 3));
    Tp__Outcome *outcome = answer_to(world, grant(world, job, 0)->dispatch);
    commit_one(world, outcome);
    assert_null(begin(world, outcome, 1));
}

static void no_audit_is_begun_while_an_operator_wants_anything_but_the_usual(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const Tp__Outcome *outcome = done(world, "ann", 3);
    static const struct {
        Tp__ControlScope scope;
        Tp__ControlState state;
        const char *tenant, *name;
    } disturbing[] = {
        {TP__CONTROL_SCOPE__SYSTEM, TP__CONTROL_STATE__REDUCED, "", ""},
        {TP__CONTROL_SCOPE__SYSTEM, TP__CONTROL_STATE__HELD, "", ""},
        {TP__CONTROL_SCOPE__TENANT, TP__CONTROL_STATE__HELD, "acme", ""},
        {TP__CONTROL_SCOPE__USER, TP__CONTROL_STATE__HELD, "acme", "ann"},
    };
    for (size_t i = 0; i < sizeof disturbing / sizeof *disturbing; i++) {
        Tp__Control control = TP__CONTROL__INIT;
        control.scope = disturbing[i].scope;
        control.state = disturbing[i].state;
        control.tenant_id = disturbing[i].tenant;
        control.name = disturbing[i].name;
        assert_non_null(set_control(world, &control));
        assert_null(begin(world, outcome, 1));
        control.is_removed = true;
        assert_non_null(set_control(world, &control));
    }
    assert_non_null(begin(world, outcome, 1));
}

static void no_more_audits_are_unfinished_than_may_be(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const Tp__Outcome *outcome = done(world, "ann", 2);
    for (int i = 0; i < AUDITS_MAX; i++)
        assert_non_null(begin(world, outcome, 1));
    assert_null(begin(world, outcome, 1));
    sql_do(world, "update analysis_jobs set deadline_at = '-infinity' where order_seed <> 0");
    sql_do(world, "select count(*) from expire_jobs(1000)");
    for (int i = 0; i < AUDITS_MAX / 10; i++)
        settle(world);
    assert_non_null(begin(world, outcome, 1));
}

static void posts_are_compared_by_where_they_stood_at_first(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const Tp__Outcome *outcome = done(world, "ann", 7); /* 0 1 2, 3 4, 5 6 */
    const char *original = outcome->job_id;
    const Tp__JobView *before = view(world, original);
    const char *job = audit_job(world, outcome);
    Tp__Outcome *again = answer_to(world, grant(world, job, 0)->dispatch);
    say(world, again, 1, BAD);
    say(world, again, 5, BAD);
    say(world, again, 6, BAD);
    Tp__PostResult *moved = again->results[0]; /* as they come: in another order */
    again->results[0] = again->results[6];
    again->results[6] = moved;
    assert_int_equal(audit(world, clock_wall_ms())->n_lines, 0);
    assert_int_equal(commit_one(world, again), VERDICT_COMMITTED);
    settle(world);
    settle(world); /* each is counted once */
    const Tp__AuditLine *line = only_line(world);
    assert_string_equal(line->model, "m");
    assert_string_equal(line->prompt_version, "1");
    assert_third(line, 0, 3, 2);
    assert_third(line, 1, 2, 2);
    assert_third(line, 2, 2, 0);
    assert_true(line->score_distance > 3 * 0.75 / 7 - 1e-9 &&
                line->score_distance < 3 * 0.75 / 7 + 1e-9);
    assert_int_equal(line->posts_with_names, 0);
    const Tp__JobView *after = view(world, original);
    assert_int_equal(after->event_number, before->event_number);
    assert_int_equal(after->micros, before->micros);
    const Tp__ResultsReply *rows = results(world, original, 0, 10);
    for (size_t i = 0; i < rows->n_rows; i++)
        assert_non_null(strstr(arena_bytes(world->desk.arena, rows->rows[i]->data_json.data,
                                           rows->rows[i]->data_json.len),
                               "positive"));
}

static void names_are_compared_whatever_their_letters(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const char *first = submitted(world, "ann", 1, 3);
    Tp__Outcome *outcome = answer_to(world, grant(world, first, 0)->dispatch);
    say(world, outcome, 0,
        (struct said){"positive", "[{\"text\": \"Oslo\"}, {\"text\": \"Ann\"}]", 0});
    say(world, outcome, 1, (struct said){"positive", "[{\"text\": \"Oslo\"}]", 0});
    commit_one(world, outcome);
    const char *job = audit_job(world, outcome);
    Tp__Outcome *again = answer_to(world, grant(world, job, 0)->dispatch);
    say(world, again, 0,
        (struct said){"positive", "[{\"text\": \"OSLO\"}, {\"text\": \"oslo\"}]", 0});
    commit_one(world, again);
    settle(world);
    const Tp__AuditLine *line = only_line(world);
    assert_int_equal(line->posts_with_names, 2);
    assert_true(line->names_overlap > 0.2499 && line->names_overlap < 0.2501); /* 1/2 and 0 */
}

/* Such results are not made; but one that was would come again for ever. */
static void what_is_no_result_as_others_are_holds_up_nothing(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const char *job = audit_job(world, done(world, "ann", 3));
    Tp__Outcome *again = answer_to(world, grant(world, job, 0)->dispatch);
    static const char *const ODD[] = {
        "{\"sentiment\": {\"label\": \"positive\", \"score\": \"much\"}}",
        "{\"sentiment\": 7, \"entities\": {\"names\": {\"text\": \"Oslo\"}}}",
        "{\"sentiment\":{\"label\":\"positive\",\"score\":-1e99},\"entities\":{\"names\":[1]}}",
    };
    for (size_t i = 0; i < 3; i++)
        again->results[i]->data_json =
            (ProtobufCBinaryData){strlen(ODD[i]), (uint8_t *)(uintptr_t)ODD[i]};
    commit_one(world, again);
    settle(world);
    const Tp__AuditLine *line = only_line(world);
    assert_third(line, 0, 1, 1);
    assert_third(line, 1, 1, 0);
    assert_third(line, 2, 1, 1);
    assert_true(line->score_distance > 0.4999 && line->score_distance < 0.5001); /* (0+0+1.5) / 3 */
    assert_int_equal(sql_number(world, "select count(*) from audits"), 0);
}

static void another_models_answer_is_not_compared(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const char *job = audit_job(world, done(world, "ann", 3));
    Tp__Outcome *again = answer_to(world, grant(world, job, 0)->dispatch);
    again->results[0]->model = "another";
    again->results[1]->prompt_version = "2";
    commit_one(world, again);
    settle(world);
    const Tp__AuditLine *line = only_line(world);
    assert_string_equal(line->model, "m");
    assert_third(line, 0, 0, 0);
    assert_third(line, 1, 0, 0);
    assert_third(line, 2, 1, 1);
}

static void an_audit_asks_once_whatever_comes_of_it(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const Tp__Outcome *outcome = done(world, "ann", 6);
    const char *job = audit_job(world, outcome);
    Tp__Outcome *part = answer_to(world, grant(world, job, 0)->dispatch);
    part->n_results = 4;
    part->outcome_class = TP__OUTCOME_CLASS__PARTIAL;
    commit_one(world, part);
    assert_int_equal(job_state(world, job)->status, TP__JOB_STATUS__COMPLETED);
    settle(world);
    const Tp__AuditLine *line = only_line(world);
    assert_third(line, 0, 2, 2);
    assert_third(line, 1, 2, 2);
    assert_third(line, 2, 0, 0);

    job = audit_job(world, outcome);
    Tp__Outcome *failed = answer_to(world, grant(world, job, 0)->dispatch);
    failed->n_results = 0;
    failed->outcome_class = TP__OUTCOME_CLASS__SERVER_ERROR;
    commit_one(world, failed);
    assert_int_equal(job_state(world, job)->status, TP__JOB_STATUS__FAILED);
    settle(world);
    assert_third(only_line(world), 0, 2, 2);
    assert_int_equal(sql_number(world, "select count(*) from audits"), 0);
}

static void an_audit_is_swept_when_it_has_been_compared(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const Tp__Outcome *outcome = done(world, "ann", 3);
    const char *job = audit_job(world, outcome);
    commit_one(world, answer_to(world, grant(world, job, 0)->dispatch));
    sql_do(world, "update analysis_jobs set completed_at = completed_at - interval '1 hour';"
                  "select sweep(1000)");
    assert_int_equal(sql_number(world, "select count(*) from analysis_jobs"), 2);
    settle(world);
    sql_do(world, "select sweep(1000)");
    assert_int_equal(sql_number(world, "select count(*) from analysis_jobs"), 1);
    assert_int_equal(sql_number(world, "select count(*) from posts"), 3);
    assert_int_equal(sql_number(world, "select count(*) from analysis_results"), 3);
    assert_third(only_line(world), 2, 1, 1);
}

static void what_was_compared_is_told_from_an_hour_on(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    for (int i = 0; i < 2; i++) {
        const char *job = audit_job(world, done(world, "ann", 3));
        commit_one(world, answer_to(world, grant(world, job, 0)->dispatch));
        settle(world);
        if (i == 0)
            sql_do(world, "update audit_hours set began_at = began_at - interval '30 hours'");
    }
    assert_third(only_line(world), 0, 1, 1);
    const Tp__AuditReply *both = audit(world, clock_wall_ms() - 31 * (int64_t)HOUR_MS);
    assert_int_equal(both->n_lines, 1);
    assert_third(both->lines[0], 0, 2, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_share_is_drawn_by_the_chunk_alone),
        WITH_FRESH_WORLD(an_audit_is_a_hidden_background_job_of_the_same_posts_in_another_order),
        WITH_FRESH_WORLD(what_others_are_asked_is_in_no_order),
        WITH_FRESH_WORLD(only_what_the_model_answered_to_several_posts_is_audited),
        WITH_FRESH_WORLD(nobody_audits_the_auditors),
        WITH_FRESH_WORLD(no_audit_is_begun_while_an_operator_wants_anything_but_the_usual),
        WITH_FRESH_WORLD(no_more_audits_are_unfinished_than_may_be),
        WITH_FRESH_WORLD(posts_are_compared_by_where_they_stood_at_first),
        WITH_FRESH_WORLD(names_are_compared_whatever_their_letters),
        WITH_FRESH_WORLD(what_is_no_result_as_others_are_holds_up_nothing),
        WITH_FRESH_WORLD(another_models_answer_is_not_compared),
        WITH_FRESH_WORLD(an_audit_asks_once_whatever_comes_of_it),
        WITH_FRESH_WORLD(an_audit_is_swept_when_it_has_been_compared),
        WITH_FRESH_WORLD(what_was_compared_is_told_from_an_hour_on),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
