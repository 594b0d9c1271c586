/* The wire never changes its meaning: bytes of any earlier version decode for ever to the same
 * values. golden_for_test.h holds the bytes as they were first written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "messages/examples_for_test.h"
#include "messages/golden_for_test.h"

enum { ARENA_BYTES = 1 << 20 };

/* An example of a message with what the tests do to it. */
struct travelling {
    const char *name;
    struct bytes (*pack_example)(struct arena *arena);
    bool (*pack_again)(struct arena *arena, struct bytes in, struct bytes *out, struct error *why);
};

#define DEFINE_EXAMPLE_(message, example)                                                          \
    static struct bytes pack_example_##example(struct arena *arena)                                \
    {                                                                                              \
        return pack_##message(arena, &(example));                                                  \
    }
LATER_EXAMPLES(DEFINE_EXAMPLE_)

#define DEFINE_TRAVELLER_(name, Type, lower)                                                       \
    DEFINE_EXAMPLE_(name, name)                                                                    \
    static bool pack_again_##name(struct arena *arena, struct bytes in, struct bytes *out,         \
                                  struct error *why)                                               \
    {                                                                                              \
        const Type *message;                                                                       \
        if (!unpack_##name(arena, in, &message, why))                                              \
            return false;                                                                          \
        *out = pack_##name(arena, message);                                                        \
        return true;                                                                               \
    }
TRAVELLING_MESSAGES(DEFINE_TRAVELLER_)

#define LIST_TRAVELLER_(name, Type, lower) {#name, pack_example_##name, pack_again_##name},
#define LIST_LATER_(message, example) {#example, pack_example_##example, pack_again_##message},
static const struct travelling TRAVELLERS[] = {TRAVELLING_MESSAGES(LIST_TRAVELLER_)
                                                   LATER_EXAMPLES(LIST_LATER_)};
enum { TRAVELLER_COUNT = sizeof TRAVELLERS / sizeof TRAVELLERS[0] };

static char *hex_of(struct arena *arena, struct bytes bytes)
{
    char *hex = arena_new(arena, 2 * bytes.length + 1);
    for (size_t i = 0; i < bytes.length; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes.at[i]);
    return hex;
}

static struct bytes from_hex(struct arena *arena, const char *hex)
{
    size_t length = strlen(hex) / 2;
    uint8_t *bytes = arena_new(arena, length);
    for (size_t i = 0; i < length; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return (struct bytes){bytes, length};
}

static const char *golden_of(const char *name)
{
    for (size_t i = 0; i < sizeof GOLDEN / sizeof GOLDEN[0]; i++) {
        if (strcmp(GOLDEN[i].name, name) == 0)
            return GOLDEN[i].hex;
    }
    fail_msg("no golden bytes of %s", name);
    return "";
}

static void every_message_is_written_as_it_ever_was(void **state)
{
    (void)state;
    for (size_t i = 0; i < TRAVELLER_COUNT; i++) {
        SCOPED(arena_close) struct arena *arena = arena_open(ARENA_BYTES);
        assert_string_equal(hex_of(arena, TRAVELLERS[i].pack_example(arena)),
                            golden_of(TRAVELLERS[i].name));
    }
}

static void every_message_of_old_is_read_to_the_same_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < TRAVELLER_COUNT; i++) {
        SCOPED(arena_close) struct arena *arena = arena_open(ARENA_BYTES);
        const char *golden = golden_of(TRAVELLERS[i].name);
        struct bytes again;
        struct error why;
        if (!TRAVELLERS[i].pack_again(arena, from_hex(arena, golden), &again, &why))
            fail_msg("%s", why.message);
        assert_string_equal(hex_of(arena, again), golden);
    }
}

/* Field 1000 as a varint and field 1001 as text: what a later version may add. */
static void fields_of_the_future_are_passed_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < TRAVELLER_COUNT; i++) {
        SCOPED(arena_close) struct arena *arena = arena_open(ARENA_BYTES);
        char *hex =
            arena_format(arena, "%s%s", golden_of(TRAVELLERS[i].name), "c03e07ca3e03ff00fe");
        struct bytes again;
        struct error why;
        if (!TRAVELLERS[i].pack_again(arena, from_hex(arena, hex), &again, &why))
            fail_msg("%s", why.message);
    }
}

static void a_message_cut_anywhere_is_refused_or_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < TRAVELLER_COUNT; i++) {
        SCOPED(arena_close) struct arena *arena = arena_open(16 * ARENA_BYTES);
        struct bytes whole = from_hex(arena, golden_of(TRAVELLERS[i].name));
        for (size_t length = 0; length < whole.length; length++) {
            uint8_t *copy = malloc(length + 1); /* so that a sanitizer sees reading beyond */
            memcpy(copy, whole.at, length);
            struct bytes again;
            struct error why = {.kind = ERROR_INTERNAL};
            if (!TRAVELLERS[i].pack_again(arena, (struct bytes){copy, length}, &again, &why))
                assert_int_equal(why.kind, ERROR_INVALID);
            free(copy);
        }
    }
}

static void an_empty_message_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < TRAVELLER_COUNT; i++) {
        SCOPED(arena_close) struct arena *arena = arena_open(ARENA_BYTES);
        struct bytes again;
        struct error why;
        assert_false(TRAVELLERS[i].pack_again(arena, (struct bytes){NULL, 0}, &again, &why));
        assert_non_null(strstr(why.message, "schema_version"));
    }
}

static void the_values_read_are_those_written(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(ARENA_BYTES);
    struct error why;
    const Tp__Dispatch *read;
    assert_true(unpack_dispatch(arena, from_hex(arena, golden_of("dispatch")), &read, &why));
    assert_string_equal(read->job_id, JOB);
    assert_int_equal(read->chunk_number, 2);
    assert_int_equal(read->attempt, 4);
    assert_int_equal(read->epoch, 5);
    assert_string_equal(read->user_id, USER);
    assert_int_equal(read->mode, TP__ANALYSIS_MODE__BY_LLM);
    assert_int_equal(read->n_posts, 1);
    assert_int_equal(read->posts[0]->text.len, post.text.len);
    assert_memory_equal(read->posts[0]->text.data, post.text.data, post.text.len);
    const Tp__SnapshotReply *page;
    assert_true(
        unpack_snapshot_reply(arena, from_hex(arena, golden_of("snapshot_reply")), &page, &why));
    assert_int_equal(page->calls[0]->granted_in_ms, -1500);
    const Tp__Telemetry *told;
    assert_true(unpack_telemetry(arena, from_hex(arena, golden_of("telemetry")), &told, &why));
    assert_true(told->series[0]->value == 4.25);
    assert_int_equal(told->series[0]->counts[2], 1);
}

static int prepare(void **state)
{
    (void)state;
    examples_prepare();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_is_written_as_it_ever_was),
        cmocka_unit_test(every_message_of_old_is_read_to_the_same_values),
        cmocka_unit_test(fields_of_the_future_are_passed_over),
        cmocka_unit_test(a_message_cut_anywhere_is_refused_or_whole),
        cmocka_unit_test(an_empty_message_is_refused),
        cmocka_unit_test(the_values_read_are_those_written),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
