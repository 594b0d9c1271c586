/* What servers really sent, as the analyzer reads it, against reviewed tables: a recording without
 * a line here fails. The recordings are no part of this repository. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "answer.h"
#include "base/check.h"
#include "classify.h"
#include "stream.h"
#include "json/json.h"

#define OBSERVED "../shared/data/openai-wire/errors-observed.jsonl"
#define RECORDED "../shared/data/openai-wire/recorded"
#define CLASS(name) TP__OUTCOME_CLASS__##name

enum { POSTS = 3, FILE_MAX_BYTES = 1 << 20 };

/* The class of the error, or of the answer to three posts, where it is none. */
struct review {
    const char *name;
    Tp__OutcomeClass outcome_class;
    uint32_t wait_ms;
    uint32_t least_prompt_tokens; /* of what had been sent */
};

static const struct review ERRORS[] = {
    {"openai-tpm-wait", CLASS(RATE_LIMITED), 18642, 0},
    {"openai-request-too-large", CLASS(TOO_LARGE), 0, 0},
    {"openai-insufficient-quota", CLASS(QUOTA_EXHAUSTED), 0, 0},
    {"azure-429-37s", CLASS(RATE_LIMITED), 37000, 0},
    {"azure-content-filter", CLASS(CONTENT_FILTER), 0, 0},
    {"vllm-400", CLASS(TOO_LARGE), 0, 0},
    {"llamacpp-loading", CLASS(SERVER_ERROR), 0, 0},
    {"ollama-busy", CLASS(SERVER_ERROR), 0, 0},
    {"sse-error-midstream", CLASS(QUOTA_EXHAUSTED), 0, 0},
    {"sse-ping-comment", CLASS(INVALID_ANSWER), 0, 0}, /* it says nothing */
};

static const struct review RECORDINGS[] = {
    {"err-404.http", CLASS(AUTH), 0, 0},
    {"err-bad-json.http", CLASS(BAD_REQUEST), 0, 0},
    {"err-context-too-long.http", CLASS(TOO_LARGE), 0, 20000}, /* 40,000 words were sent */
    {"err-no-key.http", CLASS(AUTH), 0, 0},
    {"err-no-messages.http", CLASS(BAD_REQUEST), 0, 0},
    {"n2.http", CLASS(BAD_REQUEST), 0, 0},
    {"ok-json-schema-stream.http", CLASS(INVALID_ANSWER), 0, 0}, /* ids that nobody asked for */
    {"ok-json-schema.http", CLASS(INVALID_ANSWER), 0, 0},        /* and numbers that overflow */
    {"ok-models.http", CLASS(INVALID_ANSWER), 0, 0},
    {"ok-plain.http", CLASS(INVALID_ANSWER), 0, 0},
    {"trunc-json-schema.http", CLASS(TRUNCATED), 0, 0}, /* its finish_reason is "stop" */
};

static const struct review *review_of(const struct review *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    fail_msg("%s is not in the reviewed table", name);
    return NULL;
}
#define REVIEW_OF(table, name) review_of(table, sizeof(table) / sizeof(table)[0], name)

/* As analyzer.c does it. */
static void expect(const struct reply *said, const struct review *review)
{
    SCOPED(arena_close) struct arena *arena = arena_open(64 << 20);
    struct reply reply = *said;
    struct readable whole = stream_whole(said->body, arena);
    reply.body = whole.bytes;
    struct verdict verdict = classify(&reply, 0);
    if (verdict.outcome_class == CLASS(OK)) {
        static const uint32_t ids[POSTS] = {1, 2, 3}; /* as was asked then */
        struct answer answer;
        answer_read(whole,
                    &(struct asked){.posts = POSTS,
                                    .ids = ids,
                                    .least_prompt_tokens = review->least_prompt_tokens,
                                    .tasks = TASKS_ALL},
                    arena, &answer);
        verdict.outcome_class = answer.outcome_class;
    }
    if (verdict.outcome_class != review->outcome_class || verdict.retry_after_ms != review->wait_ms)
        fail_msg("%s: class %d and wait %u, not %d and %u", review->name, verdict.outcome_class,
                 verdict.retry_after_ms, review->outcome_class, review->wait_ms);
}

static void expect_observed(const char *line)
{
    SCOPED(json_free) json_t *observed = NULL;
    struct error why;
    assert_true(json_parse(line, strlen(line), &observed, &why));
    const json_t *body = json_object_get(observed, "body");
    char *dumped = json_is_string(body) ? NULL : json_dumps(body, 0);
    const char *bytes = dumped != NULL ? dumped : json_string_value(body);
    const json_t *after = json_object_get(json_object_get(observed, "headers"), "retry-after");
    const struct reply reply = {.kind = REPLY_ANSWERED,
                                .status =
                                    (int)json_integer_value(json_object_get(observed, "status")),
                                .retry_after = json_string_value(after),
                                .body = {(const uint8_t *)bytes, strlen(bytes)}};
    expect(&reply, REVIEW_OF(ERRORS, json_string_value(json_object_get(observed, "id"))));
    free(dumped);
}

static void errors_that_were_observed_are_classified_as_reviewed(void **state)
{
    (void)state;
    FILE *file = fopen(OBSERVED, "r");
    if (file == NULL) {
        print_message("skipped: %s is not here\n", OBSERVED);
        skip();
    }
    char *line = NULL;
    size_t capacity = 0, lines = 0;
    for (; getline(&line, &capacity, file) > 0; lines++)
        expect_observed(line);
    free(line);
    fclose(file);
    assert_true(lines > 0);
}

/* Status line, headers, an empty line, the body as it is. */
static void expect_recorded(const char *name)
{
    SCOPED(text_free) struct text path = {0};
    text_format(&path, RECORDED "/%s", name);
    FILE *file = fopen(path.chars, "r");
    assert_non_null(file);
    char *bytes = calloc(1, FILE_MAX_BYTES + 1);
    assert_non_null(bytes);
    size_t length = fread(bytes, 1, FILE_MAX_BYTES, file);
    fclose(file);
    const char *end = strstr(bytes, "\r\n\r\n");
    assert_non_null(end);
    int status;
    assert_int_equal(sscanf(bytes, "HTTP/1.1 %d", &status), 1);
    const struct reply reply = {
        .kind = REPLY_ANSWERED,
        .status = status,
        .body = {(const uint8_t *)end + 4, length - (size_t)(end + 4 - bytes)}};
    expect(&reply, REVIEW_OF(RECORDINGS, name));
    free(bytes);
}

static void answers_that_were_recorded_are_read_as_reviewed(void **state)
{
    (void)state;
    DIR *folder = opendir(RECORDED);
    if (folder == NULL) {
        print_message("skipped: %s is not here\n", RECORDED);
        skip();
    }
    CHECK(folder != NULL); /* skip() does not return */
    size_t files = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot == NULL || strcasecmp(dot, ".http") != 0)
            continue;
        expect_recorded(entry->d_name);
        files++;
    }
    closedir(folder);
    assert_true(files > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_that_were_observed_are_classified_as_reviewed),
        cmocka_unit_test(answers_that_were_recorded_are_read_as_reviewed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
