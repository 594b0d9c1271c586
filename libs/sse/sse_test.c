#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/scoped.h"
#include "sse/sse.h"

struct heard {
    char all[500];
    int left; /* how many events until it has had enough */
};

static bool note(void *context, const char *data, size_t length)
{
    struct heard *heard = context;
    size_t used = strlen(heard->all);
    snprintf(heard->all + used, sizeof heard->all - used, "<%.*s>", (int)length, data);
    return --heard->left > 0;
}

static const char STREAM[] = ": welcome\n"
                             "retry: 2000\n\n"
                             "id: 1\nevent: progress\ndata: {\"number\":1}\n\n"
                             "id:2\r\ndata:two\r\ndata: lines\r\n\r\n"
                             ": ping\n\n"
                             "id: 3\ndata: half";

static void events_are_heard_whole_however_the_bytes_are_cut(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < sizeof STREAM; cut++) {
        struct heard heard = {.left = 10};
        SCOPED(sse_free) struct sse sse = {.heard = note, .context = &heard};
        for (size_t at = 0; at < sizeof STREAM - 1; at += cut) {
            size_t rest = sizeof STREAM - 1 - at;
            assert_true(sse_feed(&sse, STREAM + at, rest < cut ? rest : cut));
        }
        assert_string_equal(heard.all, "<{\"number\":1}><two\nlines>");
        assert_string_equal(sse.last_id, "2");
    }
}

static void a_half_heard_event_is_forgotten_at_a_restart(void **state)
{
    (void)state;
    struct heard heard = {.left = 10};
    SCOPED(sse_free) struct sse sse = {.heard = note, .context = &heard};
    assert_true(sse_feed(&sse, STREAM, sizeof STREAM - 1));
    sse_restart(&sse);
    assert_true(sse_feed(&sse, "id: 3\ndata: three\n\n", 19));
    assert_string_equal(heard.all, "<{\"number\":1}><two\nlines><three>");
    assert_string_equal(sse.last_id, "3");
}

/* The events of a stream, fed in pieces of each size. */
static void expect(const char *stream, size_t length, const char *wanted)
{
    for (size_t cut = 1; cut <= length; cut++) {
        struct heard heard = {.left = 100};
        SCOPED(sse_free) struct sse sse = {.heard = note, .context = &heard};
        for (size_t at = 0; at < length; at += cut)
            assert_true(sse_feed(&sse, stream + at, length - at < cut ? length - at : cut));
        assert_string_equal(heard.all, wanted);
    }
}
#define EXPECT(stream, wanted) expect(stream, sizeof(stream) - 1, wanted)

static void rule_1_lines_end_with_lf_cr_lf_or_cr_and_nothing_else(void **state)
{
    (void)state;
    EXPECT("data: a\n\ndata: b\r\n\r\ndata: c\r\rdata: d\r\r\ndata: e\n\r\n", "<a><b><c><d><e>");
    EXPECT("data: line\xE2\x80\xA8separator\x0B\x0C\xC2\x85\n\n",
           "<line\xE2\x80\xA8separator\x0B\x0C\xC2\x85>");
    EXPECT("data: \xE4\xB8\xAD\xE6\x96\x87\n\n", "<\xE4\xB8\xAD\xE6\x96\x87>");
}

static void rule_2_comments_are_no_events(void **state)
{
    (void)state;
    EXPECT(":\n\ndata: a\n: ping\n\n:data: b\n\n", "<a>");
}

static void rule_3_the_lines_of_an_event_are_joined(void **state)
{
    (void)state;
    EXPECT("data: {\ndata:  \"a\":\ndata\ndata:\ndata:1}\n\n", "<{\n \"a\":\n\n\n1}>");
}

static void rule_4_an_event_without_data_or_without_an_end_is_not_told(void **state)
{
    (void)state;
    EXPECT("event: ping\n\ndata:\n\ndatabase: x\n\ndat\n\ndata: half", "");
}

static void rule_5_an_event_that_is_too_long_is_dropped_and_the_next_one_heard(void **state)
{
    (void)state;
    struct heard heard = {.left = 10};
    SCOPED(sse_free) struct sse sse = {.heard = note, .context = &heard};
    static char line[SSE_MAX_BYTES];
    memset(line, 'x', sizeof line);
    assert_true(sse_feed(&sse, "data: ", 6));
    assert_true(sse_feed(&sse, line, sizeof line));
    assert_true(sse_feed(&sse, "\ndata: more\n\ndata: next\n\n", 26));
    assert_string_equal(heard.all, "<next>");
}

static void the_listener_may_end_it(void **state)
{
    (void)state;
    struct heard heard = {.left = 1};
    SCOPED(sse_free) struct sse sse = {.heard = note, .context = &heard};
    assert_false(sse_feed(&sse, STREAM, sizeof STREAM - 1));
    assert_string_equal(heard.all, "<{\"number\":1}>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_heard_whole_however_the_bytes_are_cut),
        cmocka_unit_test(a_half_heard_event_is_forgotten_at_a_restart),
        cmocka_unit_test(rule_1_lines_end_with_lf_cr_lf_or_cr_and_nothing_else),
        cmocka_unit_test(rule_2_comments_are_no_events),
        cmocka_unit_test(rule_3_the_lines_of_an_event_are_joined),
        cmocka_unit_test(rule_4_an_event_without_data_or_without_an_end_is_not_told),
        cmocka_unit_test(rule_5_an_event_that_is_too_long_is_dropped_and_the_next_one_heard),
        cmocka_unit_test(the_listener_may_end_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
