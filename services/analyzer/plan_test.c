#include "plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "outcome.h"

enum { POSTS = 5 };
#define SECRET "0123456789abcdef"

static struct arena *arena;
static struct plan plan;

/* Posts of seq 0, 10, ...: "a", "b", "a " (a twin of the first), "c", "b" (of the second). */
static int open_plan(void **state)
{
    (void)state;
    static const char *const texts[POSTS] = {"a", "b", "a ", "c", "b"};
    arena = arena_open(64 << 20);
    Tp__Dispatch *dispatch = arena_new(arena, sizeof *dispatch);
    tp__dispatch__init(dispatch);
    dispatch->schema_version = SCHEMA_VERSION;
    dispatch->job_id = "01a20159-1f2b-7000-8000-000000000001";
    dispatch->attempt = 1;
    dispatch->tenant_id = "t";
    dispatch->user_id = "u";
    dispatch->mode = TP__ANALYSIS_MODE__BY_LLM;
    dispatch->posts = arena_array(arena, Tp__Post *, POSTS);
    for (size_t i = 0; i < POSTS; i++) {
        Tp__Post *post = arena_new(arena, sizeof *post);
        tp__post__init(post);
        post->seq = (uint32_t)(10 * i);
        post->text.data = (uint8_t *)arena_string(arena, texts[i]);
        post->text.len = strlen(texts[i]);
        dispatch->posts[dispatch->n_posts++] = post;
    }
    plan_open(&plan, dispatch, arena);
    static const uint8_t scope[CACHE_KEY_BYTES] = {1};
    assert_int_equal(plan_set_keys(&plan, scope, SECRET), 2);
    return 0;
}

static int close_plan(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

static Tp__PostResult *result_of(uint32_t seq, Tp__Provenance provenance)
{
    Tp__PostResult *result = arena_new(arena, sizeof *result);
    tp__post_result__init(result);
    result->seq = seq;
    result->data_json.data = (uint8_t *)arena_string(arena, "{}");
    result->data_json.len = 2;
    result->provenance = provenance;
    return result;
}

static Tp__Outcome *outcome_new_of(Tp__OutcomeClass outcome_class)
{
    return outcome_new(plan.dispatch, "i", outcome_class, arena);
}

static void assert_result(const Tp__Outcome *outcome, size_t nth, Tp__Provenance provenance)
{
    const Tp__PostResult *result = plan_result(&plan, outcome, nth);
    assert_non_null(result);
    assert_int_equal(result->provenance, provenance);
}

static void posts_that_say_the_same_are_twins_of_the_first(void **state)
{
    (void)state;
    assert_int_equal(plan_count(&plan, ORIGIN_UNKNOWN), 3);
    assert_int_equal(plan.posts[2].origin, ORIGIN_TWIN);
    assert_int_equal(plan.posts[2].twin, 0);
    assert_int_equal(plan.posts[4].twin, 1);
}

static void the_call_is_about_what_is_sent_alone(void **state)
{
    (void)state;
    assert_true(plan_know(&plan, 1, result_of(0, TP__PROVENANCE__FROM_LLM)));
    plan.posts[0].origin = plan.posts[3].origin = ORIGIN_SENT;
    const Tp__Dispatch *sent = plan_dispatch(&plan, arena);
    assert_int_equal(sent->n_posts, 2);
    assert_int_equal(sent->posts[0]->seq, 0);
    assert_int_equal(sent->posts[1]->seq, 30);
    assert_string_equal(sent->tenant_id, "t");
    assert_int_equal(plan.dispatch->n_posts, POSTS);
}

static void an_audit_is_about_the_same_posts_in_another_order(void **state)
{
    (void)state;
    Tp__Dispatch audit = *plan.dispatch;
    audit.order_seed = 7;
    plan_open(&plan, &audit, arena);
    for (size_t i = 0; i < POSTS; i++)
        plan.posts[i].origin = ORIGIN_SENT;
    const Tp__Dispatch *sent = plan_dispatch(&plan, arena);
    const Tp__Dispatch *again = plan_dispatch(&plan, arena);
    size_t moved = 0;
    uint32_t sum = 0;
    assert_int_equal(sent->n_posts, POSTS);
    for (size_t i = 0; i < POSTS; i++) {
        assert_ptr_equal(sent->posts[i], again->posts[i]);
        assert_int_equal(audit.posts[i]->seq, 10 * i);
        sum += sent->posts[i]->seq;
        moved += sent->posts[i]->seq != 10 * i;
    }
    assert_int_equal(sum, 0 + 10 + 20 + 30 + 40);
    assert_true(moved > 0);
}

static void all_that_is_known_comes_together(void **state)
{
    (void)state;
    assert_true(plan_know(&plan, 1, result_of(0, TP__PROVENANCE__FROM_LLM)));
    plan.posts[0].origin = plan.posts[3].origin = ORIGIN_SENT;
    Tp__Outcome *outcome = outcome_new_of(TP__OUTCOME_CLASS__OK);
    outcome->results[outcome->n_results++] = result_of(0, TP__PROVENANCE__FROM_LLM);
    outcome->results[outcome->n_results++] = result_of(30, TP__PROVENANCE__FROM_LLM);
    plan_merge(&plan, outcome, arena);
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__OK);
    assert_int_equal(outcome->n_results, POSTS);
    assert_int_equal(outcome->n_missing, 0);
    assert_result(outcome, 0, TP__PROVENANCE__FROM_LLM);
    assert_result(outcome, 1, TP__PROVENANCE__FROM_CACHE);
    assert_result(outcome, 2, TP__PROVENANCE__FROM_CACHE);
    assert_result(outcome, 3, TP__PROVENANCE__FROM_LLM);
    assert_result(outcome, 4, TP__PROVENANCE__FROM_CACHE);
}

