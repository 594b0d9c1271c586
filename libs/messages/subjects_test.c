#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "messages/subjects.h"

static void subjects_are_made_of_their_parts(void **state)
{
    (void)state;
    char subject[SUBJECT_SIZE];
    subject_work(TP__SERVICE_CLASS__PREMIUM, subject);
    assert_string_equal(subject, "tp.work.premium");
    subject_event("acme", "019ab9c2-7f00-7abc-8def-0123456789ab", subject);
    assert_string_equal(subject, "tp.event.acme.019ab9c2-7f00-7abc-8def-0123456789ab");
    subject_cancel("j1", subject);
    assert_string_equal(subject, "tp.cancel.j1");
    subject_telemetry("store", "store-1", subject);
    assert_string_equal(subject, "tp.telemetry.store.store-1");
}

static void the_longest_tokens_fit_a_subject(void **state)
{
    (void)state;
    char token[65], subject[SUBJECT_SIZE];
    memset(token, 'x', 64);
    token[64] = '\0';
    subject_telemetry(token, token, subject);
    assert_int_equal(strlen(subject), strlen("tp.telemetry.") + 64 + 1 + 64);
}

static void a_token_is_one_word_of_plain_characters(void **state)
{
    (void)state;
    assert_true(subject_token_is_valid("Az09-_"));
    static const char *const bad[] = {"", "a.b", "*", ">", "a b", "a\n", "\xC3\xA4"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(subject_token_is_valid(bad[i]));
    char token[66];
    memset(token, 'x', 65);
    token[65] = '\0';
    assert_false(subject_token_is_valid(token));
}

static void every_class_has_a_name_and_a_consumer_on_its_subject(void **state)
{
    (void)state;
    for (Tp__ServiceClass i = TP__SERVICE_CLASS__INTERACTIVE; i <= TP__SERVICE_CLASS__BACKGROUND;
         i++) {
        Tp__ServiceClass parsed;
        char subject[SUBJECT_SIZE];
        assert_true(class_parse(class_name(i), &parsed));
        assert_int_equal(parsed, i);
        subject_work(i, subject);
        int found = 0;
        for (const struct stream_consumer *c = STREAMS[0].consumers; c->name != NULL; c++)
            found += strcmp(c->name, class_name(i)) == 0 && strcmp(c->filter, subject) == 0;
        assert_int_equal(found, 1);
    }
    Tp__ServiceClass parsed;
    assert_false(class_parse("urgent", &parsed));
}

static void every_stream_is_bounded(void **state)
{
    (void)state;
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        assert_true(STREAMS[i].max_bytes > 0);
        assert_true(STREAMS[i].is_work_queue || STREAMS[i].max_age_s > 0);
        assert_true(!STREAMS[i].is_work_queue || STREAMS[i].consumers[0].name != NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subjects_are_made_of_their_parts),
        cmocka_unit_test(the_longest_tokens_fit_a_subject),
        cmocka_unit_test(a_token_is_one_word_of_plain_characters),
        cmocka_unit_test(every_class_has_a_name_and_a_consumer_on_its_subject),
        cmocka_unit_test(every_stream_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
