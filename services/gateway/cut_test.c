/* Chunks, parts, fingerprints and cursors. */
#include "cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cursor.h"
#include "fingerprint.h"

static const char PEPPER[] = "0123456789abcdef";

static void fill(struct post *posts, size_t count, size_t text_length)
{
    static const char long_text[POST_MAX_TEXT_BYTES];
    for (size_t i = 0; i < count; i++)
        posts[i] = (struct post){
            .id = "x", .language = "", .text = {(const uint8_t *)long_text, text_length}};
}

static void a_chunk_has_at_most_so_many_posts(void **state)
{
    (void)state;
    struct post posts[250];
    fill(posts, 250, 10);
    assert_int_equal(cut_chunks(posts, 250, 100), 3);
    assert_int_equal(posts[99].chunk_number, 0);
    assert_int_equal(posts[100].chunk_number, 1);
    assert_int_equal(posts[249].chunk_number, 2);
    assert_int_equal(cut_chunks(posts, 250, 1), 250);
    assert_int_equal(posts[249].chunk_number, 249);
    assert_int_equal(cut_chunks(posts, 0, 100), 0);
}

static void a_chunk_has_at_most_256_kilobytes_of_text(void **state)
{
    (void)state;
    struct post posts[20];
    fill(posts, 20, POST_MAX_TEXT_BYTES);
    assert_int_equal(cut_chunks(posts, 20, 100), 3);
    assert_int_equal(posts[7].chunk_number, 0);
    assert_int_equal(posts[8].chunk_number, 1);
}

static void a_part_fits_a_message(void **state)
{
    (void)state;
    struct post posts[40];
    fill(posts, 40, POST_MAX_TEXT_BYTES);
    size_t taken = cut_part(posts, 40);
    assert_true(taken >= 1 && taken * POST_MAX_TEXT_BYTES <= PART_MAX_BYTES);
    assert_true((taken + 1) * (POST_MAX_TEXT_BYTES + 41) > PART_MAX_BYTES);
    assert_int_equal(cut_part(posts, 1), 1);
    assert_int_equal(cut_part(posts, 0), 0);
}

static void print_of(const char *json, unsigned char digest[KEY_HASH_BYTES])
{
    SCOPED(submission_free) struct submission *s = submission_new(strlen(json));
    submission_read_json(s, json, strlen(json));
    submission_finish(s, "key");
    assert_true(submission_is_acceptable(s));
    fingerprint(PEPPER, s, digest);
}

#define ASKING(instruction, property)                                                              \
    "\"instruction\":\"" instruction                                                               \
    "\",\"schema\":{\"type\":\"object\",\"properties\":{\"" property "\":{\"type\":\"null\"}}}"

static void instructions_and_schemas_are_told_apart(void **state)
{
    (void)state;
    unsigned char first[KEY_HASH_BYTES], other[KEY_HASH_BYTES];
    print_of("{" ASKING("x", "a") ",\"posts\":[{\"text\":\"b\"}]}", first);
    print_of("{ " ASKING("x", "a") ",\"posts\":[{\"text\":\"b\"}]}", other);
    assert_memory_equal(first, other, sizeof first);
    print_of("{" ASKING("y", "a") ",\"posts\":[{\"text\":\"b\"}]}", other);
    assert_memory_not_equal(first, other, sizeof first);
    print_of("{" ASKING("x", "b") ",\"posts\":[{\"text\":\"b\"}]}", other);
    assert_memory_not_equal(first, other, sizeof first);
}

static void a_fingerprint_depends_on_what_is_said_and_not_on_how(void **state)
{
    (void)state;
    static const char *const SAME[] = {
        "{\"user\":\"u\",\"posts\":[{\"id\":\"a\",\"text\":\"b\"}]}",
        "{ \"posts\":[ {\"text\":\"\\u0062\",\"id\":\"a\"} ], \"user\":\"u\", "
        "\"class\":\"standard\"}",
    };
    static const char *const OTHER[] = {
        "{\"user\":\"v\",\"posts\":[{\"id\":\"a\",\"text\":\"b\"}]}",
        "{\"user\":\"u\",\"posts\":[{\"id\":\"a\",\"text\":\"c\"}]}",
        "{\"user\":\"u\",\"posts\":[{\"id\":\"c\",\"text\":\"b\"}]}",
        "{\"user\":\"u\",\"posts\":[{\"id\":\"a\",\"text\":\"b\",\"lang\":\"en\"}]}",
        "{\"user\":\"u\",\"posts\":[{\"id\":\"a\",\"text\":\"b\"},{\"text\":\"x\"}]}",
        "{\"user\":\"u\",\"chunk_size\":1,\"posts\":[{\"id\":\"a\",\"text\":\"b\"}]}",
        "{\"user\":\"u\",\"tasks\":[\"topics\"],\"posts\":[{\"id\":\"a\",\"text\":\"b\"}]}",
        "{\"user\":\"u\"," ASKING("x", "a") ",\"posts\":[{\"id\":\"a\",\"text\":\"b\"}]}",
        "{\"user\":\"u\",\"class\":\"premium\",\"posts\":[{\"id\":\"a\",\"text\":\"b\"}]}",
    };
    unsigned char first[KEY_HASH_BYTES], second[KEY_HASH_BYTES];
    print_of(SAME[0], first);
    print_of(SAME[1], second);
    assert_memory_equal(first, second, sizeof first);
    for (size_t i = 0; i < sizeof OTHER / sizeof *OTHER; i++) {
        print_of(OTHER[i], second);
        assert_memory_not_equal(first, second, sizeof first);
    }
}

static void cursors_come_back_and_others_are_refused(void **state)
{
    (void)state;
    char cursor[CURSOR_SIZE], id[UUID_TEXT_SIZE];
    const char *job;
    uint32_t seq;
    cursor_of_seq(4711, cursor);
    assert_true(cursor_read_seq(cursor, &seq));
    assert_int_equal(seq, 4711);
    uuid_new(id);
    cursor_of_job(id, cursor);
    assert_true(cursor_read_job(cursor, &job));
    assert_string_equal(job, id);
    static const char *const BAD[] = {"",   "s", "s-1", "s1x", "s99999999999",
                                      "x1", "j", "j1",  "\xff"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_false(cursor_read_seq(BAD[i], &seq));
        assert_false(cursor_read_job(BAD[i], &job));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_has_at_most_so_many_posts),
        cmocka_unit_test(a_chunk_has_at_most_256_kilobytes_of_text),
        cmocka_unit_test(a_part_fits_a_message),
        cmocka_unit_test(instructions_and_schemas_are_told_apart),
        cmocka_unit_test(a_fingerprint_depends_on_what_is_said_and_not_on_how),
        cmocka_unit_test(cursors_come_back_and_others_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
