/* What is known is not asked for: on the stage of the analyzer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/clock.h"
#include "messages/subjects.h"
#include "metrics/metrics.h"
#include "stage_for_test.h"

static const char *dispatch_texts(const char *first, const char *second)
{
    const char *texts[] = {first, second};
    return dispatch_of("", TP__ANALYSIS_MODE__BY_LLM, texts);
}

/* Of the post with that seq. */
static const Tp__PostResult *result_of(const Tp__Outcome *outcome, uint32_t seq)
{
    for (size_t i = 0; i < outcome->n_results; i++)
        if (outcome->results[i]->seq == seq)
            return outcome->results[i];
    fail_msg("no result of post %u", seq);
    return NULL;
}

static void assert_provenances(const Tp__Outcome *outcome, Tp__Provenance first,
                               Tp__Provenance second)
{
    CHECK(outcome != NULL);
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__OK);
    assert_int_equal(outcome->n_results, 2);
    assert_int_equal(result_of(outcome, 10)->provenance, first);
    assert_int_equal(result_of(outcome, 11)->provenance, second);
}

static void posts_that_say_the_same_are_asked_for_once(void **state)
{
    (void)state;
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const Tp__Outcome *outcome = outcome_of(dispatch_texts("to #cats twice", "to  #cats twice "));
    assert_provenances(outcome, TP__PROVENANCE__FROM_LLM, TP__PROVENANCE__FROM_CACHE);
    assert_int_equal(atomic_load(&stage.llm.posts), 1);
    assert_int_equal(result_of(outcome, 10)->cache_key.len, CACHE_KEY_BYTES);
    assert_int_equal(result_of(outcome, 11)->cache_key.len, 0);
    const Tp__PostResult *twin = result_of(outcome, 11);
    const char *json = arena_bytes(stage.arena, twin->data_json.data, twin->data_json.len);
    assert_non_null(strstr(json, "\"hashtags\":[{\"text\":\"cats\",\"indices\":[4,9]}]"));
    assert_string_equal(twin->model, "a-model");
    assert_int_equal(twin->prompt_tokens, 0);
    assert_int_equal(twin->completion_tokens, 0);
    assert_int_equal(result_of(outcome, 10)->prompt_tokens, 7);
    assert_int_equal(result_of(outcome, 10)->completion_tokens, 5);
}

static void what_was_answered_once_is_published_without_a_call(void **state)
{
    (void)state;
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    outcome_of(dispatch_texts("known one", "known two"));
    const Tp__Outcome *outcome;
    do /* until the analyzer, too, has heard that the outcome is stored */
        outcome = outcome_of(dispatch_texts("known two", "known one"));
    while (atomic_load(&stage.free_asks) == 0);
    assert_provenances(outcome, TP__PROVENANCE__FROM_CACHE, TP__PROVENANCE__FROM_CACHE);
    assert_int_equal(atomic_load(&stage.llm.requests), 1);
    assert_int_equal(atomic_load(&stage.free_asks), 1);
    assert_false(outcome->was_called);
    assert_true(outcome->usage->is_known);
    assert_int_equal(outcome->usage->prompt_tokens, 0);
    assert_int_equal(outcome->results[0]->prompt_tokens, 0);
    assert_string_equal(outcome->model, "a-model");
    assert_true(strlen(outcome->summary) > 0);
    outcome = outcome_of(dispatch_texts("known two", "not known yet"));
    assert_provenances(outcome, TP__PROVENANCE__FROM_CACHE, TP__PROVENANCE__FROM_LLM);
    assert_int_equal(atomic_load(&stage.free_asks), 1);
    assert_int_equal(atomic_load(&stage.llm.posts), 3);
}

