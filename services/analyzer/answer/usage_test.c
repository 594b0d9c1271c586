/* Shares of what a call used; tests are named by the rules of usage.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "usage.h"

enum { MOST = 100 };

static uint64_t sum(const uint32_t *shares, size_t count)
{
    uint64_t all = 0;
    for (size_t i = 0; i < count; i++)
        all += shares[i];
    return all;
}

/* ---- rule 3 ---- */

static void shares_are_by_weight(void **state)
{
    (void)state;
    const uint64_t weights[] = {1, 2, 7};
    uint32_t shares[3];
    usage_divide(100, weights, 3, shares);
    assert_int_equal(shares[0], 10);
    assert_int_equal(shares[1], 20);
    assert_int_equal(shares[2], 70);
}

static void
what_is_left_over_goes_to_the_largest_remainders_and_of_equals_to_the_first(void **state)
{
    (void)state;
    const uint64_t weights[] = {3, 3, 4}; /* of 8: 2.4, 2.4, 3.2 */
    uint32_t shares[3];
    usage_divide(8, weights, 3, shares);
    assert_int_equal(shares[0], 3);
    assert_int_equal(shares[1], 2);
    assert_int_equal(shares[2], 3);
    usage_divide(9, weights, 3, shares); /* 2.7, 2.7, 3.6 */
    assert_int_equal(shares[0], 3);
    assert_int_equal(shares[1], 3);
    assert_int_equal(shares[2], 3);
}

static void without_weights_shares_are_equal(void **state)
{
    (void)state;
    const uint64_t weights[4] = {0};
    uint32_t shares[4];
    usage_divide(10, weights, 4, shares);
    assert_int_equal(shares[0], 3);
    assert_int_equal(shares[1], 3);
    assert_int_equal(shares[2], 2);
    assert_int_equal(shares[3], 2);
}

static void whoever_weighs_nothing_gets_nothing(void **state)
{
    (void)state;
    const uint64_t weights[] = {0, 5, 0};
    uint32_t shares[3];
    usage_divide(1, weights, 3, shares);
    assert_int_equal(shares[1], 1);
    usage_divide(UINT32_MAX, weights, 3, shares);
    assert_int_equal(shares[1], UINT32_MAX);
    assert_int_equal(shares[0] + shares[2], 0);
}

/* Whatever the weights: nothing is lost, and no share is a token off what is due. */
static void shares_always_add_up(void **state)
{
    (void)state;
    srandom(7);
    for (int round = 0; round < 5000; round++) {
        uint64_t weights[MOST], total = 0;
        uint32_t shares[MOST];
        size_t count = 1 + (size_t)random() % MOST;
        uint32_t tokens = round % 10 == 0 ? UINT32_MAX : (uint32_t)(random() % 100000);
        for (size_t i = 0; i < count; i++) {
            weights[i] = random() % 4 == 0 ? 0 : (uint64_t)random() % 40000000;
            total += weights[i];
        }
        usage_divide(tokens, weights, count, shares);
        assert_int_equal(sum(shares, count), tokens);
        for (size_t i = 0; i < count && total > 0; i++) {
            uint64_t due = tokens * weights[i] / total;
            assert_in_range(shares[i], due, due + 1);
        }
    }
}

/* ---- outcomes ---- */

static struct {
    Tp__Post posts[MOST], *post_list[MOST];
    Tp__PostResult results[MOST], *result_list[MOST];
    struct post_answer answers[MOST];
    Tp__Dispatch sent;
    Tp__Outcome outcome;
    struct answer answer;
} call;

static void asked_for(size_t count, const size_t *text_bytes, const size_t *answer_bytes)
{
    tp__dispatch__init(&call.sent);
    tp__outcome__init(&call.outcome);
    call.answer = (struct answer){.posts = call.answers, .is_usage_known = true};
    for (size_t i = 0; i < count; i++) {
        tp__post__init(&call.posts[i]);
        tp__post_result__init(&call.results[i]);
        call.posts[i].seq = call.results[i].seq = (uint32_t)(10 + 3 * i);
        call.posts[i].text.len = text_bytes[i];
        call.answers[i] = (struct post_answer){.state = POST_ANSWERED, .bytes = answer_bytes[i]};
        call.post_list[i] = &call.posts[i];
        call.result_list[i] = &call.results[i];
    }
    call.sent.n_posts = call.outcome.n_results = count;
    call.sent.posts = call.post_list;
    call.outcome.results = call.result_list;
}