static void a_twin_shares_its_elders_fate(void **state)
{
    (void)state;
    plan.posts[0].origin = plan.posts[3].origin = ORIGIN_SENT;
    plan.posts[1].origin = ORIGIN_LOST;
    Tp__Outcome *outcome = outcome_new_of(TP__OUTCOME_CLASS__PARTIAL);
    outcome->results[outcome->n_results++] = result_of(30, TP__PROVENANCE__FROM_LLM);
    Tp__MissingPost refused = TP__MISSING_POST__INIT;
    refused.reason = "refused";
    refused.is_final = 1;
    outcome->missing[outcome->n_missing++] = &refused;
    plan_merge(&plan, outcome, arena);
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__PARTIAL);
    assert_int_equal(outcome->n_results, 1);
    assert_int_equal(outcome->n_missing, 4);
    for (size_t i = 0; i < 4; i++) {
        bool is_refused = outcome->missing[i]->seq == 0 || outcome->missing[i]->seq == 20;
        assert_string_equal(outcome->missing[i]->reason, is_refused ? "refused" : "missing");
        assert_int_equal(outcome->missing[i]->is_final, is_refused);
    }
}

static void who_says_nearly_the_same_shares_a_result_but_no_verdict(void **state)
{
    (void)state;
    plan_join_near(&plan, 3, 1);
    plan.posts[0].origin = plan.posts[1].origin = ORIGIN_SENT;
    assert_int_equal(plan_count(&plan, ORIGIN_UNKNOWN), 0);
    Tp__Outcome *outcome = outcome_new_of(TP__OUTCOME_CLASS__OK);
    outcome->results[outcome->n_results++] = result_of(0, TP__PROVENANCE__FROM_LLM);
    outcome->results[outcome->n_results++] = result_of(10, TP__PROVENANCE__FROM_LLM);
    plan_merge(&plan, outcome, arena);
    assert_int_equal(outcome->n_results, POSTS);
    assert_result(outcome, 3, TP__PROVENANCE__FROM_NEAR_DUPLICATE);
    assert_result(outcome, 4, TP__PROVENANCE__FROM_CACHE);
}

static void who_says_nearly_the_same_as_a_refused_post_is_only_missing(void **state)
{
    (void)state;
    plan_join_near(&plan, 3, 1);
    plan.posts[0].origin = plan.posts[1].origin = ORIGIN_SENT;
    Tp__Outcome *outcome = outcome_new_of(TP__OUTCOME_CLASS__PARTIAL);
    outcome->results[outcome->n_results++] = result_of(0, TP__PROVENANCE__FROM_LLM);
    Tp__MissingPost refused = TP__MISSING_POST__INIT;
    refused.seq = 10;
    refused.reason = "refused";
    refused.is_final = 1;
    outcome->missing[outcome->n_missing++] = &refused;
    plan_merge(&plan, outcome, arena);
    assert_int_equal(outcome->n_missing, 3);
    for (size_t i = 0; i < 3; i++) {
        bool is_near = outcome->missing[i]->seq == 30;
        assert_string_equal(outcome->missing[i]->reason, is_near ? "missing" : "refused");
    }
}

