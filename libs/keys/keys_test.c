#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "keys/keys.h"

static void new_keys_are_well_formed_and_differ(void **state)
{
    (void)state;
    char keys[50][KEY_TEXT_SIZE];
    for (int i = 0; i < 50; i++) {
        key_new(keys[i]);
        assert_int_equal(strlen(keys[i]), KEY_TEXT_SIZE - 1);
        assert_true(key_is_well_formed(keys[i]));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(keys[i], keys[j]);
    }
}

static void what_is_not_a_key_is_not_well_formed(void **state)
{
    (void)state;
    static const char good[] = "tp_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA_-A";
    assert_int_equal(sizeof good, KEY_TEXT_SIZE);
    char text[KEY_TEXT_SIZE + 1];
    memcpy(text, good, sizeof good);
    text[KEY_TEXT_SIZE - 2] = 'A';
    assert_true(key_is_well_formed(text));
    static const char refused[] = " +/=.\n\x80";
    for (size_t i = 0; i < sizeof refused - 1; i++) {
        memcpy(text, good, sizeof good);
        text[10] = refused[i];
        assert_false(key_is_well_formed(text));
    }
    memcpy(text, good, sizeof good);
    text[KEY_TEXT_SIZE - 2] = 'B'; /* bits beyond the 256th */
    assert_false(key_is_well_formed(text));
    assert_false(key_is_well_formed(""));
    assert_false(key_is_well_formed("tp_"));
    assert_false(key_is_well_formed(good + 1));
    memcpy(text, good, sizeof good);
    memcpy(text + sizeof good - 1, "A", 2); /* one too long */
    assert_false(key_is_well_formed(text));
    memcpy(text, good, sizeof good);
    memcpy(text, "TP_", 3);
    assert_false(key_is_well_formed(text));
}

static void to_hex(const unsigned char hash[KEY_HASH_BYTES], char hex[2 * KEY_HASH_BYTES + 1])
{
    for (int i = 0; i < KEY_HASH_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", (unsigned)hash[i]);
}

/* The expected value is Python's hashlib.blake2b(b"abc", digest_size=32, key=b"0" * 16). */
static void a_hash_is_keyed_blake2b(void **state)
{
    (void)state;
    unsigned char hash[KEY_HASH_BYTES];
    char hex[2 * KEY_HASH_BYTES + 1];
    key_hash("0000000000000000", "abc", 3, hash);
    to_hex(hash, hex);
    assert_string_equal(hex, "8adbd5861bae93713b8afd182803d55d2e5c8bc09abea5e6515ca521dc1a2bd6");
}

static void another_pepper_or_secret_gives_another_hash(void **state)
{
    (void)state;
    unsigned char a[KEY_HASH_BYTES], b[KEY_HASH_BYTES];
    key_hash("0000000000000000", "abc", 3, a);
    key_hash("0000000000000000", "abc", 3, b);
    assert_memory_equal(a, b, sizeof a);
    key_hash("0000000000000001", "abc", 3, b);
    assert_memory_not_equal(a, b, sizeof a);
    key_hash("0000000000000000", "abd", 3, b);
    assert_memory_not_equal(a, b, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_keys_are_well_formed_and_differ),
        cmocka_unit_test(what_is_not_a_key_is_not_well_formed),
        cmocka_unit_test(a_hash_is_keyed_blake2b),
        cmocka_unit_test(another_pepper_or_secret_gives_another_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
