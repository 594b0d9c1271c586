/* Any body: no crash, and what counts as answered keeps its bounds. */
#include <stdint.h>
#include <string.h>

#include "answer.h"
#include "base/check.h"
#include "base/text.h"
#include "messages/messages.h"
#include "messages/texts.h"
#include "schema/schema.h"
#include "stream.h"

enum { POSTS = 3 };
static const uint32_t IDS[POSTS] = {1, 2, 3};
static const struct asked ASKED = {.posts = POSTS, .ids = IDS, .tasks = {(1U << TASK_COUNT) - 1}};

static const char SCHEMA[] =
    "{\"type\":\"object\",\"required\":[\"a\"],\"properties\":{\"a\":{\"type\":\"string\","
    "\"maxLength\":9},"
    "\"b\":{\"type\":\"array\",\"items\":{\"type\":\"integer\",\"minimum\":1}},"
    "\"c\":{\"type\":[\"object\",\"null\"],\"properties\":{\"d\":{\"type\":\"number\"}}}}}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_words(struct piece words)
{
    CHECK(text_is_valid((const uint8_t *)words.at, words.length));
}

static void check(const struct answer *answer)
{
    size_t answered = 0;
    for (size_t i = 0; i < POSTS; i++) {
        const struct post_answer *post = &answer->posts[i];
        if (post->state != POST_ANSWERED)
            continue;
        answered++;
        CHECK(post->analysis.score >= -1 && post->analysis.score <= 1);
        CHECK(post->analysis.confidence >= 0 && post->analysis.confidence <= 1);
        CHECK(post->analysis.names.count <= ANSWER_MAX_NAMES);
        CHECK(post->analysis.keywords.count <= ANSWER_MAX_WORDS);
        for (size_t k = 0; k < post->analysis.keywords.count; k++)
            check_words(post->analysis.keywords.items[k]);
        for (size_t k = 0; k < post->analysis.names.count; k++)
            check_words(post->analysis.names.items[k].text);
    }
    check_words((struct piece){answer->summary, strlen(answer->summary)});
    CHECK((answered == POSTS) == (answer->outcome_class == TP__OUTCOME_CLASS__OK));
}

static void read_body(struct bytes body, const struct asked *asked)
{
    SCOPED(arena_close) struct arena *arena = arena_open(64 << 20);
    struct answer answer;
    answer_read(stream_whole(body, arena), asked, arena, &answer);
    check(&answer);
    for (size_t i = 0; i < POSTS && asked->schema != NULL; i++) {
        const struct post_answer *post = &answer.posts[i];
        struct piece custom = post->analysis.custom;
        SCOPED(json_free) json_t *value = NULL, *again = NULL;
        struct error why;
        CHECK(custom.length <= ANSWER_MAX_CUSTOM_BYTES);
        if (post->state == POST_ANSWERED)
            CHECK(json_parse(custom.at, custom.length, &value, &why) &&
                  schema_take(asked->schema, value, &again, &why) && json_equal(value, again));
    }
}

/* Once as the whole body, once as what the model wrote; and that by an instruction as well. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 64 * 1024)
        return 0;
    SCOPED(json_free) json_t *schema = NULL;
    struct error why;
    CHECK(schema_parse(SCHEMA, sizeof SCHEMA - 1, &schema, &why));
    const struct asked by_instruction = {.posts = POSTS, .ids = IDS, .schema = schema};
    read_body((struct bytes){data, size}, &ASKED);
    SCOPED(text_free) struct text body = {0};
    text_add(&body, "{\"choices\":[{\"message\":{\"content\":");
    text_add_json(&body, (const char *)data, size);
    text_add(&body, "}}]}");
    const struct bytes bytes = {(const uint8_t *)body.chars, body.length};
    read_body(bytes, &ASKED);
    read_body(bytes, &by_instruction);
    return 0;
}
