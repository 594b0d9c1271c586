#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "settings/settings.h"

struct sample {
    const char *url, *pepper, *mode;
    int64_t wait_ms;
    double share;
    bool is_on;
};

static const struct setting TABLE[] = {
    {.name = "TP_T_URL",
     .type = SETTING_TEXT,
     .offset = offsetof(struct sample, url),
     .fallback = "",
     .min = 4,
     .max = 12,
     .help = "where it is"},
    {.name = "TP_T_PEPPER",
     .type = SETTING_SECRET,
     .offset = offsetof(struct sample, pepper),
     .min = 16,
     .max = 64,
     .help = "what nobody may see"},
    {.name = "TP_T_MODE",
     .type = SETTING_CHOICE,
     .offset = offsetof(struct sample, mode),
     .fallback = "fair",
     .choices = "fair fifo",
     .help = "how | to choose"},
    {.name = "TP_T_WAIT_MS",
     .type = SETTING_INT,
     .offset = offsetof(struct sample, wait_ms),
     .fallback = "100",
     .min = 1,
     .max = 60000,
     .unit = "ms",
     .help = "how long to wait"},
    {.name = "TP_T_SHARE",
     .type = SETTING_DOUBLE,
     .offset = offsetof(struct sample, share),
     .fallback = "0.5",
     .max = 1,
     .help = "how much of it"},
    {.name = "TP_T_ON",
     .type = SETTING_BOOL,
     .offset = offsetof(struct sample, is_on),
     .fallback = "no",
     .help = "whether at all"},
};
enum { COUNT = sizeof TABLE / sizeof TABLE[0] };

#define PEPPER "0123456789abcdef"

/* Static, so that what a secret's file held stays reachable. */
static struct sample loaded;

static void set(const char *name, const char *value)
{
    assert_int_equal(setenv(name, value, 1), 0);
}

/* Only the required one is there. */
static int start_afresh(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        unsetenv(TABLE[i].name);
    unsetenv("TP_T_PEPPER_FILE");
    set("TP_T_PEPPER", PEPPER);
    return 0;
}

static void expect_loaded(void)
{
    SCOPED(text_free) struct text faults = {0};
    bool is_loaded = settings_load(TABLE, COUNT, &loaded, &faults);
    if (!is_loaded)
        print_error("%s", faults.chars);
    assert_true(is_loaded);
    assert_int_equal(faults.length, 0);
}

static void expect_faults(const char *expected)
{
    SCOPED(text_free) struct text faults = {0};
    assert_false(settings_load(TABLE, COUNT, &loaded, &faults));
    assert_string_equal(faults.chars, expected);
}

static void what_is_not_set_has_its_default(void **state)
{
    (void)state;
    expect_loaded();
    assert_string_equal(loaded.url, "");
    assert_string_equal(loaded.pepper, PEPPER);
    assert_string_equal(loaded.mode, "fair");
    assert_int_equal(loaded.wait_ms, 100);
    assert_true(loaded.share > 0.49 && loaded.share < 0.51);
    assert_false(loaded.is_on);
}

static void values_of_the_environment_win(void **state)
{
    (void)state;
    set("TP_T_URL", "nats");
    set("TP_T_MODE", "fifo");
    set("TP_T_WAIT_MS", "60000");
    set("TP_T_SHARE", "0");
    set("TP_T_ON", "True");
    expect_loaded();
    assert_string_equal(loaded.url, "nats");
    assert_string_equal(loaded.mode, "fifo");
    assert_int_equal(loaded.wait_ms, 60000);
    assert_true(loaded.share <= 0);
    assert_true(loaded.is_on);
}

