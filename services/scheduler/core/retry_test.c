/* Rule 6, case by case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "retry.h"

static void a_chunk_has_three_tries_and_a_part_one(void **state)
{
    (void)state;
    assert_false(retry_tries_are_used(&(struct kept_facts){.tries = 2}));
    assert_true(retry_tries_are_used(&(struct kept_facts){.tries = 3}));
    assert_false(retry_tries_are_used(&(struct kept_facts){.depth = 1}));
    assert_true(retry_tries_are_used(&(struct kept_facts){.depth = 1, .tries = 1}));
}

static void
what_is_too_large_cut_off_or_filtered_is_split_at_once_unless_it_is_one_post(void **state)
{
    (void)state;
    struct kept_facts chunk = {.open_posts = 2, .tries = 1};
    assert_false(retry_must_split(&chunk));
    chunk.last_class = OUTCOME_TOO_LARGE;
    assert_true(retry_must_split(&chunk));
    chunk.last_class = OUTCOME_TRUNCATED;
    assert_true(retry_must_split(&chunk));
    chunk.last_class = OUTCOME_CONTENT_FILTER;
    assert_true(retry_must_split(&chunk));
    chunk.open_posts = 1;
    assert_false(retry_must_split(&chunk));
}

static void a_part_is_tried_before_it_is_split_again(void **state)
{
    (void)state;
    struct kept_facts part = {.open_posts = 5, .depth = 1, .last_class = OUTCOME_TRUNCATED};
    assert_false(retry_must_split(&part));
    part.attempt = 1;
    part.tries = 1;
    assert_true(retry_must_split(&part));
}

static void what_has_made_progress_goes_on_at_once_and_whole(void **state)
{
    (void)state;
    uint64_t random = 1;
    const struct kept_facts chunk = {
        .attempt = 3, .tries = 2, .open_posts = 40, .last_class = OUTCOME_NONE};
    assert_int_equal(retry_wait_ms(&chunk, &random), 0);
    assert_false(retry_must_split(&chunk));
    assert_int_equal(retry_mode(&chunk, INT64_MAX), MODE_LLM);
}

static void the_wait_grows_with_the_tries_and_has_jitter(void **state)
{
    (void)state;
    uint64_t random = 1;
    int64_t least = INT64_MAX, most = 0;
    for (int i = 0; i < 200; i++) {
        struct kept_facts chunk = {.tries = 2, .last_class = OUTCOME_TIMEOUT};
        int64_t wait_ms = retry_wait_ms(&chunk, &random);
        least = wait_ms < least ? wait_ms : least;
        most = wait_ms > most ? wait_ms : most;
    }
    assert_in_range(least, 4000, 4200);
    assert_in_range(most, 4800, 5000);
}

static void trouble_of_the_provider_waits_by_attempts_for_it_is_no_try(void **state)
{
    (void)state;
    uint64_t random = 1;
    struct kept_facts chunk = {.attempt = 3, .last_class = OUTCOME_SERVER_ERROR};
    assert_in_range(retry_wait_ms(&chunk, &random), 6000, 7500);
    chunk.attempt = 1000;
    assert_in_range(retry_wait_ms(&chunk, &random), 30000, 37500);
}

static void what_the_server_asks_for_comes_first(void **state)
{
    (void)state;
    uint64_t random = 1;
    struct kept_facts chunk = {.attempt = 9, .last_class = OUTCOME_RATE_LIMITED, .due_in_ms = 1000};
    assert_in_range(retry_wait_ms(&chunk, &random), 1000, 1100);
}

static void assert_waits(struct kept_facts chunk, int64_t least, int64_t most)
{
    uint64_t random = 1;
    int64_t shortest = INT64_MAX, longest = 0;
    for (int i = 0; i < 200000; i++) {
        int64_t wait_ms = retry_wait_ms(&chunk, &random);
        shortest = wait_ms < shortest ? wait_ms : shortest;
        longest = wait_ms > longest ? wait_ms : longest;
    }
    assert_int_equal(shortest, least);
    assert_int_equal(longest, most);
}

static void the_jitter_is_between_nothing_and_a_quarter_or_a_tenth_of_what_was_asked(void **state)
{
    (void)state;
    assert_waits((struct kept_facts){.tries = 1, .last_class = OUTCOME_TIMEOUT}, 2000, 2500);
    assert_waits((struct kept_facts){.attempt = 15, .last_class = OUTCOME_AUTH}, 30000, 37500);
    assert_waits((struct kept_facts){.attempt = 16, .last_class = OUTCOME_AUTH}, 30000, 37500);
    assert_waits((struct kept_facts){.due_in_ms = 1000}, 1000, 1100);
    assert_waits((struct kept_facts){.due_in_ms = 1}, 1, 1);
}

static void a_first_attempt_does_not_wait(void **state)
{
    (void)state;
    uint64_t random = 1;
    assert_int_equal(retry_wait_ms(&(struct kept_facts){.attempt = 2}, &random), 0);
}

static void the_same_seed_gives_the_same_jitter(void **state)
{
    (void)state;
    uint64_t one = 42, other = 42;
    struct kept_facts chunk = {.tries = 1, .last_class = OUTCOME_PARTIAL};
    for (int i = 0; i < 20; i++)
        assert_int_equal(retry_wait_ms(&chunk, &one), retry_wait_ms(&chunk, &other));
}

static void the_embedded_analysis_is_for_the_last_post_and_the_last_moment(void **state)
{
    (void)state;
    struct kept_facts chunk = {.tries = 3, .open_posts = 1};
    assert_int_equal(retry_mode(&chunk, INT64_MAX), MODE_EMBEDDED);
    chunk.open_posts = 2;
    assert_int_equal(retry_mode(&chunk, INT64_MAX), MODE_LLM);
    assert_int_equal(retry_mode(&chunk, FALLBACK_MARGIN_MS - 1), MODE_EMBEDDED);
    assert_int_equal(retry_mode(&chunk, FALLBACK_MARGIN_MS), MODE_LLM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_has_three_tries_and_a_part_one),
        cmocka_unit_test(
            what_is_too_large_cut_off_or_filtered_is_split_at_once_unless_it_is_one_post),
        cmocka_unit_test(a_part_is_tried_before_it_is_split_again),
        cmocka_unit_test(what_has_made_progress_goes_on_at_once_and_whole),
        cmocka_unit_test(the_wait_grows_with_the_tries_and_has_jitter),
        cmocka_unit_test(trouble_of_the_provider_waits_by_attempts_for_it_is_no_try),
        cmocka_unit_test(what_the_server_asks_for_comes_first),
        cmocka_unit_test(the_jitter_is_between_nothing_and_a_quarter_or_a_tenth_of_what_was_asked),
        cmocka_unit_test(a_first_attempt_does_not_wait),
        cmocka_unit_test(the_same_seed_gives_the_same_jitter),
        cmocka_unit_test(the_embedded_analysis_is_for_the_last_post_and_the_last_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
