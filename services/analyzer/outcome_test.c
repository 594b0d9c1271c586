#include "outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "messages/messages.h"
#include "question/prompt.h"
#include "json/json.h"

static struct arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = arena_open(128 << 20); /* as much as the analyzer has for a chunk */
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

/* A dispatch of `count` posts with the same text, of seq 0, 10, 20, ... */
static Tp__Dispatch *dispatch_of(const char *text, size_t length, size_t count)
{
    Tp__Dispatch *dispatch = arena_new(arena, sizeof *dispatch);
    tp__dispatch__init(dispatch);
    dispatch->schema_version = SCHEMA_VERSION;
    dispatch->job_id = arena_string(arena, "01a20159-1f2b-7000-8000-000000000001");
    dispatch->attempt = 3;
    dispatch->tenant_id = arena_string(arena, "t");
    dispatch->user_id = arena_string(arena, "u");
    dispatch->mode = TP__ANALYSIS_MODE__BY_LLM;
    dispatch->posts = arena_array(arena, Tp__Post *, count);
    for (size_t i = 0; i < count; i++) {
        Tp__Post *post = arena_new(arena, sizeof *post);
        tp__post__init(post);
        post->seq = (uint32_t)(10 * i);
        post->text.data = (uint8_t *)arena_bytes(arena, text, length);
        post->text.len = length;
        dispatch->posts[dispatch->n_posts++] = post;
    }
    return dispatch;
}

static const char *json_of(const Tp__PostResult *result)
{
    return arena_bytes(arena, result->data_json.data, result->data_json.len);
}

/* An outcome goes through the checks of its receivers, and comes back whole. */
static void expect_passes(const Tp__Outcome *outcome)
{
    struct bytes packed = pack_outcome(arena, outcome);
    const Tp__Outcome *unpacked;
    struct error why;
    assert_true(packed.length < MESSAGE_MAX_BYTES);
    if (!unpack_outcome(arena, packed, &unpacked, &why))
        fail_msg("%s", why.message);
    assert_int_equal(unpacked->n_results, outcome->n_results);
}

static void a_tenants_own_topics_are_told_where_it_has_any(void **state)
{
    (void)state;
    const char file[] = "{\"acme\":{\"journeys\":[\"berlin\"]}}", text[] = "Off to Berlin";
    SCOPED(topic_sets_close) struct topic_sets *sets = NULL;
    SCOPED(text_free) struct text faults = {0};
    assert_true(topic_sets_parse("S", (struct bytes){(const uint8_t *)file, sizeof file - 1}, &sets,
                                 &faults));
    Tp__Outcome *outcome = outcome_by_embedded(dispatch_of(text, sizeof text - 1, 1),
                                               topic_sets_find(sets, "acme"), "i", arena);
    assert_non_null(
        strstr((const char *)outcome->results[0]->data_json.data, "\"topics\":[\"journeys\"]"));
}

static void the_embedded_analysis_gives_every_post_a_result(void **state)
{
    (void)state;
    const char text[] = "I love Berlin 😍 #travel";
    Tp__Outcome *outcome =
        outcome_by_embedded(dispatch_of(text, sizeof text - 1, 3), NULL, "i", arena);
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__OK);
    assert_int_equal(outcome->n_results, 3);
    assert_int_equal(outcome->n_missing, 0);
    assert_int_equal(outcome->results[2]->seq, 20);
    assert_non_null(strstr(json_of(outcome->results[0]), "\"label\":\"positive\""));
    assert_false(outcome->was_called);
    expect_passes(outcome);
}

static void an_answer_is_merged_with_what_stands_in_the_text(void **state)
{
    (void)state;
    const char text[] = "Né à Köln: Ann met Ann #köln";
    const Tp__Dispatch *dispatch = dispatch_of(text, sizeof text - 1, 2);
    struct entity names[] = {{.text = {"Ann", 3}, .type = NAME_PERSON},
                             {.text = {"Bob", 3}, .type = NAME_PERSON},
                             {.text = {"Ann", 3}, .type = NAME_PERSON},
                             {.text = {"Ann", 3}, .type = NAME_PERSON},
                             {.text = {"Köln", 5}, .type = NAME_PLACE}};
    struct post_answer posts[] = {{.state = POST_ANSWERED}, {.state = POST_INVALID}};
    posts[0].analysis.language = "de";
    posts[0].analysis.names = (struct entities){names, 5};
    const struct answer answer = {.outcome_class = TP__OUTCOME_CLASS__PARTIAL,
                                  .posts = posts,
                                  .summary = "s",
                                  .is_usage_known = true,
                                  .prompt_tokens = 5};
    Tp__Outcome *outcome =
        outcome_of_answer(dispatch, "i", "m", &answer, outcome_share(dispatch->n_posts), arena);
    assert_int_equal(outcome->n_results, 1);
    const char *json = json_of(outcome->results[0]);
    assert_non_null(strstr(json,
                           "\"names\":[{\"text\":\"Ann\",\"type\":\"person\",\"indices\":[11,14]},"
                           "{\"text\":\"Ann\",\"type\":\"person\",\"indices\":[19,22]},"
                           "{\"text\":\"Köln\",\"type\":\"place\",\"indices\":[5,9]}]"));
    assert_non_null(strstr(json, "\"hashtags\":[{\"text\":\"köln\",\"indices\":[23,28]}]"));
    assert_int_equal(outcome->n_missing, 1);
    assert_int_equal(outcome->missing[0]->seq, 10);
    assert_string_equal(outcome->missing[0]->reason, "invalid");
    assert_string_equal(outcome->results[0]->prompt_version, PROMPTS_VERSION);
    expect_passes(outcome);
}