static void apportion(uint32_t prompt, uint32_t completion, size_t request_bytes)
{
    call.answer.prompt_tokens = prompt;
    call.answer.completion_tokens = completion;
    usage_apportion(&call.sent, &call.answer, request_bytes, &call.outcome);
}

/* Rule 1: 100 and 300 bytes of text, and 400 around them. */
static void a_prompt_is_shared_by_text_and_equally_by_its_frame(void **state)
{
    (void)state;
    asked_for(2, (size_t[]){100, 300}, (size_t[]){1, 1});
    apportion(800, 0, 800);
    assert_int_equal(call.results[0].prompt_tokens, 300);
    assert_int_equal(call.results[1].prompt_tokens, 500);
}

/* Rule 2 */
static void an_answer_is_shared_by_what_was_answered_to_each(void **state)
{
    (void)state;
    asked_for(2, (size_t[]){10, 10}, (size_t[]){30, 90});
    apportion(0, 40, 100);
    assert_int_equal(call.results[0].completion_tokens, 10);
    assert_int_equal(call.results[1].completion_tokens, 30);
}

/* Rule 4 */
static void what_falls_to_a_post_without_a_result_stays_with_the_call(void **state)
{
    (void)state;
    asked_for(3, (size_t[]){10, 10, 10}, (size_t[]){50, 25, 25});
    call.answers[1].state = POST_INVALID;
    call.result_list[1] = &call.results[2];
    call.outcome.n_results = 2;
    apportion(300, 100, 30);
    assert_int_equal(call.results[0].prompt_tokens + call.results[2].prompt_tokens, 200);
    assert_int_equal(call.results[0].completion_tokens, 50);
    assert_int_equal(call.results[1].completion_tokens, 0);
    assert_int_equal(call.results[2].completion_tokens, 25);
}

static void of_unknown_usage_nobody_has_a_share(void **state)
{
    (void)state;
    asked_for(1, (size_t[]){10}, (size_t[]){50});
    call.answer.is_usage_known = false;
    apportion(300, 100, 500);
    assert_int_equal(call.results[0].prompt_tokens, 0);
    assert_int_equal(call.results[0].completion_tokens, 0);
}

/* Rule 2. */
static void an_answers_length_is_that_of_json_without_blanks(void **state)
{
    (void)state;
    SCOPED(json_free) json_t *answer = NULL;
    struct error why;
    static const char JSON[] =
        "{ \"id\": 7, \"words\": [\"a\\nb\", null], \"score\": 0.123456789 }";
    static const char COUNTED[] = "{\"id\":4444,\"words\":[\"a.b\",null,],\"score\":4444,}";
    assert_true(json_parse(JSON, strlen(JSON), &answer, &why));
    assert_int_equal(usage_bytes(answer), strlen(COUNTED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_by_weight),
        cmocka_unit_test(
            what_is_left_over_goes_to_the_largest_remainders_and_of_equals_to_the_first),
        cmocka_unit_test(without_weights_shares_are_equal),
        cmocka_unit_test(whoever_weighs_nothing_gets_nothing),
        cmocka_unit_test(shares_always_add_up),
        cmocka_unit_test(a_prompt_is_shared_by_text_and_equally_by_its_frame),
        cmocka_unit_test(an_answer_is_shared_by_what_was_answered_to_each),
        cmocka_unit_test(what_falls_to_a_post_without_a_result_stays_with_the_call),
        cmocka_unit_test(an_answers_length_is_that_of_json_without_blanks),
        cmocka_unit_test(of_unknown_usage_nobody_has_a_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