static void an_audit_asks_again_for_what_is_known_and_nothing_of_it_is_kept(void **state)
{
    (void)state;
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    outcome_of(dispatch_texts("to be audited", "and this"));
    do
        outcome_of(dispatch_texts("to be audited", "and this"));
    while (atomic_load(&stage.free_asks) == 0);
    stage.order_seed = 7;
    const Tp__Outcome *outcome = outcome_of(dispatch_texts("to be audited", "and this"));
    assert_provenances(outcome, TP__PROVENANCE__FROM_LLM, TP__PROVENANCE__FROM_LLM);
    assert_true(outcome->was_called);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(outcome->results[i]->cache_key.len, 0);
    outcome_of(dispatch_texts("never asked otherwise", "never"));
    stage.order_seed = 0;
    int posts = atomic_load(&stage.llm.posts);
    outcome = outcome_of(dispatch_texts("never asked otherwise", "never"));
    assert_provenances(outcome, TP__PROVENANCE__FROM_LLM, TP__PROVENANCE__FROM_LLM);
    assert_int_equal(atomic_load(&stage.llm.posts), posts + 2);
}

static void without_the_cache_every_post_is_sent(void **state)
{
    (void)state;
    stage.settings.caches = false;
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    for (int i = 0; i < 2; i++) {
        const Tp__Outcome *outcome = outcome_of(dispatch_texts("same", "same"));
        assert_provenances(outcome, TP__PROVENANCE__FROM_LLM, TP__PROVENANCE__FROM_LLM);
        assert_int_equal(outcome->results[0]->cache_key.len, 0);
    }
    assert_int_equal(atomic_load(&stage.llm.posts), 4);
    stage.settings.caches = true;
}

/* Knows the first of what it is asked for, and nothing else. */
static void hear_find(void *context, struct bus_message *message)
{
    (void)context;
    SCOPED(arena_close) struct arena *arena = arena_open(64 * 1024);
    const Tp__CacheFind *find;
    struct error why;
    CHECK(unpack_cache_find(arena, bus_body(message), &find, &why));
    static const char json[] = "{\"entities\":{},\"topics\":[\"from redis\"]}";
    Tp__PostResult kept = TP__POST_RESULT__INIT;
    kept.data_json = (ProtobufCBinaryData){sizeof json - 1, (uint8_t *)(uintptr_t)json};
    kept.provenance = TP__PROVENANCE__FROM_LLM;
    kept.model = "a-model";
    Tp__CachedResult only = TP__CACHED_RESULT__INIT;
    only.result = &kept;
    Tp__CachedResult *list[] = {&only};
    Tp__CacheFound found = TP__CACHE_FOUND__INIT;
    found.schema_version = SCHEMA_VERSION;
    found.n_results = 1;
    found.results = list;
    CHECK(bus_reply(stage.bus, message, pack_cache_found(arena, &found)));
}

static void say_nothing(void *context, struct bus_message *message)
{
    (void)context;
    (void)message;
}

#define FERRY "the new #ferry to the island in the north is wonderful"

static const char *json_of(const Tp__Outcome *outcome, uint32_t seq)
{
    const Tp__PostResult *result = result_of(outcome, seq);
    return arena_bytes(stage.arena, result->data_json.data, result->data_json.len);
}

static void a_retweet_of_a_post_of_its_chunk_is_not_sent(void **state)
{
    (void)state;
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const Tp__Outcome *outcome = outcome_of(dispatch_texts(FERRY, "RT @pia: " FERRY));
    assert_provenances(outcome, TP__PROVENANCE__FROM_LLM, TP__PROVENANCE__FROM_NEAR_DUPLICATE);
    assert_int_equal(atomic_load(&stage.llm.posts), 1);
    assert_int_equal(result_of(outcome, 11)->cache_key.len, 0);
    assert_non_null(strstr(json_of(outcome, 10), "{\"text\":\"ferry\",\"indices\":[8,14]}"));
    assert_non_null(strstr(json_of(outcome, 11), "{\"text\":\"ferry\",\"indices\":[17,23]}"));
    assert_non_null(strstr(json_of(outcome, 11), "{\"text\":\"pia\",\"indices\":[3,7]}"));
}

