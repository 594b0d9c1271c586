#include "answer.h"

#include <stdio.h>
#include <string.h>

#include "extract.h"
#include "item.h"
#include "loosen.h"
#include "json/json.h"

enum { SUMMARY_MAX_BYTES = 400 };

struct reading {
    struct answer *answer;
    const struct asked *asked;
    struct arena *arena;
};

/* Else rule 9. */
static bool is_of_posts(const struct asked *asked)
{
    return asked->schema != NULL || task_set_is_of_posts(asked->tasks);
}

/* The post with that id, or NULL: nothing was asked of it, or it is in dispute (rule 3). */
static struct post_answer *post_of(const struct reading *reading, int64_t id)
{
    const struct asked *asked = reading->asked;
    size_t nth = 0;
    while (nth < asked->posts && asked->ids[nth] != id)
        nth++;
    if (nth == asked->posts || !is_of_posts(asked) || reading->answer->posts[nth].is_disputed)
        return NULL;
    return &reading->answer->posts[nth];
}

static void read_item(void *context, const json_t *item)
{
    const struct reading *reading = context;
    const json_t *id = json_object_get(item, "id");
    struct post_answer *post =
        json_is_integer(id) ? post_of(reading, json_integer_value(id)) : NULL;
    if (post == NULL)
        return;
    struct post_answer read;
    item_read(reading->asked, item, reading->arena, &read);
    if (post->state != POST_ANSWERED) {
        *post = read;
    } else if (read.state == POST_ANSWERED && !item_says_same(&post->analysis, &read.analysis)) {
        post->state = POST_INVALID;
        post->is_disputed = true;
    }
}

static void read_broken(void *context, int64_t id)
{
    struct post_answer *post = post_of(context, id);
    if (post != NULL && post->state != POST_ANSWERED)
        post->state = POST_INVALID;
}

static void read_summary(void *context, const char *words, size_t length)
{
    struct reading *reading = context;
    if (!task_set_has(reading->asked->tasks, TASK_SUMMARY))
        return;
    if (length > SUMMARY_MAX_BYTES) {
        length = SUMMARY_MAX_BYTES;
        while (length > 0 && ((unsigned char)words[length] & 0xC0) == 0x80)
            length--;
    }
    char *line = arena_bytes(reading->arena, words, length);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
            line[i] = ' ';
    reading->answer->summary = line;
}

/* ---- the document around it ---- */

static bool is_said(const json_t *value)
{
    return value != NULL && !json_is_null(value);
}

/* most: 0 = any. */
static bool read_count(const json_t *value, uint64_t most, uint32_t *count)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > UINT32_MAX ||
        (most > 0 && (uint64_t)json_integer_value(value) > most))
        return false;
    *count = (uint32_t)json_integer_value(value);
    return true;
}

/* Rule 8. */
static void read_usage(const json_t *document, const struct asked *asked, struct answer *answer)
{
    const json_t *usage = json_object_get(document, "usage");
    const json_t *prompt = json_object_get(usage, "prompt_tokens"),
                 *completion = json_object_get(usage, "completion_tokens");
    uint32_t in, out;
    if (!is_said(prompt) || !is_said(completion))
        return;
    answer->is_usage_absurd = !read_count(prompt, asked->most_prompt_tokens, &in) ||
                              !read_count(completion, asked->most_completion_tokens, &out);
    if (answer->is_usage_absurd)
        return;
    answer->is_usage_known = true;
    answer->prompt_tokens = in;
    answer->completion_tokens = out;
}

/* Rule 6. None counted is nothing said. Those that the server's cache knew are counted, too. */
static bool is_shortened(const struct asked *asked, const struct answer *answer)
{
    return answer->is_usage_known && answer->prompt_tokens > 0 &&
           answer->prompt_tokens < asked->least_prompt_tokens;
}

/* An array of parts, joined. */
static struct bytes joined(const json_t *parts, struct arena *arena)
{
    SCOPED(text_free) struct text words = {0};
    size_t i;
    const json_t *part;
    json_array_foreach (parts, i, part) {
        const json_t *text = json_object_get(part, "text");
        if (json_is_string(text))
            text_add_bytes(&words, json_string_value(text), json_string_length(text));
    }
    const char *copy = arena_bytes(arena, words.chars, words.length);
    return (struct bytes){(const uint8_t *)copy, words.length};
}

/* What the model wrote, wherever it stands; lent by the document or the arena. */
static struct bytes content_of(const json_t *message, struct arena *arena)
{
    const json_t *content = json_object_get(message, "content");
    if (json_is_array(content))
        return joined(content, arena);
    if (!json_is_string(content)) {
        const json_t *call = json_array_get(json_object_get(message, "tool_calls"), 0);
        content = json_object_get(json_object_get(call, "function"), "arguments");
    }
    return (struct bytes){(const uint8_t *)json_string_value(content), json_string_length(content)};
}

static bool has_words(const json_t *value)
{
    return json_is_string(value) && json_string_length(value) > 0;
}

static bool is_word(const json_t *value, const char *word)
{
    return json_is_string(value) && strcmp(json_string_value(value), word) == 0;
}

/* {"hate":{"filtered":true,...},...}, as Azure says it. */
static bool has_filtered(const json_t *results)
{
    json_t *categories = (json_t *)(uintptr_t)results; /* jansson's iteration wants it mutable */
    const char *name;
    json_t *category;
    json_object_foreach (categories, name, category)
        if (json_is_true(json_object_get(category, "filtered")))
            return true;
    return false;
}