static void the_largest_chunks_stay_under_the_limit_of_a_message(void **state)
{
    (void)state;
    const char *const patterns[] = {"#a ", "@a ", "$a ", "www.a ", "Ann. ", "#\xE2\x80\xA8 \"\\"};
    for (size_t p = 0; p < sizeof patterns / sizeof patterns[0]; p++) {
        for (size_t count = 8; count <= 100; count += 92) {
            size_t length = CHUNK_MAX_TEXT_BYTES / count, step = strlen(patterns[p]);
            arena_reset(arena);
            char *text = arena_new(arena, length);
            for (size_t i = 0; i < length; i++)
                text[i] = i < length / step * step ? patterns[p][i % step] : ' ';
            expect_passes(outcome_by_embedded(dispatch_of(text, length, count), NULL, "i", arena));
        }
    }
}

static void one_link_as_long_as_a_post_is_left_out_rather_than_too_long(void **state)
{
    (void)state;
    enum { LENGTH = POST_MAX_TEXT_BYTES };
    char *text = arena_new(arena, LENGTH);
    memset(text, 'a', LENGTH);
    memcpy(text, "https://", 8);
    Tp__Outcome *outcome = outcome_by_embedded(dispatch_of(text, LENGTH, 8), NULL, "i", arena);
    assert_int_equal(outcome->n_results, 8);
    expect_passes(outcome);
}

static void the_prompt_bears_the_texts_as_data_each_with_its_id(void **state)
{
    (void)state;
    const char text[] = "say \"hi\"\n\xE2\x80\xA8{}";
    Tp__Dispatch *dispatch = dispatch_of(text, sizeof text - 1, 2);
    const struct prompt_options options = {.model = "m\"x", .max_tokens_field = "max_tokens"};
    SCOPED(text_free) struct text body = {0};
    const struct brief brief = {.tasks = TASKS_ALL, .instruction = ""};
    const uint32_t ids[] = {48213, 10000};
    prompt_write(&brief, dispatch, ids, &options, &body);
    SCOPED(json_free) json_t *request = NULL, *content = NULL;
    struct error why;
    assert_true(json_parse(body.chars, body.length, &request, &why));
    assert_string_equal(json_string_value(json_object_get(request, "model")), "m\"x");
    assert_int_equal(json_integer_value(json_object_get(request, "max_tokens")), 800);
    const json_t *messages = json_object_get(request, "messages");
    assert_int_equal(json_array_size(messages), 2);
    const char *user = json_string_value(json_object_get(json_array_get(messages, 1), "content"));
    assert_true(json_parse(user, strlen(user), &content, &why));
    const json_t *posts = json_object_get(content, "posts");
    assert_int_equal(json_array_size(posts), 2);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(posts, 0), "id")), 48213);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(posts, 1), "id")), 10000);
    assert_string_equal(json_string_value(json_object_get(json_array_get(posts, 1), "text")), text);
}

static void so_many_tokens_a_prompt_has_at_least(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t posts;
        uint32_t tokens;
    } cases[] = {{"so good", 56, 0}, /* too few to say so */
                 {"so good", 100, 450},
                 {"so good", 57, 256},
                 {"xxxxxxxxxxxxxxxxxxxxxxxx", 100, 400},
                 {"\xE7\x8C\xAB 7 8  \xF0\x9F\x98\xBA !", 100, 400},
                 {"one two three four five six seven", 100, 700}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(
            prompt_least_tokens(dispatch_of(cases[i].text, strlen(cases[i].text), cases[i].posts)),
            cases[i].tokens);
}

static void the_limit_of_an_answer_stays_within_what_was_booked(void **state)
{
    (void)state;
    Tp__Dispatch *dispatch = dispatch_of("abc", 3, 1);
    const struct prompt_options options = {.model = "m",
                                           .max_tokens_field = "max_completion_tokens"};
    const struct {
        uint32_t booked;
        const char *expected;
    } cases[] = {{0, "\"max_completion_tokens\":600,"},
                 {100000, "\"max_completion_tokens\":600,"},
                 {800, "\"max_completion_tokens\":289,"},
                 {10, "\"max_completion_tokens\":200,"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SCOPED(text_free) struct text body = {0};
        const struct brief brief = {.tasks = TASKS_ALL, .instruction = ""};
        dispatch->reserved_tokens = cases[i].booked;
        prompt_write(&brief, dispatch, &(uint32_t){48213}, &options, &body);
        assert_non_null(strstr(body.chars, cases[i].expected));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tenants_own_topics_are_told_where_it_has_any),
        cmocka_unit_test(the_embedded_analysis_gives_every_post_a_result),
        cmocka_unit_test(an_answer_is_merged_with_what_stands_in_the_text),
        cmocka_unit_test(the_largest_chunks_stay_under_the_limit_of_a_message),
        cmocka_unit_test(one_link_as_long_as_a_post_is_left_out_rather_than_too_long),
        cmocka_unit_test(the_prompt_bears_the_texts_as_data_each_with_its_id),
        cmocka_unit_test(so_many_tokens_a_prompt_has_at_least),
        cmocka_unit_test(the_limit_of_an_answer_stays_within_what_was_booked),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
