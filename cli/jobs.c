/* watch, status, cancel, jobs: commands about jobs that are there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/number.h"
#include "commands.h"
#include "job.h"
#include "outcome.h"
#include "session.h"

enum { MAX_IDS = 1000, PATIENCE_MS = 30000 };

struct arguments {
    struct options common;
    const char *status, *user;
    int64_t limit;
    char **ids;
    size_t id_count;
};

static error_t take(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    (void)value;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->common;
        return 0;
    case ARGP_KEY_ARGS:
        arguments->ids = state->argv + state->next;
        arguments->id_count = (size_t)(state->argc - state->next);
        if (arguments->id_count > MAX_IDS)
            argp_error(state, "at most %d jobs at a time", MAX_IDS);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which job?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

enum { KEY_STATUS = 300, KEY_LIMIT };

static const struct argp_option LIST_ROWS[] = {
    {.name = "status",
     .key = KEY_STATUS,
     .arg = "LIST",
     .doc = "queued,processing,completed,failed,cancelled,expired"},
    {.name = "user", .key = 'u', .arg = "USER", .doc = "of this user alone"},
    {.name = "limit", .key = KEY_LIMIT, .arg = "N", .doc = "at most so many; default 20"},
    {0},
};

static error_t take_list(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->common;
        return 0;
    case KEY_STATUS:
        arguments->status = value;
        return 0;
    case 'u':
        arguments->user = value;
        return 0;
    case KEY_LIMIT:
        if (!number_parse_int(value, &arguments->limit) || arguments->limit < 1 ||
            arguments->limit > 200) {
            argp_error(state, "--limit is a number from 1 to 200, not %s", value);
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child COMMON[] = {{.argp = &OPTIONS_PARSER}, {0}};

static int parse_and_run(const struct argp *parser, int argc, char **argv, session_body *run)
{
    struct arguments arguments = {.limit = 20};
    argp_parse(parser, argc, argv, 0, NULL, &arguments);
    return session_run(&arguments.common, run, &arguments);
}

static void print_job(const struct session *session, const struct job_view *job,
                      const json_t *document)
{
    if (session->console.is_json) {
        session_print(document);
        return;
    }
    const char *user = json_string_value(json_object_get(document, "user"));
    const char *created = json_string_value(json_object_get(document, "created_at"));
    printf("%-36s  %-10s  %7lld/%-7lld  %5lld  %-20s  %s\n", job->id, job->state,
           (long long)job->processed, (long long)job->total, (long long)job->failed,
           created ? created : "", user ? user : "");
}

/* What it waits for, if the service says so. */
static void print_waiting(const struct session *session, const struct job_view *job)
{
    if (*job->waiting && !session->console.is_json)
        printf("  %s\n", job->waiting);
}

/* What its calls cost so far. */
static void print_usage(const struct session *session, const json_t *document)
{
    const json_t *usage = json_object_get(document, "usage");
    long long calls = json_integer_value(json_object_get(usage, "llm_calls"));
    if (calls == 0 || session->console.is_json)
        return;
    printf("  %lld calls, %lld tokens of prompts and %lld of answers, %.6f USD\n", calls,
           (long long)json_integer_value(json_object_get(usage, "prompt_tokens")),
           (long long)json_integer_value(json_object_get(usage, "completion_tokens")),
           json_number_value(json_object_get(usage, "usd")));
}

static void print_heading(const struct session *session)
{
    if (!session->console.is_json && !session->console.is_quiet) {
        printf("%-36s  %-10s  %7s/%-7s  %5s  %-20s  %s\n", "JOB", "STATE", "DONE", "POSTS",
               "FAILED", "CREATED", "USER");
    }
}

