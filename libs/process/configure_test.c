#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/process.h"

/* This test is also the program it tests: with that in its environment. */
#define AS_PROGRAM "TEST_AS_PROGRAM"

enum { MAX_WORDS = 8 };

struct cellar_settings {
    struct process_settings process;
    int64_t shelves;
    const char *pepper;
};

static int count_bottles(const void *settings, const char *argument)
{
    const struct cellar_settings *cellar = settings;
    printf("%s on %d shelves\n", argument, (int)cellar->shelves);
    return 3;
}

static const struct setting SETTINGS[] = {
    PROCESS_SETTINGS(struct cellar_settings, process),
    {.name = "TP_CELLAR_SHELVES",
     .type = SETTING_INT,
     .offset = offsetof(struct cellar_settings, shelves),
     .fallback = "4",
     .min = 1,
     .max = 9,
     .help = "how many there are"},
    {.name = "TP_KEY_PEPPER",
     .type = SETTING_SECRET,
     .offset = offsetof(struct cellar_settings, pepper),
     .fallback = "",
     .min = 16,
     .max = 64,
     .help = "what makes it hot"},
};
static const struct program_command COMMANDS[] = {
    {.option = "--count", .argument = "KIND", .help = "Count the bottles", .run = count_bottles},
};
static const struct program PROGRAM = {
    .name = "cellar",
    .summary = "Keeps bottles.",
    .settings = SETTINGS,
    .setting_count = sizeof SETTINGS / sizeof SETTINGS[0],
    .commands = COMMANDS,
    .command_count = 1,
};

static int be_the_program(int argc, char **argv)
{
    struct cellar_settings settings;
    process_configure(&PROGRAM, argc, argv, &settings);
    printf("serving with %d shelves\n", (int)settings.shelves);
    return 0;
}

struct run {
    int code;
    char said[8000]; /* stdout and stderr */
};

/* Cuts at the blanks; the list ends with NULL. */
static void split(char *text, char *words[MAX_WORDS])
{
    int count = 0;
    for (char *word; count + 1 < MAX_WORDS && (word = strsep(&text, " ")) != NULL;) {
        if (*word != '\0')
            words[count++] = word;
    }
    words[count] = NULL;
}

static void become_program(int out, char *variables, char *arguments)
{
    char self[300] = "", *settings[MAX_WORDS], *argv[MAX_WORDS + 1] = {self};
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(out, STDERR_FILENO) < 0)
        _exit(127);
    setenv(AS_PROGRAM, "1", 1);
    split(variables, settings);
    for (int i = 0; settings[i] != NULL; i++)
        putenv(settings[i]);
    split(arguments, argv + 1);
    execv(self, argv);
    _exit(127);
}

static struct run run_program(const char *variables, const char *arguments)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    SCOPED(free_chars) char *own_variables = strdup(variables);
    SCOPED(free_chars) char *own_arguments = strdup(arguments);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        become_program(ends[1], own_variables, own_arguments);
    close(ends[1]);
    struct run run = {0};
    size_t length = 0;
    for (ssize_t got; (got = read(ends[0], run.said + length, sizeof run.said - 1 - length)) > 0;)
        length += (size_t)got;
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    run.code = WEXITSTATUS(status);
    return run;
}

static void expect_said(const struct run *run, const char *wanted)
{
    if (strstr(run->said, wanted) == NULL)
        fail_msg("\"%s\" is not in:\n%s", wanted, run->said);
}

static void expect_not_said(const struct run *run, const char *unwanted)
{
    if (strstr(run->said, unwanted) != NULL)
        fail_msg("\"%s\" is in:\n%s", unwanted, run->said);
}

static void without_arguments_it_serves_with_its_settings(void **state)
{
    (void)state;
    struct run run = run_program("TP_CELLAR_SHELVES=7", "");
    assert_int_equal(run.code, 0);
    assert_string_equal(run.said, "serving with 7 shelves\n");
}

static void help_names_commands_and_settings_and_needs_none_of_them(void **state)
{
    (void)state;
    struct run run = run_program("TP_CELLAR_SHELVES=wrong", "--help");
    assert_int_equal(run.code, 0);
    expect_said(&run, "Keeps bottles.");
    expect_said(&run, "--count=KIND");
    expect_said(&run, "Count the bottles");
    const char *own = strstr(run.said, "Of cellar alone:"),
               *shared = strstr(run.said, "Of every service:"),
               *shelves = strstr(run.said, "  TP_CELLAR_SHELVES = 4\n      how many there are\n"),
               *nats = strstr(run.said, "  TP_NATS_URL = nats://");
    assert_non_null(own);
    assert_true(own < shelves && shelves < shared && shared < nats);
    expect_not_said(&run, "serving");
}

