/* Rule 5: the window, held against a model that remembers every amount. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "window.h"

enum { LENGTH_MS = 61200, BUCKET_MS = 256, MINUTE_MS = 60000, MOST_TAKEN = 40000 };

static struct instant at_ms(int64_t ms)
{
    return (struct instant){ms * CLOCK_MS};
}

/* Every amount with its instant, and no buckets. */
struct model {
    int64_t at_ms[MOST_TAKEN];
    uint64_t amounts[MOST_TAKEN];
    size_t count;
};

static uint64_t taken_since(const struct model *model, int64_t since_ms)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < model->count; i++)
        sum += model->at_ms[i] > since_ms ? model->amounts[i] : 0;
    return sum;
}

static uint32_t next_random(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*random >> 33);
}

static void an_amount_counts_for_the_whole_window_and_a_bucket_more_at_most(void **state)
{
    (void)state;
    for (int64_t start_ms = -1000; start_ms < 1000; start_ms += 7) {
        struct window window;
        window_open(&window, LENGTH_MS, BUCKET_MS);
        window_add(&window, at_ms(start_ms), 5);
        assert_int_equal(window_sum(&window, at_ms(start_ms + LENGTH_MS - 1)), 5);
        assert_int_equal(window_sum(&window, at_ms(start_ms + LENGTH_MS + BUCKET_MS)), 0);
        window_close(&window);
    }
}

static void it_tells_what_was_added_in_a_bucket(void **state)
{
    (void)state;
    struct window window;
    window_open(&window, LENGTH_MS, BUCKET_MS);
    window_add(&window, at_ms(2 * BUCKET_MS), 7);
    window_add(&window, at_ms(3 * BUCKET_MS - 1), 5);
    window_add(&window, at_ms(5 * BUCKET_MS), 3);
    assert_int_equal(window_at(&window, at_ms(2 * BUCKET_MS)), 12);
    assert_int_equal(window_at(&window, at_ms(3 * BUCKET_MS)), 0);
    assert_int_equal(window_at(&window, at_ms(5 * BUCKET_MS + 9)), 3);
    assert_int_equal(window_at(&window, at_ms(6 * BUCKET_MS)), 0);
    window_close(&window);
}

static void what_is_settled_is_settled_where_it_was_taken(void **state)
{
    (void)state;
    struct window window;
    window_open(&window, LENGTH_MS, BUCKET_MS);
    window_add(&window, at_ms(0), 100);
    window_add(&window, at_ms(30000), 10);
    window_settle(&window, at_ms(0), 100, 40);
    assert_int_equal(window_sum(&window, at_ms(30000)), 50);
    assert_int_equal(window_sum(&window, at_ms(62000)), 10);
    window_settle(&window, at_ms(0), 100, 0); /* it has left: nothing is given back */
    assert_int_equal(window_sum(&window, at_ms(62000)), 10);
    window_close(&window);
}

static void it_tells_when_so_much_will_have_left(void **state)
{
    (void)state;
    for (uint64_t amount = 1; amount <= 7; amount++) {
        struct window window;
        window_open(&window, LENGTH_MS, BUCKET_MS);
        window_add(&window, at_ms(1000), 3);
        window_add(&window, at_ms(2000), 4);
        assert_true(window_frees(&window, 8).ns == INT64_MAX);
        struct instant frees = window_frees(&window, amount);
        assert_true(7 - window_sum(&window, (struct instant){frees.ns - 1}) < amount);
        assert_true(7 - window_sum(&window, frees) >= amount);
        window_close(&window);
    }
}

static void amounts_may_be_added_in_any_order(void **state)
{
    (void)state;
    struct window window;
    window_open(&window, LENGTH_MS, BUCKET_MS);
    for (int64_t i = 0; i < 1000; i++)
        window_add(&window, at_ms(-(i * 7919 % 60000)), 1);
    uint64_t last = 1000;
    assert_int_equal(window_sum(&window, at_ms(0)), last);
    for (int64_t now_ms = 0; now_ms < 62000; now_ms += 100) {
        uint64_t sum = window_sum(&window, at_ms(now_ms));
        assert_true(sum <= last);
        last = sum;
    }
    assert_int_equal(last, 0);
    assert_null(window.buckets); /* what is not used takes no memory */
    window_close(&window);
}

/* Random demand above the limit: never more than the limit in any 60 s, even if each call begins up
 * to a permit's life late, and nearly all of it used. */
static void no_minute_exceeds_the_limit_and_nearly_all_of_it_is_used(void **state)
{
    (void)state;
    static struct model model;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        uint64_t random = seed, limit = 20 + next_random(&random) % 200, taken = 0;
        struct window window;
        window_open(&window, LENGTH_MS, BUCKET_MS);
        model.count = 0;
        int64_t now_ms = 0, end_ms = 15 * MINUTE_MS;
        for (; now_ms < end_ms; now_ms += 1 + next_random(&random) % 100) {
            uint32_t asks = next_random(&random) % 8;
            for (; asks > 0 && window_sum(&window, at_ms(now_ms)) < limit; asks--) {
                window_add(&window, at_ms(now_ms), 1);
                model.at_ms[model.count] = now_ms + next_random(&random) % 1200;
                model.amounts[model.count++] = 1;
                taken++;
            }
            assert_true(taken_since(&model, now_ms - MINUTE_MS) <= limit);
        }
        uint64_t most = limit * (uint64_t)(end_ms / MINUTE_MS);
        assert_true(taken * 100 >= most * 95);
        window_close(&window);
    }
}

/* Amounts of any size, taken as bounds and settled later to less or more. */
static void it_never_counts_less_than_a_model_that_forgets_nothing(void **state)
{
    (void)state;
    static struct model model;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t random = seed;
        struct window window;
        window_open(&window, LENGTH_MS, BUCKET_MS);
        model.count = 0;
        size_t settled = 0;
        for (int64_t now_ms = 0; now_ms < 200000; now_ms += next_random(&random) % 400) {
            uint64_t amount = next_random(&random) % 1000;
            window_add(&window, at_ms(now_ms), amount);
            model.at_ms[model.count] = now_ms;
            model.amounts[model.count++] = amount;
            if (next_random(&random) % 2 == 0) {
                uint64_t used = next_random(&random) % 1200;
                while (model.at_ms[settled] <= now_ms - LENGTH_MS)
                    settled++;
                window_settle(&window, at_ms(model.at_ms[settled]), model.amounts[settled], used);
                model.amounts[settled++] = used;
            }
            uint64_t sum = window_sum(&window, at_ms(now_ms));
            assert_true(sum >= taken_since(&model, now_ms - LENGTH_MS));
            assert_true(sum <= taken_since(&model, now_ms - LENGTH_MS - BUCKET_MS - 1));
        }
        window_close(&window);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_amount_counts_for_the_whole_window_and_a_bucket_more_at_most),
        cmocka_unit_test(it_tells_what_was_added_in_a_bucket),
        cmocka_unit_test(what_is_settled_is_settled_where_it_was_taken),
        cmocka_unit_test(it_tells_when_so_much_will_have_left),
        cmocka_unit_test(amounts_may_be_added_in_any_order),
        cmocka_unit_test(no_minute_exceeds_the_limit_and_nearly_all_of_it_is_used),
        cmocka_unit_test(it_never_counts_less_than_a_model_that_forgets_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
