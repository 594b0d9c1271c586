/* Random answers, thousands of them: what is valid and whole is kept, for its own post and no other
 * (rules 1 to 4). Each item carries an echo of the post it was made for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "answer.h"

enum { HISTORIES = 4000, POSTS_MAX = 40 };

enum fate { FATE_LEFT_OUT, FATE_BAD, FATE_GOOD, FATE_DISPUTED };

struct history {
    uint64_t random;
    size_t posts;
    struct text content;
    enum fate fates[POSTS_MAX];
    size_t ends[POSTS_MAX];     /* of the first good item, in the content */
    size_t disputes[POSTS_MAX]; /* behind the one that differs from it */
};

/* splitmix64 */
static uint64_t draw(struct history *history, uint64_t below)
{
    uint64_t z = history->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

static bool has_luck(struct history *history)
{
    return draw(history, 10) < 3;
}

static const char *pick(struct history *history, const char *const *choices, size_t count)
{
    return choices[draw(history, count)];
}
#define PICK(history, choices) pick(history, choices, sizeof(choices) / sizeof(choices)[0])

static void write_item(struct history *history, size_t id, bool is_good)
{
    static const char *const LABELS[] = {"positive", "neutral", "negative"};
    static const char *const BAD[] = {"\"happy\",\"score\":0",
                                      "\"neutral\",\"score\":7.5",
                                      "\"neutral\",\"score\":50.9e62554",
                                      "\"neutral\",\"score\":0,\"score\":1",
                                      "\"neutral\",\"score\":\"0\"",
                                      "\"neutral\",\"score\":true",
                                      "\"neutral\",\"score\":0,\"y\":[\"\xFF\"]",
                                      "\"neutral\",\"score\":0,\"x\":\"\\ud800\"",
                                      "\"neutral\",,\"score\":0"};
    static const char *const WORDS[] = {
        "tea",     "}]}",  "[{",       "{",
        "\\\"",    "\\\\", "</think>", "{\\\"id\\\":1,\\\"sentiment\\\":\\\"neutral\\\"}",
        "\xC3\xA4"};
    text_format(&history->content, "{\"id\":%zu,\"sentiment\":", id);
    if (is_good)
        text_format(&history->content, "\"%s\",\"score\":0.%d", PICK(history, LABELS),
                    (int)draw(history, 10));
    else
        text_add(&history->content, PICK(history, BAD));
    text_format(&history->content,
                ",\"confidence\":1,\"language\":\"l%c\",\"keywords\":[],\"topics\":[],"
                "\"entities\":[{\"text\":\"%s\",\"type\":\"x\"}]}",
                (char)('a' + id % 26), PICK(history, WORDS));
}

#define SCORE "\"score\":"

/* Of the post whose good item begins there: a bad one, the same, or one that differs. */
static void write_again(struct history *history, size_t id, size_t from)
{
    size_t length = history->content.length - 1 - from;
    SCOPED(text_free) struct text same = {0};
    text_add_bytes(&same, history->content.chars + from, length);
    switch (draw(history, 3)) {
    case 0:
        write_item(history, id, false);
        break;
    case 1:
        text_add_bytes(&history->content, same.chars, same.length);
        break;
    default:
        memcpy(strstr(same.chars, SCORE) + sizeof SCORE - 1, "1.0", 3); /* no other has that */
        text_add_bytes(&history->content, same.chars, same.length);
        history->fates[id - 1] = FATE_DISPUTED;
        history->disputes[id - 1] = history->content.length;
        break;
    }
    text_add(&history->content, ",");
}

static void write_post(struct history *history, size_t id)
{
    if (has_luck(history))
        return; /* left out */
    if (has_luck(history)) {
        write_item(history, id, false);
        text_add(&history->content, ",");
        history->fates[id - 1] = FATE_BAD;
    }
    if (has_luck(history))
        return;
    size_t from = history->content.length;
    write_item(history, id, true);
    history->fates[id - 1] = FATE_GOOD;
    history->ends[id - 1] = history->content.length;
    text_add(&history->content, ",");
    if (has_luck(history))
        write_again(history, id, from);
}

static void write_answer(struct history *history)
{
    static const char *const STARTS[] = {"{\"results\":[",
                                         "[",
                                         "```json\n{\"results\":[",
                                         "",
                                         "Sure {smile}: {\"results\":[",
                                         "{\"data\":{\"results\":[",
                                         "<think>hm, {\"id\":1,\"sentiment\":\"neutral\"</think>"};
    static const char *const ENDS[] = {"{}],\"summary\":\"s\"}", "{}]}", "]}}\n```\nBye \"now\" {",
                                       "", "]"};
    size_t order[POSTS_MAX] = {0};
    for (size_t i = 0; i < history->posts; i++) {
        size_t other = draw(history, i + 1);
        order[i] = order[other];
        order[other] = i + 1;
    }
    text_add(&history->content, PICK(history, STARTS));
    for (size_t i = 0; i < history->posts; i++) {
        write_post(history, order[i]);
        if (has_luck(history)) {
            write_item(history, 1000 + i, true);
            text_add(&history->content, ",");
        }
    }
    text_add(&history->content, PICK(history, ENDS));
}

/* As a server would send it: bytes that are no UTF-8 stay what they are. */
static void write_body(const struct history *history, size_t length, struct text *body)
{
    text_add(body, "{\"choices\":[{\"message\":{\"content\":\"");
    for (size_t i = 0; i < length; i++) {
        char c = history->content.chars[i];
        if (c == '\n')
            text_add(body, "\\n");
        else if (c == '"' || c == '\\')
            text_format(body, "\\%c", c);
        else
            text_add_char(body, c);
    }
    text_add(body, "\"}}]}");
}

static void check(const struct history *history, const struct answer *answer, size_t length)
{
    for (size_t i = 0; i < history->posts; i++) {
        const struct post_answer *post = &answer->posts[i];
        bool has_good = history->fates[i] == FATE_GOOD ||
                        (history->fates[i] == FATE_DISPUTED && history->disputes[i] > length);
        bool is_whole = has_good && history->ends[i] <= length;
        if (is_whole != (post->state == POST_ANSWERED))
            fail_msg("post %zu: state %d, %s\n%s", i + 1, post->state,
                     is_whole ? "though its answer is whole" : "out of nothing",
                     history->content.chars);
        if (history->fates[i] == FATE_LEFT_OUT)
            assert_int_equal(post->state, POST_MISSING);
        if (is_whole && post->analysis.language[1] != (char)('a' + (i + 1) % 26))
            fail_msg("post %zu has another's answer\n%s", i + 1, history->content.chars);
    }
}

static void what_is_valid_is_kept_for_its_own_post_whatever_stands_around_it(void **state)
{
    (void)state;
    size_t answered = 0;
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
        struct history history = {.random = seed};
        history.posts = 1 + draw(&history, POSTS_MAX);
        write_answer(&history);
        size_t length = history.content.length;
        if (has_luck(&history))
            length = draw(&history, length + 1);
        SCOPED(text_free) struct text body = {0};
        write_body(&history, length, &body);
        SCOPED(arena_close) struct arena *arena = arena_open(16 << 20);
        uint32_t ids[POSTS_MAX];
        for (uint32_t i = 0; i < POSTS_MAX; i++)
            ids[i] = i + 1;
        struct answer answer;
        answer_read((struct readable){.bytes = {(const uint8_t *)body.chars, body.length}},
                    &(struct asked){.posts = history.posts, .ids = ids, .tasks = TASKS_ALL}, arena,
                    &answer);
        check(&history, &answer, length);
        for (size_t i = 0; i < history.posts; i++)
            answered += answer.posts[i].state == POST_ANSWERED;
        text_free(&history.content);
    }
    assert_true(answered > HISTORIES); /* it was not all in vain */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_valid_is_kept_for_its_own_post_whatever_stands_around_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
