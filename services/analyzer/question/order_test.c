#include "order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 100, SEEDS = 3000 };

static void every_post_is_asked_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        size_t count = seed % (MOST + 1), order[MOST];
        size_t times[MOST] = {0};
        order_draw(seed, count, order);
        for (size_t i = 0; i < count; i++) {
            assert_in_range(order[i], 0, count - 1);
            times[order[i]]++;
        }
        for (size_t i = 0; i < count; i++)
            assert_int_equal(times[i], 1);
    }
}

static void the_same_seed_gives_the_same_order_and_another_one_another(void **state)
{
    (void)state;
    size_t first[MOST], again[MOST], other[MOST];
    order_draw(7, MOST, first);
    order_draw(7, MOST, again);
    order_draw(8, MOST, other);
    assert_memory_equal(first, again, sizeof first);
    assert_memory_not_equal(first, other, sizeof first);
}

static void it_is_never_the_order_in_which_they_stand(void **state)
{
    (void)state;
    static const size_t standing[] = {0, 1, 2};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        size_t order[3];
        order_draw(seed, 2, order);
        assert_int_equal(order[0], 1);
        order_draw(seed, 3, order);
        assert_memory_not_equal(order, standing, sizeof order);
    }
    size_t alone = 9;
    order_draw(1, 1, &alone);
    assert_int_equal(alone, 0);
    order_draw(1, 0, NULL);
}

/* So that no third of a chunk is compared more with one third than with another. */
static void any_post_may_come_to_any_place(void **state)
{
    (void)state;
    enum { POSTS = 10, DUE = SEEDS / POSTS };
    size_t times[POSTS][POSTS] = {{0}};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        size_t order[POSTS];
        order_draw(seed, POSTS, order);
        for (size_t i = 0; i < POSTS; i++)
            times[i][order[i]]++;
    }
    for (size_t i = 0; i < POSTS; i++)
        for (size_t k = 0; k < POSTS; k++)
            assert_in_range(times[i][k], DUE * 3 / 4, DUE * 5 / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_post_is_asked_once),
        cmocka_unit_test(the_same_seed_gives_the_same_order_and_another_one_another),
        cmocka_unit_test(it_is_never_the_order_in_which_they_stand),
        cmocka_unit_test(any_post_may_come_to_any_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
