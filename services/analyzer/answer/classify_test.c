/* Each rule of classify.h by its number, on bodies in the shapes that servers send. */
#include "classify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* 2026-11-22T04:00:00Z */
static const int64_t NOW_MS = INT64_C(1795320000000);

static struct verdict verdict_of(int status, const char *body)
{
    const struct reply reply = {
        .kind = REPLY_ANSWERED, .status = status, .body = {(const uint8_t *)body, strlen(body)}};
    return classify(&reply, NOW_MS);
}

#define CLASS(name) TP__OUTCOME_CLASS__##name

static void rule_1_without_an_answer_it_depends_on_what_was_sent(void **state)
{
    (void)state;
    const struct {
        enum reply_kind kind;
        Tp__OutcomeClass expected;
        int status;
    } cases[] = {{REPLY_NOT_SENT, CLASS(CONNECTION), 0},
                 {REPLY_TIMED_OUT, CLASS(TIMEOUT), 0},
                 {REPLY_BROKEN, CLASS(SERVER_ERROR), 200},
                 {REPLY_TOO_LONG, CLASS(INVALID_ANSWER), 500},
                 {REPLY_TOO_LONG, CLASS(TRUNCATED), 200}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct reply reply = {.kind = cases[i].kind, .status = cases[i].status};
        struct verdict verdict = classify(&reply, NOW_MS);
        assert_int_equal(verdict.outcome_class, cases[i].expected);
        assert_true(strlen(verdict.detail) > 0);
    }
}

static void rule_1_what_kept_the_answer_from_coming_is_told_in_plain_characters(void **state)
{
    (void)state;
    const struct reply reply = {.kind = REPLY_NOT_SENT,
                                .trouble = "no connection: bad name \xFF\n of a certificate"};
    struct verdict verdict = classify(&reply, NOW_MS);
    assert_string_equal(verdict.detail, "no connection: bad name ?? of a certificate");
}