static int watch(struct session *session, const void *context)
{
    const struct arguments *arguments = context;
    struct job_view *jobs = calloc(arguments->id_count, sizeof *jobs);
    CHECK(jobs != NULL);
    for (size_t i = 0; i < arguments->id_count; i++)
        snprintf(jobs[i].id, sizeof jobs[i].id, "%s", arguments->ids[i]);
    struct error why;
    int end = END_OK;
    if (!job_follow(session->api, &session->console, jobs, arguments->id_count, &why))
        end = console_fail(&session->console, &why);
    for (size_t i = 0; end != END_OK ? false : i < arguments->id_count; i++) {
        SCOPED(json_free) json_t *document = NULL;
        if (!job_fetch(session->api, jobs[i].id, &jobs[i], &document, &why)) {
            end = console_fail(&session->console, &why);
            break;
        }
        print_job(session, &jobs[i], document);
        if (strcmp(jobs[i].state, "completed") != 0)
            end = END_JOB_FAILED;
    }
    free(jobs);
    return end;
}

/* Each of the jobs in turn; goes on after a fault, and ends with the last one. */
static int for_each(struct session *session, const struct arguments *arguments,
                    bool (*exchange)(struct api *api, const char *id, struct job_view *job,
                                     json_t **document, struct error *why))
{
    int end = END_OK;
    bool is_headed = false;
    for (size_t i = 0; i < arguments->id_count; i++) {
        SCOPED(json_free) json_t *document = NULL;
        struct job_view job = {0};
        struct error why;
        if (!exchange(session->api, arguments->ids[i], &job, &document, &why)) {
            end = console_fail(&session->console, &why);
            continue;
        }
        if (!is_headed)
            print_heading(session);
        is_headed = true;
        print_job(session, &job, document);
        print_waiting(session, &job);
        print_usage(session, document);
    }
    return end;
}

static int status(struct session *session, const void *context)
{
    const struct arguments *arguments = context;
    return for_each(session, arguments, job_fetch);
}

static int cancel(struct session *session, const void *context)
{
    const struct arguments *arguments = context;
    return for_each(session, arguments, job_cancel);
}

static int list(struct session *session, const void *context)
{
    const struct arguments *arguments = context;
    SCOPED(text_free) struct text path = {0};
    SCOPED(text_free) struct text limit = {0};
    text_format(&limit, "%lld", (long long)arguments->limit);
    text_add(&path, "/v1/jobs");
    api_add_query(&path, "status", arguments->status);
    api_add_query(&path, "user", arguments->user);
    api_add_query(&path, "limit", limit.chars);
    const struct api_call call = {.method = "GET", .path = path.chars, .patience_ms = PATIENCE_MS};
    SCOPED(json_free) json_t *answer = NULL;
    struct error why;
    if (!api_send(session->api, &call, &answer, &why))
        return console_fail(&session->console, &why);
    const json_t *jobs = json_object_get(answer, "jobs");
    print_heading(session);
    for (size_t i = 0; i < json_array_size(jobs); i++) {
        struct job_view job = {0};
        job_read(json_array_get(jobs, i), &job);
        print_job(session, &job, json_array_get(jobs, i));
    }
    return END_OK;
}

int command_watch(int argc, char **argv)
{
    static const struct argp PARSER = {
        .parser = take,
        .args_doc = "JOB...",
        .doc =
            "Show the progress of jobs until they are over. Ends with 1 if one did not complete.",
        .children = COMMON,
    };
    return parse_and_run(&PARSER, argc, argv, watch);
}

int command_status(int argc, char **argv)
{
    static const struct argp PARSER = {
        .parser = take,
        .args_doc = "JOB...",
        .doc = "Show how far jobs are.",
        .children = COMMON,
    };
    return parse_and_run(&PARSER, argc, argv, status);
}

int command_cancel(int argc, char **argv)
{
    static const struct argp PARSER = {
        .parser = take,
        .args_doc = "JOB...",
        .doc = "Cancel jobs. What has been analysed stays; cancelling twice is no fault.",
        .children = COMMON,
    };
    return parse_and_run(&PARSER, argc, argv, cancel);
}

int command_jobs(int argc, char **argv)
{
    static const struct argp PARSER = {
        .options = LIST_ROWS,
        .parser = take_list,
        .doc = "List jobs, newest first.",
        .children = COMMON,
    };
    return parse_and_run(&PARSER, argc, argv, list);
}
