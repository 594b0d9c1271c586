#include "summary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { POSTS = 3 };

static const char *const TEXTS[POSTS] = {"I hate the rain in Oslo", "Rain again", "I love it"};

struct chunk {
    struct arena *arena;
    Tp__Dispatch dispatch;
    Tp__Outcome outcome;
    Tp__Post posts[POSTS], *post_list[POSTS];
    Tp__PostResult results[POSTS], *result_list[POSTS];
};

static void add_result(struct chunk *chunk, uint32_t seq, const char *json)
{
    Tp__PostResult *result = &chunk->results[chunk->outcome.n_results];
    *result = (Tp__PostResult)TP__POST_RESULT__INIT;
    result->seq = seq;
    result->data_json.data = (uint8_t *)arena_string(chunk->arena, json);
    result->data_json.len = strlen(json);
    chunk->result_list[chunk->outcome.n_results++] = result;
}

static void open_chunk(struct chunk *chunk)
{
    *chunk = (struct chunk){
        .arena = arena_open(1 << 20), .dispatch = TP__DISPATCH__INIT, .outcome = TP__OUTCOME__INIT};
    for (uint32_t i = 0; i < POSTS; i++) {
        chunk->posts[i] = (Tp__Post)TP__POST__INIT;
        chunk->posts[i].seq = 10 + i;
        chunk->posts[i].text.data = (uint8_t *)arena_string(chunk->arena, TEXTS[i]);
        chunk->posts[i].text.len = strlen(TEXTS[i]);
        chunk->post_list[i] = &chunk->posts[i];
    }
    chunk->dispatch.posts = chunk->post_list;
    chunk->dispatch.n_posts = POSTS;
    chunk->outcome.results = chunk->result_list;
}

static void the_line_follows_what_the_results_say(void **state)
{
    (void)state;
    struct chunk chunk;
    open_chunk(&chunk);
    add_result(&chunk, 12,
               "{\"sentiment\":{\"label\":\"neutral\"},\"keywords\":[\"q\"],\"topics\":[]}");
    add_result(&chunk, 10, "{\"sentiment\":{\"label\":\"neutral\"},\"keywords\":[],\"topics\":[]}");
    add_result(&chunk, 11,
               "{\"sentiment\":{\"label\":\"positive\"},\"keywords\":[\"q\"],\"topics\":[]}");
    assert_string_equal(
        summary_of_results(&chunk.dispatch, &chunk.outcome, NULL, chunk.arena),
        "3 posts: 1 positive, 2 neutral, 0 negative; often: q; such as: Rain again");
    arena_close(&chunk.arena);
}

static void where_they_say_nothing_the_embedded_analysis_does(void **state)
{
    (void)state;
    struct chunk chunk;
    open_chunk(&chunk);
    add_result(&chunk, 10, "{\"language\":\"en\"}");
    add_result(&chunk, 11, "{\"sentiment\":{\"label\":\"odd\"},\"keywords\":[],\"topics\":[]}");
    const char *line = summary_of_results(&chunk.dispatch, &chunk.outcome, NULL, chunk.arena);
    assert_non_null(strstr(line, "3 posts: 1 positive"));
    assert_non_null(strstr(line, "1 negative"));
    arena_close(&chunk.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_line_follows_what_the_results_say),
        cmocka_unit_test(where_they_say_nothing_the_embedded_analysis_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