static const struct {
    int status;
    const char *body;
    Tp__OutcomeClass expected;
} BODIES[] = {
    {200, "{\"choices\":[]}", CLASS(OK)},
    {200, "not json at all", CLASS(OK)},
    {200, "", CLASS(OK)},
    {200, "{\"choices\":[],\"message\":\"hello\"}", CLASS(OK)},
    {200, " \r\n<!DOCTYPE html><html>sign in</html>", CLASS(SERVER_ERROR)},
    /* rule 2 */
    {429, "{\"statusCode\":429,\"message\":\"Token quota exceeded for this month\"}",
     CLASS(QUOTA_EXHAUSTED)},
    {422, "{\"detail\":\"the prompt is too long for this model\"}", CLASS(TOO_LARGE)},
    {422, "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"field required\"}]}", CLASS(BAD_REQUEST)},
    {400,
     "{\"object\":\"error\",\"message\":\"This model's maximum context length is 4096\","
     "\"type\":\"BadRequestError\",\"param\":null,\"code\":400}",
     CLASS(TOO_LARGE)},
    {400,
     "{\"error\":{\"code\":400,\"message\":\"the request exceeds the available context size\","
     "\"type\":\"exceed_context_size_error\",\"n_ctx\":4096}}",
     CLASS(TOO_LARGE)},
    {400, "{\"error\":{\"code\":\"content_filter\",\"type\":null}}", CLASS(CONTENT_FILTER)},
    {429, "{\"error\":{\"type\":\"insufficient_quota\",\"code\":\"insufficient_quota\"}}",
     CLASS(QUOTA_EXHAUSTED)},
    {429, "{\"error\":{\"code\":\"project_spend_limit_exceeded\"}}", CLASS(QUOTA_EXHAUSTED)},
    {402, "", CLASS(QUOTA_EXHAUSTED)},
    {429,
     "{\"error\":{\"message\":\"Request too large for m on tokens per min: Limit 3, Requested "
     "9\",\"code\":\"rate_limit_exceeded\"}}",
     CLASS(TOO_LARGE)},
    {400, "{\"error\":{\"code\":\"context_length_exceeded\"}}", CLASS(TOO_LARGE)},
    {400,
     "{\"object\":\"error\",\"message\":\"the maximum context length is 10 tokens\","
     "\"type\":\"BadRequestError\",\"code\":400}",
     CLASS(TOO_LARGE)},
    {400,
     "{\"object\":\"error\",\"message\":\"The input (5000 tokens) is longer than the model's "
     "context length (4096 tokens).\",\"code\":400}",
     CLASS(TOO_LARGE)},
    {400,
     "{\"error\":{\"message\":\"The prompt (total length 9) is too long to fit into the model "
     "(context length 8)\"}}",
     CLASS(TOO_LARGE)},
    {500, "{\"error\":{\"message\":\"input is too large to process\"}}", CLASS(TOO_LARGE)},
    {413, "<html>too big</html>", CLASS(TOO_LARGE)},
    /* rule 3 */
    {401, "{\"error\":{\"message\":\"no key\"}}", CLASS(AUTH)},
    {403, "", CLASS(AUTH)},
    {429, "{\"error\":{\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}",
     CLASS(RATE_LIMITED)},
    {429, "<html><body>slow down</body></html>", CLASS(RATE_LIMITED)},
    {408, "", CLASS(TIMEOUT)},
    {409, "", CLASS(SERVER_ERROR)},
    {499, "", CLASS(SERVER_ERROR)},
    {502, "<html>bad gateway</html>", CLASS(SERVER_ERROR)},
    {503, "{\"error\":{\"code\":503,\"message\":\"Loading\",\"type\":\"unavailable_error\"}}",
     CLASS(SERVER_ERROR)},
    {400, "{\"error\":{\"message\":\"no\"}}", CLASS(BAD_REQUEST)},
    {404, "{\"error\":\"model 'x' not found\"}", CLASS(AUTH)},
    {302, "", CLASS(AUTH)},
    {405, "", CLASS(AUTH)},
    {400, "{\"error\":{\"code\":\"unsupported_parameter\",\"param\":\"max_tokens\"}}", CLASS(AUTH)},
    /* rule 4 */
    {500, "{\"error\":{\"code\":500,\"message\":\"'x' is required\"}}", CLASS(BAD_REQUEST)},
    {500, "{\"error\":{\"message\":\"parse error at line 1\"}}", CLASS(BAD_REQUEST)},
    {500, "{\"error\":{\"message\":\"out of memory\"}}", CLASS(SERVER_ERROR)},
    {500, "{\"error\":{\"message\":\"GPU memory must be freed\"}}", CLASS(SERVER_ERROR)},
    {500, "{\"error\":{\"message\":\"'n' must be a number\"}}", CLASS(BAD_REQUEST)},
    {500, "<html>this is not allowed</html>", CLASS(SERVER_ERROR)},
    /* rule 5 */
    {200, "{\"error\":{\"message\":\"overloaded\"}}", CLASS(SERVER_ERROR)},
    {200, "{\"error\":{\"type\":\"RateLimitError\",\"message\":\"slow down\"}}",
     CLASS(RATE_LIMITED)},
    {200, "{\"error\":{\"code\":\"rate_limit_exceeded\"}}", CLASS(RATE_LIMITED)},
    {200, "{\"error\":{\"message\":\"slow down\",\"code\":429}}", CLASS(RATE_LIMITED)},
    {200, "{\"error\":{\"message\":\"who are you\",\"code\":401}}", CLASS(AUTH)},
    {200, "{\"error\":{\"message\":\"no\",\"code\":400}}", CLASS(BAD_REQUEST)},
    {200, "{\"error\":{\"message\":\"no\",\"code\":200}}", CLASS(SERVER_ERROR)},
    {200, "{\"error\":null,\"choices\":[]}", CLASS(OK)},
};

static void rules_2_to_5_bodies_and_statuses_have_their_classes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof BODIES / sizeof BODIES[0]; i++) {
        Tp__OutcomeClass got = verdict_of(BODIES[i].status, BODIES[i].body).outcome_class;
        if (got != BODIES[i].expected)
            fail_msg("%d %s: class %d, not %d", BODIES[i].status, BODIES[i].body, got,
                     BODIES[i].expected);
    }
}