static void what_is_known_nearly_has_a_provenance_of_its_own(void **state)
{
    (void)state;
    assert_true(plan_know_near(&plan, 0, result_of(0, TP__PROVENANCE__FROM_LLM)));
    Tp__Outcome *outcome = outcome_new_of(TP__OUTCOME_CLASS__OK);
    plan_merge(&plan, outcome, arena);
    assert_result(outcome, 0, TP__PROVENANCE__FROM_NEAR_DUPLICATE);
    assert_result(outcome, 2, TP__PROVENANCE__FROM_NEAR_DUPLICATE);
}

static void a_call_that_failed_keeps_its_class_and_what_is_known(void **state)
{
    (void)state;
    assert_true(plan_know(&plan, 1, result_of(0, TP__PROVENANCE__FROM_LLM)));
    plan.posts[0].origin = plan.posts[3].origin = ORIGIN_SENT;
    Tp__Outcome *outcome = outcome_new_of(TP__OUTCOME_CLASS__RATE_LIMITED);
    plan_merge(&plan, outcome, arena);
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__RATE_LIMITED);
    assert_int_equal(outcome->n_results, 2);
    assert_int_equal(outcome->n_missing, 0);
}

static void only_what_this_call_was_answered_may_be_kept(void **state)
{
    (void)state;
    Tp__Outcome *outcome = outcome_new_of(TP__OUTCOME_CLASS__OK);
    outcome->results[outcome->n_results++] = result_of(0, TP__PROVENANCE__FROM_LLM);
    outcome->results[outcome->n_results++] = result_of(10, TP__PROVENANCE__FROM_REPAIR);
    outcome->results[outcome->n_results++] = result_of(30, TP__PROVENANCE__FROM_EMBEDDED);
    plan_sign(&plan, outcome);
    assert_int_equal(outcome->results[0]->cache_key.len, CACHE_KEY_BYTES);
    assert_memory_equal(outcome->results[0]->cache_key.data, plan.posts[0].key, CACHE_KEY_BYTES);
    assert_int_equal(outcome->results[1]->cache_key.len, CACHE_KEY_BYTES); /* mended: its own */
    assert_int_equal(outcome->results[2]->cache_key.len, 0);
    assert_true(plan_know(&plan, 0, outcome->results[1]));
    assert_int_equal(plan.posts[0].result->provenance, TP__PROVENANCE__FROM_REPAIR);
}

static void what_does_not_fit_into_the_outcome_stays_unknown(void **state)
{
    (void)state;
    enum { LARGE = 201 * 1000 }; /* more than any post's share */
    char *json = arena_new(arena, LARGE + 1);
    memset(json, ' ', LARGE);
    json[0] = '{';
    json[LARGE - 1] = '}';
    Tp__PostResult *large = result_of(0, TP__PROVENANCE__FROM_LLM);
    large->data_json = (ProtobufCBinaryData){LARGE, (uint8_t *)json};
    assert_false(plan_know(&plan, 0, large));
    assert_int_equal(plan.posts[0].origin, ORIGIN_UNKNOWN);
}

#define WITH_PLAN(test) cmocka_unit_test_setup_teardown(test, open_plan, close_plan)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PLAN(posts_that_say_the_same_are_twins_of_the_first),
        WITH_PLAN(the_call_is_about_what_is_sent_alone),
        WITH_PLAN(an_audit_is_about_the_same_posts_in_another_order),
        WITH_PLAN(all_that_is_known_comes_together),
        WITH_PLAN(a_twin_shares_its_elders_fate),
        WITH_PLAN(who_says_nearly_the_same_shares_a_result_but_no_verdict),
        WITH_PLAN(who_says_nearly_the_same_as_a_refused_post_is_only_missing),
        WITH_PLAN(what_is_known_nearly_has_a_provenance_of_its_own),
        WITH_PLAN(a_call_that_failed_keeps_its_class_and_what_is_known),
        WITH_PLAN(only_what_this_call_was_answered_may_be_kept),
        WITH_PLAN(what_does_not_fit_into_the_outcome_stays_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