static bool has_refusal(const json_t *message)
{
    size_t i;
    const json_t *part;
    json_array_foreach (json_object_get(message, "content"), i, part)
        if (has_words(json_object_get(part, "refusal")))
            return true;
    return has_words(json_object_get(message, "refusal"));
}

/* Rule 7. */
static bool is_filtered(const json_t *document, const json_t *choice)
{
    const json_t *prompt = json_array_get(json_object_get(document, "prompt_filter_results"), 0);
    return is_word(json_object_get(choice, "finish_reason"), "content_filter") ||
           has_refusal(json_object_get(choice, "message")) ||
           has_filtered(json_object_get(choice, "content_filter_results")) ||
           has_filtered(json_object_get(prompt, "content_filter_results"));
}

/* ---- the class ---- */

static void conclude(struct answer *answer, Tp__OutcomeClass outcome_class, const char *detail)
{
    answer->outcome_class = outcome_class;
    snprintf(answer->detail, sizeof answer->detail, "%s", detail);
}

static void count_states(const struct answer *answer, size_t count,
                         size_t counts[POST_ANSWERED + 1])
{
    memset(counts, 0, sizeof counts[0] * (POST_ANSWERED + 1));
    for (size_t i = 0; i < count; i++)
        counts[answer->posts[i].state]++;
}

/* Rules 5 and 7: why nothing was answered. */
static void classify_nothing(const json_t *document, bool breaks_off, bool has_refused,
                             struct answer *answer)
{
    const json_t *choice = json_array_get(json_object_get(document, "choices"), 0);
    if (is_filtered(document, choice))
        conclude(answer, TP__OUTCOME_CLASS__CONTENT_FILTER, "a filter or a refusal");
    else if (has_refused)
        conclude(answer, TP__OUTCOME_CLASS__CONTENT_FILTER, "the model refuses the posts");
    else if (is_word(json_object_get(choice, "finish_reason"), "length"))
        conclude(answer, TP__OUTCOME_CLASS__TRUNCATED, "no room for the answer");
    else if (breaks_off)
        conclude(answer, TP__OUTCOME_CLASS__TRUNCATED, "the answer breaks off");
    else
        conclude(answer, TP__OUTCOME_CLASS__INVALID_ANSWER, "no answer to any post");
}

static void classify_answer(const json_t *document, size_t count, bool breaks_off,
                            struct answer *answer)
{
    size_t counts[POST_ANSWERED + 1];
    count_states(answer, count, counts);
    if (counts[POST_ANSWERED] == count) {
        answer->outcome_class = TP__OUTCOME_CLASS__OK;
    } else if (counts[POST_ANSWERED] == 0) {
        classify_nothing(document, breaks_off, counts[POST_REFUSED] > 0, answer);
    } else {
        answer->outcome_class = TP__OUTCOME_CLASS__PARTIAL;
        snprintf(answer->detail, sizeof answer->detail,
                 "of %zu posts %zu missing, %zu invalid, %zu refused%s", count,
                 counts[POST_MISSING], counts[POST_INVALID], counts[POST_REFUSED],
                 breaks_off ? "; it breaks off" : "");
    }
}

/* Rule 9. */
static void answer_all(struct answer *answer, size_t count)
{
    for (size_t i = 0; i < count; i++)
        answer->posts[i].state = POST_ANSWERED;
}

/* Parsed as it came, and if that fails once more as far as it can be put right. */
static bool parse(const struct readable *body, struct arena *arena, json_t **document,
                  bool *is_mended)
{
    struct error why;
    *is_mended = body->is_mended;
    if (json_parse((const char *)body->bytes.at, body->bytes.length, document, &why))
        return true;
    struct readable mended = mend(body->bytes, arena);
    struct bytes loosened = loosen(mended.bytes, arena);
    *is_mended |= mended.is_mended;
    return json_parse_loosely((const char *)loosened.at, loosened.length, document, &why);
}

void answer_read(struct readable body, const struct asked *asked, struct arena *arena,
                 struct answer *answer)
{
    *answer = (struct answer){.posts = arena_array(arena, struct post_answer, asked->posts),
                              .summary = ""};
    SCOPED(json_free) json_t *document = NULL;
    bool is_mended;
    if (!parse(&body, arena, &document, &is_mended)) {
        conclude(answer, TP__OUTCOME_CLASS__INVALID_ANSWER, "the body is no JSON");
        return;
    }
    read_usage(document, asked, answer);
    if (is_shortened(asked, answer)) {
        answer->outcome_class = TP__OUTCOME_CLASS__TOO_LARGE;
        snprintf(answer->detail, sizeof answer->detail,
                 "the prompt was shortened: %u tokens seen, at least %u sent",
                 answer->prompt_tokens, asked->least_prompt_tokens);
        return;
    }
    const json_t *choice = json_array_get(json_object_get(document, "choices"), 0);
    struct bytes content = content_of(json_object_get(choice, "message"), arena);
    struct reading reading = {answer, asked, arena};
    const struct extract_listener listener = {read_item, read_broken, read_summary, &reading,
                                              is_mended};
    bool breaks_off =
        content.at != NULL && extract_items((const char *)content.at, content.length, &listener);
    if (!is_of_posts(asked) && answer->summary[0] != '\0')
        answer_all(answer, asked->posts);
    classify_answer(document, asked->posts, breaks_off, answer);
}
