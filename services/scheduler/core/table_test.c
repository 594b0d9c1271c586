/* Numbers found by hash, and the pool that the numbers are of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "pool.h"
#include "table.h"

enum { NUMBERS = 5000, HASHES = 700 };

static bool has(const struct table *table, uint32_t hash, uint32_t wanted)
{
    struct table_search search = table_search(table, hash);
    uint32_t number;
    while ((number = table_next(table, &search)))
        if (number == wanted)
            return true;
    return false;
}

/* Many share a hash, and neighbours' places run into each other. */
static uint32_t hash_of(uint32_t number)
{
    return number % HASHES * (UINT32_MAX / HASHES);
}

static void what_was_added_is_found_until_it_is_removed(void **state)
{
    (void)state;
    struct table table = {0};
    assert_false(has(&table, 1, 1));
    for (uint32_t i = 1; i <= NUMBERS; i++)
        table_add(&table, hash_of(i), i);
    for (uint32_t i = 1; i <= NUMBERS; i++)
        if (i * 7919 % 3)
            table_remove(&table, hash_of(i), i);
    for (uint32_t i = 1; i <= NUMBERS; i++)
        assert_int_equal(has(&table, hash_of(i), i), i * 7919 % 3 == 0);
    assert_int_equal(table.count, NUMBERS / 3);
    table_free(&table);
}

static void hashes_of_like_names_are_unlike(void **state)
{
    (void)state;
    uint32_t low[16] = {0};
    for (uint32_t i = 0; i < 1600; i++) {
        char name[] = "user-0000";
        name[5] = (char)('0' + i / 1000);
        name[6] = (char)('0' + i / 100 % 10);
        name[7] = (char)('0' + i / 10 % 10);
        name[8] = (char)('0' + i % 10);
        low[table_hash(name, sizeof name) & 15]++;
    }
    for (int i = 0; i < 16; i++)
        assert_in_range(low[i], 60, 140);
    assert_int_not_equal(table_hash("ab", 2), table_hash("ab", 3));
}

static void a_pools_objects_stay_where_they_are_and_come_back_empty(void **state)
{
    (void)state;
    struct pool pool = {.size = 24};
    char *objects[NUMBERS];
    for (uint32_t i = 0; i < NUMBERS; i++) {
        assert_int_equal(pool_take(&pool), i + 1);
        objects[i] = pool_at(&pool, i + 1);
        memset(objects[i], 'x', 24);
    }
    for (uint32_t i = 0; i < NUMBERS; i++)
        assert_ptr_equal(pool_at(&pool, i + 1), objects[i]);
    pool_give(&pool, 7);
    pool_give(&pool, 3);
    assert_int_equal(pool_take(&pool), 3);
    assert_int_equal(pool_take(&pool), 7);
    for (int i = 0; i < 24; i++)
        assert_int_equal(objects[6][i], 0);
    assert_int_equal(pool_take(&pool), NUMBERS + 1);
    pool_free(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_found_until_it_is_removed),
        cmocka_unit_test(hashes_of_like_names_are_unlike),
        cmocka_unit_test(a_pools_objects_stay_where_they_are_and_come_back_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