/* A result may be used a moment after its outcome is in the stream. */
static void ask_until_known(const char *first, const char *second)
{
    do
        outcome_of(dispatch_texts(first, second));
    while (atomic_load(&stage.free_asks) == 0);
}

static void retweets_of_what_was_answered_are_published_without_a_call(void **state)
{
    (void)state;
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    ask_until_known(FERRY " today", "not this");
    const Tp__Outcome *outcome = outcome_of(
        dispatch_texts("RT @ole: " FERRY " tod\u2026", "RT @ole: " FERRY " today https://t.co/a"));
    assert_provenances(outcome, TP__PROVENANCE__FROM_NEAR_DUPLICATE,
                       TP__PROVENANCE__FROM_NEAR_DUPLICATE);
    assert_string_equal(result_of(outcome, 11)->model, "a-model");
    assert_int_equal(atomic_load(&stage.llm.posts), 2);
}

static void a_near_duplicate_is_no_source_for_others(void **state)
{
    (void)state;
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    ask_until_known(FERRY " again", "RT @pia: " FERRY " again");
    const Tp__Outcome *outcome =
        outcome_of(dispatch_texts("RT @pia: " FERRY " again", FERRY " again"));
    assert_provenances(outcome, TP__PROVENANCE__FROM_NEAR_DUPLICATE, TP__PROVENANCE__FROM_CACHE);
    assert_int_equal(atomic_load(&stage.llm.posts), 1);
}

static void an_instruction_of_the_users_own_is_answered_for_each_post(void **state)
{
    (void)state;
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    stage.instruction = "Is it a retweet?";
    outcome_of(dispatch_texts(FERRY " or not", "RT @pia: " FERRY " or not"));
    stage.instruction = "";
    assert_int_equal(atomic_load(&stage.llm.posts), 2);
}

static void if_they_are_not_wanted_retweets_are_sent(void **state)
{
    (void)state;
    stage.settings.finds_near = false;
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const Tp__Outcome *outcome = outcome_of(dispatch_texts(FERRY " off", "RT @pia: " FERRY " off"));
    stage.settings.finds_near = true;
    assert_provenances(outcome, TP__PROVENANCE__FROM_LLM, TP__PROVENANCE__FROM_LLM);
    assert_int_equal(atomic_load(&stage.llm.posts), 2);
}

static void the_store_is_asked_for_what_this_replica_does_not_know(void **state)
{
    (void)state;
    struct bus_subscription *store;
    struct error why;
    assert_true(
        bus_subscribe(stage.bus, RPC_STORE_CACHE_FIND, "store", hear_find, NULL, &store, &why));
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const Tp__Outcome *outcome = outcome_of(dispatch_texts("in redis #a", "nowhere"));
    assert_provenances(outcome, TP__PROVENANCE__FROM_CACHE, TP__PROVENANCE__FROM_LLM);
    const Tp__PostResult *first = result_of(outcome, 10);
    const char *json = arena_bytes(stage.arena, first->data_json.data, first->data_json.len);
    assert_non_null(strstr(json, "from redis"));
    assert_non_null(strstr(json, "\"hashtags\":[{\"text\":\"a\",\"indices\":[9,11]}]"));
    bus_unsubscribe(&store);
    outcome = outcome_of(dispatch_texts("in redis #a", "nowhere")); /* both in memory now */
    assert_provenances(outcome, TP__PROVENANCE__FROM_CACHE, TP__PROVENANCE__FROM_CACHE);
    assert_int_equal(atomic_load(&stage.llm.posts), 1);
}

