#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "parcels.h"
#include "translate.h"

#define JOB "019ab9c2-7f00-7abc-8def-0123456789ab"

static struct bytes lent(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static void a_dispatch_is_kept_until_it_is_dropped(void **state)
{
    (void)state;
    SCOPED(parcels_free) struct parcels *parcels = parcels_new();
    struct attempt_id id = translate_attempt(JOB, 3, 1);
    parcels_keep(parcels, &id, lent("packed"));
    struct bytes found = parcels_find(parcels, &id);
    assert_int_equal(found.length, 6);
    assert_memory_equal(found.at, "packed", 6);
    parcels_drop(parcels, &id);
    assert_null(parcels_find(parcels, &id).at);
}

static void a_later_grant_of_the_chunk_takes_the_place_of_the_earlier_one(void **state)
{
    (void)state;
    SCOPED(parcels_free) struct parcels *parcels = parcels_new();
    struct attempt_id first = translate_attempt(JOB, 3, 1), second = translate_attempt(JOB, 3, 2);
    parcels_keep(parcels, &first, lent("first"));
    parcels_keep(parcels, &second, lent("second"));
    assert_null(parcels_find(parcels, &first).at);
    parcels_drop(parcels, &first); /* forgotten late: the second one stays */
    assert_non_null(parcels_find(parcels, &second).at);
    parcels_drop_all(parcels);
    assert_null(parcels_find(parcels, &second).at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dispatch_is_kept_until_it_is_dropped),
        cmocka_unit_test(a_later_grant_of_the_chunk_takes_the_place_of_the_earlier_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
