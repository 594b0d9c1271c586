#include "keyring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct identity ALICE = {.tenant = "acme", .key_id = "k1"};
static const unsigned char HASH[KEY_HASH_BYTES] = {1, 2, 3};
static const struct instant T0 = {1000 * CLOCK_MS};

static int open_keyring(void **state)
{
    *state = keyring_new();
    return 0;
}

static int close_keyring(void **state)
{
    struct keyring *keyring = *state;
    keyring_free(&keyring);
    return 0;
}

static enum keyring_answer look_at(struct keyring *keyring, const char *address, int64_t ms)
{
    struct identity found;
    enum keyring_answer answer =
        keyring_look(keyring, HASH, address, instant_plus_ms(T0, ms), &found);
    if (answer == KEYRING_KNOWN)
        assert_string_equal(found.tenant, "acme");
    return answer;
}

static void a_known_key_is_trusted_for_its_time(void **state)
{
    assert_int_equal(look_at(*state, "10.0.0.1", 0), KEYRING_ASK);
    keyring_learn(*state, HASH, &ALICE, T0);
    assert_int_equal(look_at(*state, "10.0.0.1", KEYRING_KNOWN_MS - 1), KEYRING_KNOWN);
    assert_int_equal(look_at(*state, "10.0.0.1", KEYRING_KNOWN_MS), KEYRING_ASK);
}

static void an_unknown_key_is_refused_for_its_time(void **state)
{
    keyring_learn(*state, HASH, NULL, T0);
    assert_int_equal(look_at(*state, "10.0.0.1", KEYRING_UNKNOWN_MS - 1), KEYRING_REFUSED);
    assert_int_equal(look_at(*state, "10.0.0.1", KEYRING_UNKNOWN_MS), KEYRING_ASK);
}

static void an_address_with_many_wrong_keys_is_blocked_alone(void **state)
{
    for (int i = 0; i <= KEYRING_MAX_FAILURES; i++) {
        assert_int_equal(look_at(*state, "10.0.0.1", 0), KEYRING_ASK);
        keyring_note_failure(*state, "10.0.0.1", T0);
    }
    assert_true(keyring_is_blocked(*state, "10.0.0.1", T0));
    assert_int_equal(look_at(*state, "10.0.0.1", 1), KEYRING_BLOCKED);
    assert_int_equal(look_at(*state, "10.0.0.2", 1), KEYRING_ASK);
    assert_int_equal(look_at(*state, "10.0.0.1", KEYRING_FAILURE_WINDOW_MS), KEYRING_ASK);
}

static void a_good_key_passes_from_a_blocked_address(void **state)
{
    keyring_learn(*state, HASH, &ALICE, T0);
    for (int i = 0; i <= KEYRING_MAX_FAILURES; i++)
        keyring_note_failure(*state, "10.0.0.1", T0);
    assert_int_equal(look_at(*state, "10.0.0.1", 1), KEYRING_KNOWN);
    assert_int_equal(look_at(*state, "10.0.0.1", KEYRING_KNOWN_MS), KEYRING_ASK);
    keyring_learn(*state, HASH, NULL, T0);
    assert_int_equal(look_at(*state, "10.0.0.1", 1), KEYRING_BLOCKED);
}

static void many_keys_and_addresses_only_forget_each_other(void **state)
{
    for (int i = 0; i < 100000; i++) {
        unsigned char hash[KEY_HASH_BYTES] = {0};
        char address[40];
        snprintf(address, sizeof address, "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        memcpy(hash, &i, sizeof i);
        keyring_learn(*state, hash, &ALICE, T0);
        keyring_note_failure(*state, address, T0);
        struct identity found;
        assert_int_equal(keyring_look(*state, hash, address, T0, &found), KEYRING_KNOWN);
    }
}

#define WITH_KEYRING(test) cmocka_unit_test_setup_teardown(test, open_keyring, close_keyring)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KEYRING(a_known_key_is_trusted_for_its_time),
        WITH_KEYRING(an_unknown_key_is_refused_for_its_time),
        WITH_KEYRING(an_address_with_many_wrong_keys_is_blocked_alone),
        WITH_KEYRING(a_good_key_passes_from_a_blocked_address),
        WITH_KEYRING(many_keys_and_addresses_only_forget_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
