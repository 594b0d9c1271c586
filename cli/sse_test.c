#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/scoped.h"
#include "sse.h"

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
        cmocka_unit_test(the_listener_may_end_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
