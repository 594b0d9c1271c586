/* Each rule of memory.h by its number. */
#include "memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 100 * 1000 };

static int open_memory(void **state)
{
    *state = memory_new(ROOM);
    return 0;
}

static int close_memory(void **state)
{
    struct memory *memory = *state;
    memory_free(&memory);
    return 0;
}

static const uint8_t *key_of(uint32_t number)
{
    static uint8_t key[CACHE_KEY_BYTES];
    memcpy(key, &number, sizeof number);
    return key;
}

static void keep(struct memory *memory, uint32_t number, const char *json)
{
    Tp__PostResult result = TP__POST_RESULT__INIT;
    union {
        const char *lent;
        uint8_t *data;
    } same = {json};
    result.seq = number;
    result.data_json = (ProtobufCBinaryData){strlen(json), same.data};
    result.provenance = TP__PROVENANCE__FROM_LLM;
    result.model = "m";
    result.prompt_version = "p";
    result.confidence = 0.25;
    struct kept *kept = kept_new(&result);
    memory_keep(memory, key_of(number), &kept);
    assert_null(kept);
}

static bool is_there(struct memory *memory, uint32_t number)
{
    return memory_find(memory, key_of(number)) != NULL;
}

static void what_is_kept_is_found_whole(void **state)
{
    struct memory *memory = *state;
    keep(memory, 1, "{\"a\":1}");
    assert_false(is_there(memory, 2));
    const Tp__PostResult *found = memory_find(memory, key_of(1));
    assert_non_null(found);
    assert_int_equal(found->data_json.len, 7);
    assert_memory_equal(found->data_json.data, "{\"a\":1}", 7);
    assert_int_equal(found->provenance, TP__PROVENANCE__FROM_LLM);
    assert_string_equal(found->model, "m");
    assert_string_equal(found->prompt_version, "p");
    assert_true(found->confidence == 0.25);
    assert_int_equal(found->seq, 0);
}

static void rule_1_the_one_not_wanted_for_longest_goes(void **state)
{
    struct memory *memory = *state;
    uint32_t number = 0;
    while (memory_evictions(memory) == 0)
        keep(memory, number++, "{}");
    assert_false(is_there(memory, 0));
    assert_true(is_there(memory, 1)); /* wanted: 2 is the oldest now */
    keep(memory, number++, "{}");
    assert_true(is_there(memory, 1));
    assert_false(is_there(memory, 2));
    assert_int_equal(memory_evictions(memory), 2);
    assert_int_equal(memory_count(memory), number - 2);
}

static void rule_2_the_bytes_never_exceed_the_room(void **state)
{
    struct memory *memory = *state;
    char json[900];
    for (uint32_t i = 0; i < 5000; i++) {
        snprintf(json, sizeof json, "{\"x\":\"%*u\"}", (int)(i % 700), i);
        keep(memory, i % 1000, json);
        assert_in_range(memory_bytes(memory), 1, ROOM);
        assert_true(memory_bytes(memory) > memory_count(memory) * CACHE_KEY_BYTES);
    }
    assert_true(memory_bytes(memory) > ROOM * 9 / 10);
}

static void rule_3_the_later_of_two_counts(void **state)
{
    struct memory *memory = *state;
    keep(memory, 1, "{\"a\":1}");
    size_t bytes = memory_bytes(memory);
    keep(memory, 1, "{\"a\":2}");
    assert_memory_equal(memory_find(memory, key_of(1))->data_json.data, "{\"a\":2}", 7);
    assert_int_equal(memory_count(memory), 1);
    assert_int_equal(memory_bytes(memory), bytes);
}

static void rule_4_a_large_one_drives_nobody_out(void **state)
{
    struct memory *memory = *state;
    keep(memory, 1, "{}");
    char json[ROOM / 100];
    memset(json, ' ', sizeof json);
    json[sizeof json - 1] = '\0';
    keep(memory, 2, json);
    assert_false(is_there(memory, 2));
    assert_true(is_there(memory, 1));
    assert_int_equal(memory_evictions(memory), 0);
}

static void without_room_nothing_is_kept(void **state)
{
    (void)state;
    struct memory *memory = memory_new(0);
    keep(memory, 1, "{}");
    assert_false(is_there(memory, 1));
    assert_int_equal(memory_bytes(memory), 0);
    memory_free(&memory);
}

#define WITH_MEMORY(test) cmocka_unit_test_setup_teardown(test, open_memory, close_memory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MEMORY(what_is_kept_is_found_whole),
        WITH_MEMORY(rule_1_the_one_not_wanted_for_longest_goes),
        WITH_MEMORY(rule_2_the_bytes_never_exceed_the_room),
        WITH_MEMORY(rule_3_the_later_of_two_counts),
        WITH_MEMORY(rule_4_a_large_one_drives_nobody_out),
        WITH_MEMORY(without_room_nothing_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