static void rule_6_waits_are_read_and_bounded(void **state)
{
    (void)state;
    const struct {
        const char *after_ms, *after, *message;
        uint32_t expected;
    } cases[] = {
        {"1500", "9", "", 1500},
        {NULL, "9", "", 9000},
        {NULL, "1.5", "", 1500},
        {NULL, "Sun, 22 Nov 2026 04:00:20 GMT", "", 20000},
        {NULL, "Sun, 22 Nov 2026 03:00:00 GMT", "", WAIT_LEAST_MS},
        {NULL, "Sunday, 22-Nov-26 04:00:20 GMT", "", 20000},
        {NULL, "Sun Nov 22 04:00:20 2026", "", 20000},
        {NULL, "Sun, 22 Nov 2026 04:00:20 UTC", "", 20000},
        {NULL, "Sun, 22 Nov 2026 04:00:20 CET", "", 0},
        {NULL, " 9 ", "", 9000},
        {" 1500\t", NULL, "", 1500},
        {NULL, "0x10", "", 0},
        {NULL, "", "", 0},
        {NULL, "99999999999", "", WAIT_MOST_MS},
        {NULL, "0", "", WAIT_LEAST_MS},
        {NULL, "-5", "", 0},
        {NULL, "soon", "", 0},
        {NULL, "1e999", "", 0},
        {NULL, NULL, "Please try again in 18.642s. More", 18642},
        {NULL, NULL, "please try again in 644ms", 644},
        {NULL, NULL, "try again in 1m2.5s", 62500},
        {NULL, NULL, "Please retry after 37 seconds.", 37000},
        {NULL, NULL, "try again in a moment", 0},
        {NULL, "4", "try again in 9s", 4000},
        {NULL, "86400", "", WAIT_MOST_MS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[200];
        snprintf(body, sizeof body, "{\"error\":{\"message\":\"%s\"}}", cases[i].message);
        const struct reply reply = {.kind = REPLY_ANSWERED,
                                    .status = 429,
                                    .retry_after_ms = cases[i].after_ms,
                                    .retry_after = cases[i].after,
                                    .body = {(const uint8_t *)body, strlen(body)}};
        uint32_t got = classify(&reply, NOW_MS).retry_after_ms;
        if (got != cases[i].expected)
            fail_msg("case %zu: %u, not %u", i, got, cases[i].expected);
    }
}

static void the_detail_bears_codes_and_no_words_of_the_server(void **state)
{
    (void)state;
    struct verdict verdict = verdict_of(
        400, "{\"error\":{\"message\":\"your post SECRET\",\"type\":\"invalid_request_error\","
             "\"code\":\"has SECRET words\"}}");
    assert_string_equal(verdict.detail, "HTTP 400 invalid_request_error");
}

static void rule_7_should_retry_counts_where_the_status_says_less(void **state)
{
    (void)state;
    const struct {
        int status;
        const char *should_retry;
        Tp__OutcomeClass expected;
    } cases[] = {{400, "true", CLASS(SERVER_ERROR)},  {400, "false", CLASS(BAD_REQUEST)},
                 {503, "false", CLASS(BAD_REQUEST)},  {503, "true", CLASS(SERVER_ERROR)},
                 {429, "false", CLASS(RATE_LIMITED)}, {401, "true", CLASS(AUTH)},
                 {409, "maybe", CLASS(SERVER_ERROR)}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct reply reply = {.kind = REPLY_ANSWERED,
                                    .status = cases[i].status,
                                    .should_retry = cases[i].should_retry};
        assert_int_equal(classify(&reply, NOW_MS).outcome_class, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_1_without_an_answer_it_depends_on_what_was_sent),
        cmocka_unit_test(rule_1_what_kept_the_answer_from_coming_is_told_in_plain_characters),
        cmocka_unit_test(rules_2_to_5_bodies_and_statuses_have_their_classes),
        cmocka_unit_test(rule_6_waits_are_read_and_bounded),
        cmocka_unit_test(the_detail_bears_codes_and_no_words_of_the_server),
        cmocka_unit_test(rule_7_should_retry_counts_where_the_status_says_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