static void every_fault_is_told_at_once(void **state)
{
    (void)state;
    set("TP_T_URL", "x");
    unsetenv("TP_T_PEPPER");
    set("TP_T_MODE", "fai");
    set("TP_T_WAIT_MS", "0");
    set("TP_T_SHARE", "nan");
    set("TP_T_ON", "maybe");
    expect_faults("TP_T_URL: is \"x\", must be a text of 4 to 12 bytes\n"
                  "TP_T_PEPPER: is missing, must be a text of 16 to 64 bytes\n"
                  "TP_T_MODE: is \"fai\", must be one of fair fifo\n"
                  "TP_T_WAIT_MS: is \"0\", must be a whole number of ms from 1 to 60000\n"
                  "TP_T_SHARE: is \"nan\", must be a number from 0 to 1\n"
                  "TP_T_ON: is \"maybe\", must be true or false (yes, no, on, off, 1, 0)\n");
}

static void numbers_are_whole_and_bare(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "", " 5", "5 ", "5s", "0x10", "1e3", "1.5", "--5", "99999999999999999999"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        set("TP_T_WAIT_MS", refused[i]);
        char expected[200];
        snprintf(expected, sizeof expected,
                 "TP_T_WAIT_MS: is \"%s\", must be a whole number of ms from 1 to 60000\n",
                 refused[i]);
        expect_faults(expected);
    }
}

static void a_text_may_be_switched_off_but_not_be_too_short_or_hold_controls(void **state)
{
    (void)state;
    set("TP_T_URL", "");
    expect_loaded();
    assert_string_equal(loaded.url, "");
    set("TP_T_URL", "nats\n");
    expect_faults(
        "TP_T_URL: is \"nats?\", must be a text of 4 to 12 bytes without control characters\n");
    set("TP_T_URL", "\x1B[31m78901234567890123456789012345678901234567890123456789012345");
    expect_faults(
        "TP_T_URL: is \"?[31m7890123456789012345678901234567890123456789012345678901...\","
        " must be a text of 4 to 12 bytes without control characters\n");
}

/* A file that is gone when the test is over. */
struct secret_file {
    char path[40];
};

static void remove_file(struct secret_file *file)
{
    unlink(file->path);
}

static struct secret_file file_holding(const char *bytes, size_t length)
{
    struct secret_file file = {"/tmp/tp-secret-XXXXXX"};
    int fd = mkstemp(file.path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), length);
    close(fd);
    unsetenv("TP_T_PEPPER");
    set("TP_T_PEPPER_FILE", file.path);
    return file;
}

static void a_secret_may_come_in_a_file(void **state)
{
    (void)state;
    SCOPED(remove_file) struct secret_file file = file_holding(PEPPER "\n", sizeof PEPPER);
    expect_loaded();
    assert_string_equal(loaded.pepper, PEPPER);
    free((void *)(uintptr_t)loaded.pepper);
}

static void only_one_newline_is_dropped_from_a_secrets_file(void **state)
{
    (void)state;
    SCOPED(remove_file) struct secret_file file = file_holding(PEPPER "\n\n", sizeof PEPPER + 1);
    expect_faults("TP_T_PEPPER_FILE: is refused (17 bytes, not shown), must be a text of "
                  "16 to 64 bytes without control characters\n");
}

static void a_secrets_file_with_a_nul_is_refused(void **state)
{
    (void)state;
    SCOPED(remove_file) struct secret_file file = file_holding(PEPPER "\0abc", sizeof PEPPER + 3);
    char expected[200];
    snprintf(expected, sizeof expected,
             "TP_T_PEPPER_FILE: \"%s\" is unreadable, holds a NUL byte or is over 65536 bytes\n",
             file.path);
    expect_faults(expected);
}

static void a_missing_file_or_a_secret_given_twice_is_a_fault(void **state)
{
    (void)state;
    set("TP_T_PEPPER_FILE", "/nonexistent/pepper");
    expect_faults("TP_T_PEPPER and TP_T_PEPPER_FILE: are both set, must be one of them\n");
    unsetenv("TP_T_PEPPER");
    expect_faults("TP_T_PEPPER_FILE: cannot read \"/nonexistent/pepper\": No such file or "
                  "directory\n");
}