static void a_store_that_says_nothing_costs_a_moment(void **state)
{
    (void)state;
    struct bus_subscription *store;
    struct error why;
    assert_true(
        bus_subscribe(stage.bus, RPC_STORE_CACHE_FIND, "store", say_nothing, NULL, &store, &why));
    int64_t usual_ms = stage.settings.cache_wait_ms;
    stage.settings.cache_wait_ms = 50;
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    struct instant began = clock_now();
    const Tp__Outcome *outcome = outcome_of(dispatch(TP__ANALYSIS_MODE__BY_LLM));
    assert_in_range(instant_ms_between(began, clock_now()), 50, usual_ms);
    stage.settings.cache_wait_ms = usual_ms;
    assert_provenances(outcome, TP__PROVENANCE__FROM_LLM, TP__PROVENANCE__FROM_LLM);
    bus_unsubscribe(&store);
}

/* They may come in any order. */
static void outcomes_of_both(const char *first, const char *second, const Tp__Outcome *outcomes[2])
{
    outcomes[0] = outcomes[1] = NULL;
    for (int i = 0; i < 2; i++) {
        const Tp__Outcome *outcome = next_outcome(PATIENCE_MS);
        assert_non_null(outcome);
        size_t which = strcmp(outcome->job_id, first) == 0 ? 0 : 1;
        assert_string_equal(outcome->job_id, which == 0 ? first : second);
        assert_null(outcomes[which]);
        outcomes[which] = outcome;
    }
}

static void read_joined(void *context, const struct metric_sample *sample)
{
    double *joined = context;
    if (strcmp(sample->name, "tweetpulse_cache_joined_posts_total") == 0)
        *joined += sample->value;
}

/* Posts that have come to wait for another call, so far. */
static double joined_posts(void)
{
    double joined = 0;
    metrics_visit(read_joined, &joined);
    return joined;
}

static void wait_for_joined(double least)
{
    struct instant end = instant_plus_ms(clock_now(), PATIENCE_MS);
    while (joined_posts() < least && instant_is_before(clock_now(), end))
        usleep(1000);
    assert_true(joined_posts() >= least);
}

static void a_post_that_another_call_asks_for_is_waited_for(void **state)
{
    (void)state;
    atomic_store(&stage.llm.mood, TEST_LLM_HESITATES);
    double joined = joined_posts();
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const char *first = dispatch_texts("at once one", "at once two");
    wait_until(&stage.llm.requests, 1);
    const char *second = dispatch_texts("at once two", "at once one");
    wait_for_joined(joined + 2);
    atomic_store(&stage.llm.mood, TEST_LLM_SERVES);
    const Tp__Outcome *outcomes[2];
    outcomes_of_both(first, second, outcomes);
    assert_provenances(outcomes[0], TP__PROVENANCE__FROM_LLM, TP__PROVENANCE__FROM_LLM);
    assert_provenances(outcomes[1], TP__PROVENANCE__FROM_CACHE, TP__PROVENANCE__FROM_CACHE);
    assert_false(outcomes[1]->was_called);
    assert_true(outcomes[1]->usage->is_known);
    assert_int_equal(atomic_load(&stage.llm.requests), 1);
    assert_int_equal(atomic_load(&stage.free_asks), 0);
}

static void a_post_of_a_call_that_is_cancelled_is_asked_for_by_who_waits(void **state)
{
    (void)state;
    atomic_store(&stage.llm.mood, TEST_LLM_HESITATES);
    double joined = joined_posts();
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const char *first = dispatch_texts("cancelled one", "cancelled two");
    wait_until(&stage.llm.requests, 1);
    const char *second = dispatch_texts("cancelled two", "cancelled one");
    wait_for_joined(joined + 2);
    assert_int_equal(atomic_load(&stage.llm.requests), 1);
    char subject[SUBJECT_SIZE];
    subject_cancel(first, subject);
    struct error why;
    assert_true(bus_publish(stage.bus, subject, (struct bytes){0}, &why));
    assert_int_equal(outcome_of(first)->outcome_class, TP__OUTCOME_CLASS__ABORTED);
    atomic_store(&stage.llm.mood, TEST_LLM_SERVES);
    const Tp__Outcome *outcome = outcome_of(second);
    assert_provenances(outcome, TP__PROVENANCE__FROM_LLM, TP__PROVENANCE__FROM_LLM);
    assert_true(outcome->was_called);
}

