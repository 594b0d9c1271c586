/* An analyzer beside others that ask for the same posts, as the store tells it. */
#include "inquiries.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "messages/subjects.h"
#include "stage_for_test.h"

enum watched { THEY_FLY, THEY_ARE_THERE, THEY_ARE_LOST };

/* A store: of the keys it is asked for the first `flying` are others', the rest is claimed. */
static struct {
    struct bus_subscription *ear;
    atomic_int flying, watched;                                        /* what it says */
    atomic_int questions, claims, watches, releases, signs, farewells; /* what it has heard */
} store;

static Tp__PostResult known(void)
{
    static const char json[] = "{\"entities\":{},\"topics\":[\"from another\"]}";
    Tp__PostResult result = TP__POST_RESULT__INIT;
    result.data_json = (ProtobufCBinaryData){sizeof json - 1, (uint8_t *)(uintptr_t)json};
    result.provenance = TP__PROVENANCE__FROM_LLM;
    result.model = "a-model";
    return result;
}

static void note(const Tp__CacheFind *find, size_t claims)
{
    atomic_fetch_add(&store.questions, 1);
    atomic_fetch_add(&store.claims, (int)claims);
    atomic_fetch_add(&store.watches, (int)find->n_watched);
    atomic_fetch_add(&store.releases, (int)find->n_released);
    bool is_empty = find->n_keys + find->n_watched + find->n_released == 0;
    atomic_fetch_add(&store.signs, is_empty && find->claim_ms > 0);
    atomic_fetch_add(&store.farewells, is_empty && find->claim_ms == 0);
}

static void hear(void *context, struct bus_message *message)
{
    (void)context;
    SCOPED(arena_close) struct arena *arena = arena_open(256 * 1024);
    const Tp__CacheFind *find;
    struct error why;
    CHECK(unpack_cache_find(arena, bus_body(message), &find, &why));
    Tp__CacheFound found = TP__CACHE_FOUND__INIT;
    found.schema_version = SCHEMA_VERSION;
    found.claimed = arena_array(arena, uint32_t, CHUNK_MAX_POSTS);
    found.flying = arena_array(arena, uint32_t, CHUNK_MAX_POSTS);
    found.results = arena_array(arena, Tp__CachedResult *, CHUNK_MAX_POSTS);
    Tp__PostResult result = known();
    for (uint32_t i = 0; i < find->n_keys + find->n_watched; i++) {
        bool is_watched = i >= find->n_keys;
        int watched = atomic_load(&store.watched);
        if (is_watched ? watched == THEY_FLY : (int)i < atomic_load(&store.flying)) {
            found.flying[found.n_flying++] = i;
        } else if (!is_watched) {
            found.claimed[found.n_claimed++] = i;
        } else if (watched == THEY_ARE_THERE) {
            Tp__CachedResult *there = arena_new(arena, sizeof *there);
            tp__cached_result__init(there);
            there->nth = i;
            there->result = &result;
            found.results[found.n_results++] = there;
        }
    }
    note(find, found.n_claimed);
    CHECK(bus_reply(stage.bus, message, pack_cache_found(arena, &found)));
}

static int open_store(void **state)
{
    struct error why;
    reset(state);
    atomic_store(&store.flying, 0);
    atomic_store(&store.watched, THEY_FLY);
    atomic_int *counts[] = {&store.questions, &store.claims, &store.watches,
                            &store.releases,  &store.signs,  &store.farewells};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        atomic_store(counts[i], 0);
    stage.settings.cache_wait_ms = 5000; /* a busy machine is no fault of the store */
    return bus_subscribe(stage.bus, RPC_STORE_CACHE_FIND, "store", hear, NULL, &store.ear, &why)
               ? 0
               : -1;
}

static int close_store(void **state)
{
    (void)state;
    bus_unsubscribe(&store.ear);
    return 0;
}

static void cancel(const char *job_id)
{
    char subject[SUBJECT_SIZE];
    struct error why;
    subject_cancel(job_id, subject);
    assert_true(bus_publish(stage.bus, subject, (struct bytes){0}, &why));
}

static void what_others_ask_for_is_waited_for_with_a_free_permit(void **state)
{
    (void)state;
    atomic_store(&store.flying, 2);
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const char *job = dispatch(TP__ANALYSIS_MODE__BY_LLM);
    wait_until(&store.watches, 4); /* posts, each at least twice */
    assert_int_equal(atomic_load(&stage.asks), 1);
    assert_int_equal(atomic_load(&stage.free_asks), 1);
    atomic_store(&store.watched, THEY_ARE_THERE);
    const Tp__Outcome *outcome = outcome_of(job);
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__OK);
    assert_int_equal(outcome->n_results, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(outcome->results[i]->provenance, TP__PROVENANCE__FROM_CACHE);
        assert_int_equal(outcome->results[i]->cache_key.len, 0);
    }
    assert_false(outcome->was_called);
    assert_int_equal(atomic_load(&stage.llm.requests), 0);
    assert_int_equal(atomic_load(&store.claims), 0);
}

static void if_their_call_comes_to_nothing_the_chunk_comes_again(void **state)
{
    (void)state;
    atomic_store(&store.flying, 2);
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const char *job = dispatch(TP__ANALYSIS_MODE__BY_LLM);
    wait_until(&store.watches, 2);
    atomic_store(&store.watched, THEY_ARE_LOST);
    const Tp__Outcome *outcome = outcome_of(job);
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__ABORTED); /* no try is charged */
    assert_int_equal(outcome->n_results + outcome->n_missing, 0);
    assert_false(outcome->was_called);
    assert_true(outcome->usage->is_known);
    assert_int_equal(atomic_load(&stage.llm.requests), 0);
}

