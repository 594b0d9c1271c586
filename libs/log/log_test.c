#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "log/line.h"
#include "log/log.h"

/* One field as it stands in a line, without the newline. */
static const char *written(bool is_json, struct log_field field)
{
    static struct log_line line;
    line_begin(&line, is_json);
    line_add(&line, &field);
    line_end(&line);
    assert_int_equal(line.chars[line.length - 1], '\n');
    assert_null(memchr(line.chars, '\n', line.length - 1));
    line.chars[line.length - 1] = '\0';
    return line.chars;
}

static void values_that_would_break_the_line_are_escaped(void **state)
{
    (void)state;
    struct log_field crlf = LOG_TEXT("k", "a\r\nts=forged\tb");
    assert_string_equal(written(true, crlf), "{\"k\":\"a\\r\\nts=forged\\tb\"}");
    assert_string_equal(written(false, crlf), "k=\"a\\r\\nts=forged\\tb\"");
    struct log_field quotes = LOG_TEXT("k", "a\"b\\c");
    assert_string_equal(written(true, quotes), "{\"k\":\"a\\\"b\\\\c\"}");
    assert_string_equal(written(false, quotes), "k=\"a\\\"b\\\\c\"");
}

static void what_would_steer_a_terminal_is_escaped(void **state)
{
    (void)state;
    assert_string_equal(written(false, LOG_TEXT("k", "\x1B[31mred\x7F")),
                        "k=\"\\u001b[31mred\\u007f\"");
    /* C1's CSI as UTF-8, a right-to-left override, a line separator */
    assert_string_equal(written(true, LOG_TEXT("k", "\xC2\x9B"
                                                    "1m\xE2\x80\xAEx\xE2\x80\xA8y")),
                        "{\"k\":\"\\u009b1m\\u202ex\\u2028y\"}");
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *clean;
    } cases[] = {
        {"a\xFFz", "a\xEF\xBF\xBDz"},
        {"\xC3", "\xEF\xBF\xBD"},                                                 /* cut short */
        {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},                                 /* overlong */
        {"\xE0\x80\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},                 /* overlong */
        {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},                 /* surrogate */
        {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}, /* > 10FFFF */
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[100];
        snprintf(expected, sizeof expected, "{\"k\":\"%s\"}", cases[i].clean);
        assert_string_equal(written(true, LOG_TEXT("k", cases[i].raw)), expected);
    }
}

static void long_values_are_cut_between_characters(void **state)
{
    (void)state;
    char value[LINE_VALUE_MAX_BYTES + 2];
    memset(value, 'a', sizeof value);
    value[LINE_VALUE_MAX_BYTES] = '\0';
    char expected[LINE_VALUE_MAX_BYTES + 20];
    snprintf(expected, sizeof expected, "{\"k\":\"%s\"}", value);
    assert_string_equal(written(true, LOG_TEXT("k", value)), expected);
    memcpy(value + LINE_VALUE_MAX_BYTES - 1, "\xC3\xA9", 3);
    snprintf(expected, sizeof expected, "{\"k\":\"%.*s...\"}", LINE_VALUE_MAX_BYTES - 1, value);
    assert_string_equal(written(true, LOG_TEXT("k", value)), expected);
}

static void numbers_and_missing_texts_have_a_form(void **state)
{
    (void)state;
    assert_string_equal(written(true, LOG_INT("k", INT64_MIN)), "{\"k\":-9223372036854775808}");
    assert_string_equal(written(true, LOG_DOUBLE("k", 0.25)), "{\"k\":0.25}");
    assert_string_equal(written(true, LOG_DOUBLE("k", 1e300 * 1e300)), "{\"k\":null}");
    assert_string_equal(written(false, LOG_TEXT("k", NULL)), "k=\"\"");
    assert_string_equal(written(false, LOG_TEXT("k", "plain/word:1")), "k=plain/word:1");
}

static void fields_that_do_not_fit_are_left_out_and_told(void **state)
{
    (void)state;
    char value[LINE_VALUE_MAX_BYTES + 1];
    memset(value, '\x01', LINE_VALUE_MAX_BYTES); /* six bytes each once escaped */
    value[LINE_VALUE_MAX_BYTES] = '\0';
    struct log_line line;
    line_begin(&line, true);
    struct log_field big = LOG_TEXT("big", value), small = LOG_INT("n", 7);
    line_add(&line, &big);
    line_add(&line, &big);
    line_add(&line, &small);
    line_end(&line);
    static const char tail[] = ",\"n\":7,\"cut\":true}\n";
    assert_true(line.length <= LINE_MAX_BYTES);
    assert_memory_equal(line.chars + line.length - (sizeof tail - 1), tail, sizeof tail - 1);
}

