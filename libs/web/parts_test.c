/* The pure parts: paths and queries, framing, the handshake. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "web/frame.h"
#include "web/framing.h"
#include "web/sha1.h"
#include "web/uri.h"

static void patterns_take_whole_segments(void **state)
{
    (void)state;
    struct uri_part values[URI_MAX_VALUES];
    assert_true(uri_match("/", "/", values));
    assert_true(uri_match("/v1/{a}/x/{b}", "/v1/one/x/two", values));
    assert_int_equal(values[0].length, 3);
    assert_memory_equal(values[1].at, "two", 3);
    assert_false(uri_match("/v1/{a}", "/v1/", values));
    assert_false(uri_match("/v1/{a}", "/v1/a/", values));
    assert_false(uri_match("/v1/{a}", "/v1", values));
    assert_false(uri_match("/v1", "/v1/a", values));
    assert_false(uri_match("/v1", "/V1", values));
}

static void escapes_are_whole_and_harmless(void **state)
{
    (void)state;
    char out[40];
    assert_true(uri_decode("a%2Bb+c", 7, URI_PLUS_IS_BLANK, out));
    assert_string_equal(out, "a+b c");
    assert_true(uri_decode("a+b", 3, URI_PLUS_IS_PLUS, out));
    assert_string_equal(out, "a+b");
    static const char *const BAD[] = {"%",   "%1",  "%g0", "%0g",     "%00",
                                      "%0a", "%7f", " ",   "\xc3\xbc"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_false(uri_decode(BAD[i], strlen(BAD[i]), URI_PLUS_IS_PLUS, out));
}

static void the_first_parameter_of_a_name_counts(void **state)
{
    (void)state;
    struct uri_part value;
    assert_true(uri_query("xa=0&a=1&a=2", "a", &value));
    assert_int_equal(value.length, 1);
    assert_memory_equal(value.at, "1", 1);
    assert_true(uri_query("b&a", "a", &value));
    assert_int_equal(value.length, 0);
    assert_false(uri_query("ab=1", "a", &value));
    assert_false(uri_query("", "a", &value));
    assert_false(uri_query(NULL, "a", &value));
}

static void a_body_has_one_length(void **state)
{
    (void)state;
    struct framing framing;
    struct framing_fault fault;
    const struct field good[] = {{"content-length", "12"}, {"Expect", "100-Continue"}};
    assert_true(framing_read(good, 2, &framing, &fault));
    assert_int_equal(framing.length, 12);
    assert_true(framing.expects_continue);
    const struct field chunked[] = {{"Transfer-Encoding", "Chunked"}};
    assert_true(framing_read(chunked, 1, &framing, &fault));
    assert_true(framing.is_chunked);
    const struct field both[] = {{"Content-Length", "1"}, {"transfer-encoding", "chunked"}};
    assert_false(framing_read(both, 2, &framing, &fault));
    assert_int_equal(fault.status, 400);
    const struct field odd[] = {{"X y", "1"}};
    assert_false(framing_read(odd, 1, &framing, &fault));
    const struct field control[] = {{"X", "a\x01"}};
    assert_false(framing_read(control, 1, &framing, &fault));
}

static void words_of_a_list_are_whole(void **state)
{
    (void)state;
    assert_true(field_has_word("keep-alive, Upgrade", "upgrade"));
    assert_false(field_has_word("upgraded", "upgrade"));
    assert_false(field_has_word("", "upgrade"));
}

static void sha1_is_as_published(void **state)
{
    (void)state;
    static const uint8_t abc[SHA1_BYTES] = {0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81,
                                            0x6a, 0xba, 0x3e, 0x25, 0x71, 0x78, 0x50,
                                            0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d};
    static const uint8_t two_blocks[SHA1_BYTES] = {0x84, 0x98, 0x3e, 0x44, 0x1c, 0x3b, 0xd2,
                                                   0x6e, 0xba, 0xae, 0x4a, 0xa1, 0xf9, 0x51,
                                                   0x29, 0xe5, 0xe5, 0x46, 0x70, 0xf1};
    static const char long_input[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    uint8_t digest[SHA1_BYTES];
    sha1("abc", 3, digest);
    assert_memory_equal(digest, abc, sizeof digest);
    sha1(long_input, sizeof long_input - 1, digest);
    assert_memory_equal(digest, two_blocks, sizeof digest);
}

static void heads_of_frames_have_three_sizes(void **state)
{
    (void)state;
    uint8_t head[FRAME_MAX_HEAD];
    assert_int_equal(frame_write_head(FRAME_TEXT, 125, head), 2);
    assert_int_equal(head[1], 125);
    assert_int_equal(frame_write_head(FRAME_TEXT, 126, head), 4);
    assert_int_equal(head[3], 126);
    assert_int_equal(frame_write_head(FRAME_TEXT, 65536, head), 10);
    assert_int_equal(head[7], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_take_whole_segments),
        cmocka_unit_test(escapes_are_whole_and_harmless),
        cmocka_unit_test(the_first_parameter_of_a_name_counts),
        cmocka_unit_test(a_body_has_one_length),
        cmocka_unit_test(words_of_a_list_are_whole),
        cmocka_unit_test(sha1_is_as_published),
        cmocka_unit_test(heads_of_frames_have_three_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