static void version_is_one_line(void **state)
{
    (void)state;
    struct run run = run_program("TP_CELLAR_SHELVES=wrong", "--version");
    assert_int_equal(run.code, 0);
    assert_string_equal(run.said, "cellar " TP_VERSION "\n");
}

static void the_settings_in_force_are_printed_without_secrets(void **state)
{
    (void)state;
    struct run run =
        run_program("TP_KEY_PEPPER=0123456789abcdef TP_LOG_LEVEL=warn", "--print-settings");
    assert_int_equal(run.code, 0);
    expect_said(&run, "TP_NATS_URL=nats://127.0.0.1:4222\n");
    expect_said(&run, "TP_LOG_LEVEL=warn\n");
    expect_said(&run, "TP_CELLAR_SHELVES=4\n");
    expect_said(&run, "TP_KEY_PEPPER=***\n");
    expect_not_said(&run, "0123456789abcdef");
}

static void the_settings_describe_themselves_as_json(void **state)
{
    (void)state;
    struct run run = run_program("", "--describe-settings");
    assert_int_equal(run.code, 0);
    assert_int_equal(run.said[0], '[');
    expect_said(&run, "{\"name\":\"TP_CELLAR_SHELVES\",\"type\":\"int\",\"default\":\"4\","
                      "\"min\":1,\"max\":9,");
}

static void wrong_usage_is_64(void **state)
{
    (void)state;
    static const char *const wrong[] = {"--no-such-thing", "word", "--count", "--count=a --version",
                                        "--print-settings=x"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct run run = run_program("", wrong[i]);
        assert_int_equal(run.code, 64);
        expect_said(&run, "--help");
        expect_not_said(&run, "serving");
    }
}

static void faulty_settings_are_all_told_and_are_78(void **state)
{
    (void)state;
    struct run run = run_program("TP_CELLAR_SHELVES=10 TP_KEY_PEPPER=tooshort TP_OPS_PORT=-1", "");
    assert_int_equal(run.code, 78);
    expect_said(&run, "cellar: setting: TP_CELLAR_SHELVES: is \"10\"");
    expect_said(&run, "cellar: setting: TP_KEY_PEPPER: is refused");
    expect_said(&run, "cellar: setting: TP_OPS_PORT: is \"-1\"");
    expect_not_said(&run, "tooshort");
    expect_not_said(&run, "serving");
}

static void a_misspelt_setting_is_warned_of(void **state)
{
    (void)state;
    struct run run = run_program("TP_CELAR_SHELVES=5 TP_DATABASE_URL=x", "");
    assert_int_equal(run.code, 0);
    assert_string_equal(run.said, "cellar: warning: TP_CELAR_SHELVES: is not a setting, did you "
                                  "mean TP_CELLAR_SHELVES?\nserving with 4 shelves\n");
}

static void a_command_gets_its_settings_and_its_code_is_the_programs(void **state)
{
    (void)state;
    struct run run = run_program("TP_CELLAR_SHELVES=2", "--count=red");
    assert_int_equal(run.code, 3);
    assert_string_equal(run.said, "red on 2 shelves\n");
    run = run_program("TP_CELLAR_SHELVES=0", "--count red");
    assert_int_equal(run.code, 78);
}

int main(int argc, char **argv)
{
    if (getenv(AS_PROGRAM) != NULL)
        return be_the_program(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_arguments_it_serves_with_its_settings),
        cmocka_unit_test(help_names_commands_and_settings_and_needs_none_of_them),
        cmocka_unit_test(version_is_one_line),
        cmocka_unit_test(the_settings_in_force_are_printed_without_secrets),
        cmocka_unit_test(the_settings_describe_themselves_as_json),
        cmocka_unit_test(wrong_usage_is_64),
        cmocka_unit_test(faulty_settings_are_all_told_and_are_78),
        cmocka_unit_test(a_misspelt_setting_is_warned_of),
        cmocka_unit_test(a_command_gets_its_settings_and_its_code_is_the_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
