/* Each rule of claims.h by its number. Time is told in milliseconds. */
#include "claims.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = CHUNK_MAX_POSTS };

static int new_claims(void **state)
{
    *state = claims_new();
    return 0;
}

static int free_claims(void **state)
{
    struct claims *claims = *state;
    claims_free(&claims);
    return 0;
}

static struct instant at(int64_t ms)
{
    return (struct instant){ms * CLOCK_MS};
}

static int64_t sign_ms(const struct claims *claims)
{
    return claims_sign_at(claims).ns / CLOCK_MS;
}

static void key_of(size_t number, uint8_t key[CACHE_KEY_BYTES])
{
    memset(key, 0, CACHE_KEY_BYTES);
    memcpy(key, &number, sizeof number);
}

/* Rule 1. */
static void whoever_holds_a_claim_is_heard_thrice_in_the_time_it_is_believed_for(void **state)
{
    struct claims *claims = *state;
    assert_int_equal(claims_sign_at(claims).ns, INT64_MAX);
    assert_false(claims_were_made(claims));
    claims_add(claims);
    claims_add(claims);
    claims_heard(claims, at(1000));
    assert_in_range(sign_ms(claims), 1000 + CLAIMANT_HEARD_MS / 4, 1000 + CLAIMANT_HEARD_MS / 3);
    claims_leave(claims, 1);
    assert_in_range(sign_ms(claims), 1000, 1000 + CLAIMANT_HEARD_MS / 3);
    claims_leave(claims, 1);
    assert_int_equal(claims_sign_at(claims).ns, INT64_MAX);
    assert_true(claims_were_made(claims));
}

/* Rule 2. */
static void a_sign_that_nobody_answers_is_repeated_and_not_at_once(void **state)
{
    struct claims *claims = *state;
    claims_add(claims);
    claims_heard(claims, at(0));
    claims_signed(claims, at(2000));
    assert_int_equal(sign_ms(claims), 2250);
    claims_signed(claims, at(2250));
    claims_heard(claims, at(2250));
    assert_in_range(sign_ms(claims), 3250, 2250 + CLAIMANT_HEARD_MS / 3);
}

/* Rule 3. */
static void what_is_released_is_told_once_and_there_is_a_most_of_it(void **state)
{
    enum { TOO_MANY = 100 * MOST + 5 };
    struct claims *claims = *state;
    uint8_t key[CACHE_KEY_BYTES], told[MOST][CACHE_KEY_BYTES];
    for (size_t i = 0; i < 3; i++) {
        claims_add(claims);
        key_of(i, key);
        claims_release(claims, key);
    }
    assert_int_equal(claims_sign_at(claims).ns, INT64_MAX);
    assert_int_equal(claims_take_released(claims, told, 2), 2);
    assert_memory_equal(told[0], key, CACHE_KEY_BYTES);
    assert_int_equal(claims_take_released(claims, told, MOST), 1);
    key_of(0, key);
    assert_memory_equal(told[0], key, CACHE_KEY_BYTES);
    assert_false(claims_has_released(claims));

    for (size_t i = 0; i < TOO_MANY; i++) {
        claims_add(claims);
        key_of(i, key);
        claims_release(claims, key);
    }
    size_t count = 0, taken;
    while ((taken = claims_take_released(claims, told, MOST)) > 0)
        count += taken;
    assert_int_equal(count, 100 * MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            whoever_holds_a_claim_is_heard_thrice_in_the_time_it_is_believed_for, new_claims,
            free_claims),
        cmocka_unit_test_setup_teardown(a_sign_that_nobody_answers_is_repeated_and_not_at_once,
                                        new_claims, free_claims),
        cmocka_unit_test_setup_teardown(what_is_released_is_told_once_and_there_is_a_most_of_it,
                                        new_claims, free_claims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
