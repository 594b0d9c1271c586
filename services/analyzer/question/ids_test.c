#include "ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "messages/messages.h"

enum { SEEDS = 3000 };

static void each_has_five_digits_and_no_neighbour(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint32_t ids[CHUNK_MAX_POSTS];
        ids_draw(seed, CHUNK_MAX_POSTS, ids);
        for (size_t i = 0; i < CHUNK_MAX_POSTS; i++) {
            assert_in_range(ids[i], 10000, 99999);
            for (size_t k = 0; k < i; k++)
                assert_false(ids[i] + 1 >= ids[k] && ids[i] <= ids[k] + 1);
        }
    }
}

static void the_same_seed_gives_the_same_ids_and_another_one_others(void **state)
{
    (void)state;
    uint32_t first[CHUNK_MAX_POSTS], again[CHUNK_MAX_POSTS], other[CHUNK_MAX_POSTS];
    ids_draw(7, CHUNK_MAX_POSTS, first);
    ids_draw(7, CHUNK_MAX_POSTS, again);
    ids_draw(8, CHUNK_MAX_POSTS, other);
    assert_memory_equal(first, again, sizeof first);
    assert_memory_not_equal(first, other, sizeof first);
}

/* What one post in the place of another would have to guess. */
static void any_id_may_stand_in_any_place(void **state)
{
    (void)state;
    enum { TENTHS = 10, DUE = SEEDS / TENTHS };
    size_t times[3][TENTHS] = {{0}};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint32_t ids[3];
        ids_draw(seed, 3, ids);
        for (size_t i = 0; i < 3; i++)
            times[i][(ids[i] - POST_ID_LEAST) * TENTHS / (POST_ID_MOST - POST_ID_LEAST + 1)]++;
    }
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < TENTHS; k++)
            assert_in_range(times[i][k], DUE * 3 / 4, DUE * 5 / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_five_digits_and_no_neighbour),
        cmocka_unit_test(the_same_seed_gives_the_same_ids_and_another_one_others),
        cmocka_unit_test(any_id_may_stand_in_any_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
