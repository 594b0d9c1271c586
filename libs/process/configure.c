#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/check.h"
#include "log/log.h"
#include "process/process.h"

enum { MAX_COMMANDS = 8 };

/* Beyond all letters, so that no option has a short form. */
enum asked { ASKED_VERSION = 1000, ASKED_PRINT, ASKED_DESCRIBE, ASKED_COMMAND };

/* The rows that every service has, to tell them from a program's own. */
struct shared_settings {
    struct process_settings process;
};
static const struct setting shared_rows[] = {PROCESS_SETTINGS(struct shared_settings, process)};

/* What the arguments ask for. */
struct request {
    const struct program *program;
    int asked; /* 0 = to serve */
    const char *argument;
};

static bool is_shared(const struct setting *row)
{
    for (size_t i = 0; i < sizeof shared_rows / sizeof shared_rows[0]; i++) {
        if (strcmp(shared_rows[i].name, row->name) == 0)
            return true;
    }
    return false;
}

static void describe_own(const struct program *program, struct text *out)
{
    for (size_t i = 0; i < program->setting_count; i++) {
        if (!is_shared(&program->settings[i]))
            settings_describe(&program->settings[i], 1, out);
    }
}

static void describe_shared(const struct program *program, struct text *out)
{
    for (size_t i = 0; i < program->setting_count; i++) {
        if (is_shared(&program->settings[i]))
            settings_describe(&program->settings[i], 1, out);
    }
}

/* Called by argp for each part of its help; what comes back is freed by it. */
static char *add_settings(int part, const char *text, void *input)
{
    if (part != ARGP_KEY_HELP_POST_DOC)
        return strdup(text != NULL ? text : "");
    const struct request *request = input;
    SCOPED(text_free) struct text out = {0};
    text_format(&out, "Settings are variables of the environment.\n\nOf %s alone:\n",
                request->program->name);
    describe_own(request->program, &out);
    text_add(&out, "\nOf every service:\n");
    describe_shared(request->program, &out);
    text_add(&out, "\nExit codes: 0 done or ended as asked, 64 wrong usage, 78 faulty settings, "
                   "1 otherwise.");
    return text_take(&out);
}

static error_t take_option(int key, char *argument, struct argp_state *state)
{
    struct request *request = state->input;
    if (key == ARGP_KEY_ARG)
        argp_error(state, "\"%s\" is too much", argument);
    if (key < ASKED_VERSION || key >= ASKED_COMMAND + MAX_COMMANDS)
        return ARGP_ERR_UNKNOWN;
    if (request->asked != 0)
        argp_error(state, "only one option at a time");
    request->asked = key;
    request->argument = argument;
    return 0;
}

static struct request read_arguments(const struct program *program, int argc, char **argv)
{
    CHECK(program->command_count <= MAX_COMMANDS);
    struct argp_option options[MAX_COMMANDS + 4] = {
        {.name = "print-settings", .key = ASKED_PRINT, .doc = "Print the settings in force"},
        {.name = "describe-settings", .key = ASKED_DESCRIBE, .doc = "Print all settings as JSON"},
        {.name = "version", .key = ASKED_VERSION, .doc = "Print the version"},
    };
    for (size_t i = 0; i < program->command_count; i++) {
        const struct program_command *command = &program->commands[i];
        options[3 + i] = (struct argp_option){
            .name = command->option + strlen("--"),
            .key = ASKED_COMMAND + (int)i,
            .arg = command->argument,
            .doc = command->help,
        };
    }
    SCOPED(text_free) struct text doc = {0};
    text_format(&doc, "%s\v.", program->summary); /* add_settings() takes the place of the dot */
    const struct argp argp = {
        .options = options,
        .parser = take_option,
        .doc = doc.chars,
        .help_filter = add_settings,
    };
    struct request request = {.program = program};
    argp_err_exit_status = EX_USAGE;
    CHECK(argp_parse(&argp, argc, argv, 0, NULL, &request) == 0);
    return request;
}

_Noreturn static void print_and_exit(const struct text *out)
{
    bool is_printed = fputs(out->chars, stdout) >= 0 && fflush(stdout) == 0;
    exit(is_printed ? EX_OK : EXIT_FAILURE);
}

static void print_lines(const struct program *program, const char *heading, const char *lines)
{
    for (const char *line = lines, *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
        fprintf(stderr, "%s: %s: %.*s\n", program->name, heading, (int)(end - line), line);
}

void process_refuse(const struct program *program, const struct text *faults)
{
    print_lines(program, "setting", faults->chars);
    exit(EX_CONFIG);
}

static void load_settings(const struct program *program, void *settings)
{
    SCOPED(text_free) struct text warnings = {0};
    settings_suggest(program->settings, program->setting_count, &warnings);
    if (warnings.length > 0)
        print_lines(program, "warning", warnings.chars);
    SCOPED(text_free) struct text faults = {0};
    if (settings_load(program->settings, program->setting_count, settings, &faults))
        return;
    process_refuse(program, &faults);
}

void process_configure(const struct program *program, int argc, char **argv, void *settings)
{
    struct request request = read_arguments(program, argc, argv);
    SCOPED(text_free) struct text out = {0};
    if (request.asked == ASKED_VERSION) {
        text_format(&out, "%s %s\n", program->name, TP_VERSION);
        print_and_exit(&out);
    }
    if (request.asked == ASKED_DESCRIBE) {
        settings_describe_json(program->settings, program->setting_count, &out);
        print_and_exit(&out);
    }
    load_settings(program, settings);
    if (request.asked == ASKED_PRINT) {
        settings_print(program->settings, program->setting_count, settings, &out);
        print_and_exit(&out);
    }
    if (request.asked >= ASKED_COMMAND) {
        const struct program_command *command = &program->commands[request.asked - ASKED_COMMAND];
        log_open(program->name, "", LOG_LEVEL_INFO, LOG_FORMAT_AUTO);
        exit(command->run(settings, request.argument));
    }
}
