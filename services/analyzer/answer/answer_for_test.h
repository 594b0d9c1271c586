/* What tests of answers share: two posts that are asked about, the answers of an LLM, and what the
 * reader makes of them. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "answer.h"

#define GOOD_REST                                                                                  \
    "\"confidence\":0.8,\"entities\":[],\"keywords\":[],\"topics\":[],\"language\":\"en\"}"
#define ITEM(id, label, score)                                                                     \
    "{\"id\":" id ",\"sentiment\":\"" label "\",\"score\":" score "," GOOD_REST
#define ONE ITEM("1", "positive", "0.5")
#define TWO ITEM("2", "negative", "-0.5")
#define START(id) "{\"id\":" id ",\"sentiment\":\"neutral\",\"score\":0,\"confidence\":0.5,"
#define LISTS(entities, keywords, topics)                                                          \
    "\"entities\":" entities ",\"keywords\":" keywords ",\"topics\":" topics ",\"language\":"      \
    "\"en\"}"
#define ITEM_WITH(id, keywords, topics) START(id) LISTS("[]", "[" keywords "]", "[" topics "]")
#define LISTING(id, keyword) ITEM_WITH(id, "\"" keyword "\"", "")
#define WHOLE "{\"results\":[" ONE "," TWO "],\"summary\":\"two posts\"}"

static const uint32_t IDS[] = {1, 2};
static struct arena *arena;

static inline int open_arena(void **state)
{
    (void)state;
    arena = arena_open(64 << 20);
    return 0;
}

static inline int close_arena(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

static inline struct answer read_body(const char *body, size_t length)
{
    struct answer answer;
    answer_read((struct readable){.bytes = {(const uint8_t *)body, length}},
                &(struct asked){.posts = 2, .ids = IDS, .tasks = TASKS_ALL}, arena, &answer);
    return answer;
}

static inline struct answer read_content(const char *content, const char *finish_reason)
{
    SCOPED(text_free) struct text body = {0};
    text_add(&body, "{\"id\":\"c\",\"choices\":[{\"index\":0,\"message\":{\"content\":");
    text_add_json(&body, content, strlen(content));
    text_format(&body, "},\"finish_reason\":\"%s\"}],\"usage\":{\"prompt_tokens\":11,",
                finish_reason);
    text_add(&body, "\"completion_tokens\":22,\"prompt_tokens_details\":null},\"timings\":{}}");
    return read_body(body.chars, body.length);
}

static inline struct answer read_for(const struct asked *asked, const char *content)
{
    SCOPED(text_free) struct text body = {0};
    text_add(&body, "{\"choices\":[{\"message\":{\"content\":");
    text_add_json(&body, content, strlen(content));
    text_add(&body, "}}]}");
    struct answer answer;
    answer_read((struct readable){.bytes = {(const uint8_t *)body.chars, body.length}}, asked,
                arena, &answer);
    return answer;
}

static inline void expect(const char *content, Tp__OutcomeClass outcome_class,
                          enum post_answer_state first, enum post_answer_state second)
{
    struct answer answer = read_content(content, "stop");
    if (answer.outcome_class != outcome_class || answer.posts[0].state != first ||
        answer.posts[1].state != second)
        fail_msg("%s\nclass %d, posts %d %d", content, answer.outcome_class, answer.posts[0].state,
                 answer.posts[1].state);
}

#define CLASS(name) TP__OUTCOME_CLASS__##name