/* What log_write() puts on stderr. */
static void capture(char *out, size_t size, void (*say)(void))
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int kept = dup(STDERR_FILENO);
    assert_true(kept >= 0 && dup2(ends[1], STDERR_FILENO) >= 0);
    say();
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    close(ends[1]);
    ssize_t length = read(ends[0], out, size - 1);
    close(ends[0]);
    assert_true(length >= 0);
    out[length] = '\0';
}

static void say_three(void)
{
    struct error why;
    error_set(&why, ERROR_BUSY, "all 4 taken");
    log_open("store", "store-1", LOG_LEVEL_INFO, LOG_FORMAT_AUTO);
    log_debug("unheard");
    log_info("started");
    log_warn("slots.gone", LOG_INT("slots", 4), LOG_WHY(&why));
}

static void a_line_names_time_level_service_instance_and_event(void **state)
{
    (void)state;
    char out[2000];
    capture(out, sizeof out, say_three);
    const char *second = strchr(out, '\n') + 1;
    static const char first_rest[] = "Z\",\"level\":\"info\",\"service\":\"store\","
                                     "\"instance\":\"store-1\",\"event\":\"started\"}\n";
    static const char second_rest[] =
        "Z\",\"level\":\"warn\",\"service\":\"store\",\"instance\":\"store-1\","
        "\"event\":\"slots.gone\",\"slots\":4,\"error\":\"BUSY\",\"reason\":\"all 4 taken\"}\n";
    assert_memory_equal(out, "{\"ts\":\"20", 9);
    assert_memory_equal(strchr(out, 'Z'), first_rest, sizeof first_rest - 1);
    assert_string_equal(strchr(second, 'Z'), second_rest);
}

static void say_in_logfmt(void)
{
    log_open("store", "s 1", LOG_LEVEL_DEBUG, LOG_FORMAT_LOGFMT);
    log_debug("heard", LOG_TEXT("job", "j1"));
}

static void logfmt_can_be_asked_for_off_a_terminal(void **state)
{
    (void)state;
    char out[1000];
    capture(out, sizeof out, say_in_logfmt);
    assert_memory_equal(out, "ts=20", 5);
    assert_string_equal(strchr(out, 'Z'),
                        "Z level=debug service=store instance=\"s 1\" event=heard job=j1\n");
}

static void say_on_a_terminal(void)
{
    log_open("store", "s1", LOG_LEVEL_INFO, LOG_FORMAT_AUTO);
    log_info("seen");
}

static void on_a_terminal_it_is_logfmt(void **state)
{
    (void)state;
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    int kept = dup(STDERR_FILENO);
    assert_true(terminal >= 0 && dup2(terminal, STDERR_FILENO) >= 0);
    say_on_a_terminal();
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    char out[1000] = "";
    assert_true(read(master, out, sizeof out - 1) > 0);
    close(kept);
    close(terminal);
    close(master);
    assert_non_null(strstr(out, " level=info service=store instance=s1 event=seen"));
}

static void levels_and_formats_have_names(void **state)
{
    (void)state;
    enum log_level level;
    enum log_format format;
    assert_true(log_level_parse("warn", &level) && level == LOG_LEVEL_WARN);
    assert_true(log_format_parse("json", &format) && format == LOG_FORMAT_JSON);
    assert_false(log_level_parse("WARN", &level));
    assert_false(log_format_parse("", &format));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_that_would_break_the_line_are_escaped),
        cmocka_unit_test(what_would_steer_a_terminal_is_escaped),
        cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
        cmocka_unit_test(long_values_are_cut_between_characters),
        cmocka_unit_test(numbers_and_missing_texts_have_a_form),
        cmocka_unit_test(fields_that_do_not_fit_are_left_out_and_told),
        cmocka_unit_test(a_line_names_time_level_service_instance_and_event),
        cmocka_unit_test(logfmt_can_be_asked_for_off_a_terminal),
        cmocka_unit_test(on_a_terminal_it_is_logfmt),
        cmocka_unit_test(levels_and_formats_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