static void who_waits_can_be_cancelled_as_well(void **state)
{
    (void)state;
    atomic_store(&stage.llm.mood, TEST_LLM_HESITATES);
    double joined = joined_posts();
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const char *first = dispatch_texts("waiting one", "waiting two");
    wait_until(&stage.llm.requests, 1);
    const char *second = dispatch_texts("waiting two", "waiting one");
    wait_for_joined(joined + 2);
    char subject[SUBJECT_SIZE];
    subject_cancel(second, subject);
    struct error why;
    assert_true(bus_publish(stage.bus, subject, (struct bytes){0}, &why));
    const Tp__Outcome *outcome = outcome_of(second);
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__ABORTED);
    assert_false(outcome->was_called);
    assert_true(outcome->usage->is_known);
    atomic_store(&stage.llm.mood, TEST_LLM_SERVES);
    assert_provenances(outcome_of(first), TP__PROVENANCE__FROM_LLM, TP__PROVENANCE__FROM_LLM);
}

/* One of the second chunk's posts is in the first one's call, which fails while its own runs. */
static void a_post_lost_by_another_call_is_missing_once_its_own_call_is_made(void **state)
{
    (void)state;
    atomic_store(&stage.llm.mood, TEST_LLM_HESITATES);
    double joined = joined_posts();
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const char *first = dispatch_texts("lost one", "lost two");
    wait_until(&stage.llm.requests, 1);
    const char *second = dispatch_texts("lost two", "its own");
    wait_until(&stage.asks, 2);
    wait_for_joined(joined + 1);
    char subject[SUBJECT_SIZE];
    subject_cancel(first, subject);
    struct error why;
    assert_true(bus_publish(stage.bus, subject, (struct bytes){0}, &why));
    assert_int_equal(outcome_of(first)->outcome_class, TP__OUTCOME_CLASS__ABORTED);
    atomic_store(&stage.llm.mood, TEST_LLM_SERVES);
    const Tp__Outcome *outcome = outcome_of(second);
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__PARTIAL);
    assert_int_equal(outcome->n_results, 1);
    assert_int_equal(outcome->results[0]->seq, 11);
    assert_int_equal(outcome->n_missing, 1);
    assert_int_equal(outcome->missing[0]->seq, 10);
    assert_false(outcome->missing[0]->is_final);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(posts_that_say_the_same_are_asked_for_once, reset),
        cmocka_unit_test_setup(what_was_answered_once_is_published_without_a_call, reset),
        cmocka_unit_test_setup(an_audit_asks_again_for_what_is_known_and_nothing_of_it_is_kept,
                               reset),
        cmocka_unit_test_setup(without_the_cache_every_post_is_sent, reset),
        cmocka_unit_test_setup(a_retweet_of_a_post_of_its_chunk_is_not_sent, reset),
        cmocka_unit_test_setup(retweets_of_what_was_answered_are_published_without_a_call, reset),
        cmocka_unit_test_setup(a_near_duplicate_is_no_source_for_others, reset),
        cmocka_unit_test_setup(an_instruction_of_the_users_own_is_answered_for_each_post, reset),
        cmocka_unit_test_setup(if_they_are_not_wanted_retweets_are_sent, reset),
        cmocka_unit_test_setup(the_store_is_asked_for_what_this_replica_does_not_know, reset),
        cmocka_unit_test_setup(a_store_that_says_nothing_costs_a_moment, reset),
        cmocka_unit_test_setup(a_post_that_another_call_asks_for_is_waited_for, reset),
        cmocka_unit_test_setup(a_post_of_a_call_that_is_cancelled_is_asked_for_by_who_waits, reset),
        cmocka_unit_test_setup(who_waits_can_be_cancelled_as_well, reset),
        cmocka_unit_test_setup(a_post_lost_by_another_call_is_missing_once_its_own_call_is_made,
                               reset),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