static void who_waits_for_others_can_be_cancelled(void **state)
{
    (void)state;
    atomic_store(&store.flying, 2);
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const char *job = dispatch(TP__ANALYSIS_MODE__BY_LLM);
    wait_until(&store.watches, 2);
    cancel(job);
    assert_int_equal(outcome_of(job)->outcome_class, TP__OUTCOME_CLASS__ABORTED);
}

static void the_rest_is_asked_for_at_once_and_goes_out_with_theirs(void **state)
{
    (void)state;
    atomic_store(&store.flying, 1);
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const char *job = dispatch(TP__ANALYSIS_MODE__BY_LLM);
    wait_until(&stage.llm.requests, 1);
    wait_until(&store.watches, 2);
    atomic_store(&store.watched, THEY_ARE_THERE);
    const Tp__Outcome *outcome = outcome_of(job);
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__OK);
    assert_int_equal(outcome->n_results, 2);
    assert_true(outcome->was_called);
    assert_int_equal(atomic_load(&stage.llm.posts), 1);
    assert_int_equal(atomic_load(&store.claims), 1);
    assert_int_equal(atomic_load(&store.releases), 0); /* its commit ends it */
}

static void after_the_own_call_theirs_is_missing_if_it_is_lost(void **state)
{
    (void)state;
    atomic_store(&store.flying, 1);
    atomic_store(&store.watched, THEY_ARE_LOST);
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const Tp__Outcome *outcome = outcome_of(dispatch(TP__ANALYSIS_MODE__BY_LLM));
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__PARTIAL);
    assert_int_equal(outcome->n_results, 1);
    assert_int_equal(outcome->results[0]->seq, 11);
    assert_int_equal(outcome->n_missing, 1);
    assert_int_equal(outcome->missing[0]->seq, 10);
    assert_int_equal(atomic_load(&stage.llm.requests), 1);
}

static void nobody_waits_long_for_others_with_a_permit_that_is_not_used(void **state)
{
    (void)state;
    atomic_store(&store.flying, 1);
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const Tp__Outcome *outcome = outcome_of(dispatch(TP__ANALYSIS_MODE__BY_LLM));
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__PARTIAL);
    assert_int_equal(outcome->n_missing, 1);
    assert_true(atomic_load(&store.watches) > 1);
}

static void what_was_claimed_for_a_call_that_fails_is_released(void **state)
{
    (void)state;
    atomic_store(&stage.llm.mood, TEST_LLM_HESITATES);
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const char *job = dispatch(TP__ANALYSIS_MODE__BY_LLM);
    wait_until(&stage.llm.requests, 1);
    assert_int_equal(atomic_load(&store.claims), 2);
    cancel(job);
    assert_int_equal(outcome_of(job)->outcome_class, TP__OUTCOME_CLASS__ABORTED);
    wait_until(&store.releases, 2);
    atomic_store(&stage.llm.mood, TEST_LLM_SERVES);
}

static void what_was_claimed_for_a_chunk_that_is_dropped_is_released(void **state)
{
    (void)state;
    atomic_store(&stage.is_dropping, true);
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    dispatch(TP__ANALYSIS_MODE__BY_LLM);
    wait_until(&store.releases, 2);
    assert_int_equal(atomic_load(&stage.llm.requests), 0);
}

static void whoever_holds_claims_gives_signs_of_life_and_takes_leave(void **state)
{
    (void)state;
    atomic_store(&stage.llm.mood, TEST_LLM_HESITATES);
    {
        SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
        const char *job = dispatch(TP__ANALYSIS_MODE__BY_LLM);
        wait_until(&store.signs, 2);
        atomic_store(&stage.llm.mood, TEST_LLM_SERVES);
        assert_int_equal(outcome_of(job)->outcome_class, TP__OUTCOME_CLASS__OK);
        assert_int_equal(atomic_load(&store.farewells), 0);
    }
    wait_until(&store.farewells, 1);
    assert_int_equal(atomic_load(&store.releases), 0);
}

static void an_audit_neither_claims_nor_waits(void **state)
{
    (void)state;
    atomic_store(&store.flying, 2);
    stage.order_seed = 7;
    {
        SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
        const Tp__Outcome *outcome = outcome_of(dispatch(TP__ANALYSIS_MODE__BY_LLM));
        assert_int_equal(outcome->n_results, 2);
        assert_true(outcome->was_called);
    }
    stage.order_seed = 0;
    assert_int_equal(atomic_load(&store.questions), 0);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(what_others_ask_for_is_waited_for_with_a_free_permit),
        WITH_STORE(if_their_call_comes_to_nothing_the_chunk_comes_again),
        WITH_STORE(who_waits_for_others_can_be_cancelled),
        WITH_STORE(the_rest_is_asked_for_at_once_and_goes_out_with_theirs),
        WITH_STORE(after_the_own_call_theirs_is_missing_if_it_is_lost),
        WITH_STORE(nobody_waits_long_for_others_with_a_permit_that_is_not_used),
        WITH_STORE(what_was_claimed_for_a_call_that_fails_is_released),
        WITH_STORE(what_was_claimed_for_a_chunk_that_is_dropped_is_released),
        WITH_STORE(whoever_holds_claims_gives_signs_of_life_and_takes_leave),
        WITH_STORE(an_audit_neither_claims_nor_waits),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