static void a_secret_is_never_shown(void **state)
{
    (void)state;
    set("TP_T_PEPPER", "short-secret");
    expect_faults("TP_T_PEPPER: is refused (12 bytes, not shown), must be a text of 16 to 64 "
                  "bytes\n");
    set("TP_T_PEPPER", PEPPER);
    expect_loaded();
    SCOPED(text_free) struct text out = {0};
    settings_print(TABLE, COUNT, &loaded, &out);
    assert_string_equal(out.chars, "TP_T_URL=\nTP_T_PEPPER=***\nTP_T_MODE=fair\n"
                                   "TP_T_WAIT_MS=100\nTP_T_SHARE=0.5\nTP_T_ON=false\n");
}

static void the_table_describes_itself(void **state)
{
    (void)state;
    SCOPED(text_free) struct text out = {0};
    settings_describe(TABLE + 1, 1, &out);
    settings_describe(TABLE + 3, 1, &out);
    assert_string_equal(out.chars, "  TP_T_PEPPER or TP_T_PEPPER_FILE (required)\n"
                                   "      what nobody may see\n"
                                   "      a text of 16 to 64 bytes\n"
                                   "  TP_T_WAIT_MS = 100\n"
                                   "      how long to wait\n"
                                   "      a whole number of ms from 1 to 60000\n");
    text_clear(&out);
    settings_describe_json(TABLE + 1, 2, &out);
    assert_string_equal(
        out.chars,
        "[\n{\"name\":\"TP_T_PEPPER\",\"type\":\"secret\",\"default\":null,\"min\":16,\"max\":64,"
        "\"unit\":\"\",\"help\":\"what nobody may see\"},\n"
        "{\"name\":\"TP_T_MODE\",\"type\":\"choice\",\"default\":\"fair\","
        "\"choices\":[\"fair\",\"fifo\"],\"unit\":\"\",\"help\":\"how | to choose\"}\n]\n");
    text_clear(&out);
    settings_describe_markdown(TABLE + 1, 2, &out);
    assert_string_equal(
        out.chars, "| `TP_T_PEPPER` | what nobody may see | a text of 16 to 64 bytes | required |\n"
                   "| `TP_T_MODE` | how \\| to choose | one of fair fifo | `fair` |\n");
}

static void a_nearly_right_name_is_told_and_a_strange_one_is_not(void **state)
{
    (void)state;
    static const char *const names[] = {"TP_T_WIAT_MS",  "TP_T_SHAR",        "TP_T_PEPER_FILE",
                                        "TP_T_URL_FILE", "TP_OTHER_SERVICE", "XP_T_URL"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        set(names[i], "1");
    SCOPED(text_free) struct text warnings = {0};
    settings_suggest(TABLE, COUNT, &warnings);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
    assert_string_equal(warnings.chars,
                        "TP_T_WIAT_MS: is not a setting, did you mean TP_T_WAIT_MS?\n"
                        "TP_T_SHAR: is not a setting, did you mean TP_T_SHARE?\n"
                        "TP_T_PEPER_FILE: is not a setting, did you mean TP_T_PEPPER_FILE?\n"
                        "TP_T_URL_FILE: TP_T_URL is no secret, it is not read from a file\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_not_set_has_its_default, start_afresh),
        cmocka_unit_test_setup(values_of_the_environment_win, start_afresh),
        cmocka_unit_test_setup(every_fault_is_told_at_once, start_afresh),
        cmocka_unit_test_setup(numbers_are_whole_and_bare, start_afresh),
        cmocka_unit_test_setup(a_text_may_be_switched_off_but_not_be_too_short_or_hold_controls,
                               start_afresh),
        cmocka_unit_test_setup(a_secret_may_come_in_a_file, start_afresh),
        cmocka_unit_test_setup(only_one_newline_is_dropped_from_a_secrets_file, start_afresh),
        cmocka_unit_test_setup(a_secrets_file_with_a_nul_is_refused, start_afresh),
        cmocka_unit_test_setup(a_missing_file_or_a_secret_given_twice_is_a_fault, start_afresh),
        cmocka_unit_test_setup(a_secret_is_never_shown, start_afresh),
        cmocka_unit_test_setup(the_table_describes_itself, start_afresh),
        cmocka_unit_test_setup(a_nearly_right_name_is_told_and_a_strange_one_is_not, start_afresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
