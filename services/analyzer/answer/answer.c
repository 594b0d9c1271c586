#include "answer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "extract.h"
#include "mend.h"
#include "schema/schema.h"
#include "usage.h"
#include "json/json.h"

enum { SUMMARY_MAX_BYTES = 400 };

static const double ROUNDING = 0.001; /* scores that far out are taken as 1 */

static struct piece kept(const char *words, size_t length, struct arena *arena)
{
    return (struct piece){arena_bytes(arena, words, length), length};
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool number_within(const json_t *value, double from, double to, double *number,
                          bool *is_repaired)
{
    if (!json_is_number(value))
        return false;
    double said = json_number_value(value);
    if (!isfinite(said) || said < from - ROUNDING || said > to + ROUNDING)
        return false;
    *number = fmin(fmax(said, from), to);
    *is_repaired |= said < from || said > to;
    return true;
}

static bool read_label(const json_t *value, enum sentiment_label *label, bool *is_repaired)
{
    if (!json_is_string(value))
        return false;
    const char *said = json_string_value(value);
    for (int i = SENTIMENT_NEGATIVE; i <= SENTIMENT_POSITIVE; i++) {
        *label = (enum sentiment_label)i;
        if (strcasecmp(said, sentiment_label_name(*label)) == 0) {
            *is_repaired |= strcmp(said, sentiment_label_name(*label)) != 0;
            return true;
        }
    }
    return false;
}

/* Absent is empty; anything but a list of strings is invalid. Empty and overlong words are left
 * out. */
static bool read_words(const json_t *list, struct arena *arena, struct pieces *words)
{
    if (list == NULL || json_is_null(list))
        return true;
    if (!json_is_array(list))
        return false;
    words->items = arena_array(arena, struct piece, least(json_array_size(list), ANSWER_MAX_WORDS));
    size_t i;
    const json_t *word;
    json_array_foreach (list, i, word) {
        if (!json_is_string(word))
            return false;
        size_t length = json_string_length(word);
        if (length > 0 && length <= ANSWER_MAX_WORD_BYTES && words->count < ANSWER_MAX_WORDS)
            words->items[words->count++] = kept(json_string_value(word), length, arena);
    }
    return true;
}

static bool read_names(const json_t *list, struct arena *arena, struct entities *names)
{
    if (list == NULL || json_is_null(list))
        return true;
    if (!json_is_array(list))
        return false;
    names->items =
        arena_array(arena, struct entity, least(json_array_size(list), ANSWER_MAX_NAMES));
    size_t i;
    const json_t *name;
    json_array_foreach (list, i, name) {
        const json_t *text = json_object_get(name, "text"), *type = json_object_get(name, "type");
        if (!json_is_string(text) || !json_is_string(type))
            return false;
        size_t length = json_string_length(text);
        if (length == 0 || length > ANSWER_MAX_WORD_BYTES || names->count == ANSWER_MAX_NAMES)
            continue;
        struct entity *entity = &names->items[names->count++];
        entity->text = kept(json_string_value(text), length, arena);
        if (!name_type_parse(json_string_value(type), &entity->type))
            entity->type = NAME_OTHER;
    }
    return true;
}

/* Two or three small letters, whatever follows after a hyphen; else "und". */
static const char *read_language(const json_t *value, struct arena *arena)
{
    const char *words = json_is_string(value) ? json_string_value(value) : "";
    size_t length = strspn(words, "abcdefghijklmnopqrstuvwxyz");
    bool is_code = (length == 2 || length == 3) && (words[length] == '\0' || words[length] == '-');
    return is_code ? arena_bytes(arena, words, length) : "und";
}

static bool read_sentiment(const json_t *item, struct post_answer *post)
{
    struct post_analysis *analysis = &post->analysis;
    const json_t *confidence = json_object_get(item, "confidence");
    analysis->confidence = 0.5;
    return read_label(json_object_get(item, "sentiment"), &analysis->label, &post->is_repaired) &&
           number_within(json_object_get(item, "score"), -1, 1, &analysis->score,
                         &post->is_repaired) &&
           (confidence == NULL ||
            number_within(confidence, 0, 1, &analysis->confidence, &post->is_repaired));
}

static bool read_custom(const json_t *answer, const json_t *schema, struct arena *arena,
                        struct piece *custom)
{
    SCOPED(json_free) json_t *value = NULL;
    struct error why; /* which post failed is told, not what stood in it */
    if (!schema_take(schema, answer, &value, &why))
        return false;
    SCOPED(text_free) struct text written = {0};
    schema_write(value, &written);
    if (written.length > ANSWER_MAX_CUSTOM_BYTES)
        return false;
    *custom = kept(written.chars, written.length, arena);
    return true;
}

struct reading {
    struct answer *answer;
    const struct asked *asked;
    struct arena *arena;
};

/* Rule 2. */
static bool read_analysis(const struct reading *reading, const json_t *item,
                          struct post_answer *post)
{
    struct task_set tasks = reading->asked->tasks;
    const json_t *schema = reading->asked->schema;
    struct arena *arena = reading->arena;
    struct post_analysis *analysis = &post->analysis;
    *post = (struct post_answer){0};
    if (task_set_has(tasks, TASK_LANGUAGE))
        analysis->language = read_language(json_object_get(item, "language"), arena);
    return (!task_set_has(tasks, TASK_SENTIMENT) || read_sentiment(item, post)) &&
           (!task_set_has(tasks, TASK_ENTITIES) ||
            read_names(json_object_get(item, "entities"), arena, &analysis->names)) &&
           (!task_set_has(tasks, TASK_KEYWORDS) ||
            read_words(json_object_get(item, "keywords"), arena, &analysis->keywords)) &&
           (!task_set_has(tasks, TASK_TOPICS) ||
            read_words(json_object_get(item, "topics"), arena, &analysis->topics)) &&
           (schema == NULL ||
            read_custom(json_object_get(item, "custom"), schema, arena, &analysis->custom));
}

/* The post with that id, if it was asked for and has no answer yet (rule 3). */
static struct post_answer *open_post(const struct reading *reading, int64_t id)
{
    if (id < 1 || id > (int64_t)reading->asked->posts)
        return NULL;
    struct post_answer *post = &reading->answer->posts[id - 1];
    return post->state == POST_ANSWERED ? NULL : post;
}

static bool has_words(const json_t *value)
{
    return json_is_string(value) && json_string_length(value) > 0;
}

/* The model will not have it, and says so of this post. */
static bool is_refused(const json_t *item)
{
    const json_t *refusal = json_object_get(item, "refusal");
    return has_words(refusal) || json_is_true(refusal) ||
           json_is_true(json_object_get(item, "refused")) ||
           has_words(json_object_get(item, "error"));
}

static void read_item(void *context, const json_t *item)
{
    const struct reading *reading = context;
    const json_t *id = json_object_get(item, "id");
    struct post_answer *post =
        json_is_integer(id) ? open_post(reading, json_integer_value(id)) : NULL;
    if (post == NULL)
        return;
    post->bytes = usage_bytes(item);
    if (read_analysis(reading, item, post))
        post->state = POST_ANSWERED;
    else
        post->state = is_refused(item) ? POST_REFUSED : POST_INVALID;
}

static void read_broken(void *context, int64_t id)
{
    struct post_answer *post = open_post(context, id);
    if (post != NULL)
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

static bool read_count(const json_t *value, uint32_t *count)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > UINT32_MAX)
        return false;
    *count = (uint32_t)json_integer_value(value);
    return true;
}

static void read_usage(const json_t *document, struct answer *answer)
{
    const json_t *usage = json_object_get(document, "usage");
    uint32_t in, out;
    if (!read_count(json_object_get(usage, "prompt_tokens"), &in) ||
        !read_count(json_object_get(usage, "completion_tokens"), &out))
        return;
    answer->is_usage_known = true;
    answer->prompt_tokens = in;
    answer->completion_tokens = out;
}

/* Rule 6. None counted is nothing said; those from the server's cache may be counted apart. */
static bool is_shortened(const json_t *document, const struct asked *asked,
                         const struct answer *answer)
{
    const json_t *usage = json_object_get(document, "usage");
    const json_t *details = json_object_get(usage, "prompt_tokens_details");
    uint32_t cached = 0;
    (void)read_count(json_object_get(details, "cached_tokens"), &cached);
    uint64_t seen = (uint64_t)answer->prompt_tokens + cached;
    return answer->is_usage_known && answer->prompt_tokens > 0 && seen < asked->least_prompt_tokens;
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

/* Rule 8. */
static void answer_all(struct answer *answer, size_t count)
{
    for (size_t i = 0; i < count; i++)
        answer->posts[i].state = POST_ANSWERED;
}

/* Parsed as it came, and if that fails once more as it can be mended. */
static bool parse(struct bytes body, struct arena *arena, json_t **document, bool *is_mended)
{
    struct error why;
    *is_mended = !json_parse((const char *)body.at, body.length, document, &why);
    if (!*is_mended)
        return true;
    struct bytes mended = mend(body, arena);
    return json_parse((const char *)mended.at, mended.length, document, &why);
}

void answer_read(struct bytes body, const struct asked *asked, struct arena *arena,
                 struct answer *answer)
{
    *answer = (struct answer){.posts = arena_array(arena, struct post_answer, asked->posts),
                              .summary = ""};
    SCOPED(json_free) json_t *document = NULL;
    bool is_mended;
    if (!parse(body, arena, &document, &is_mended)) {
        conclude(answer, TP__OUTCOME_CLASS__INVALID_ANSWER, "the body is no JSON");
        return;
    }
    read_usage(document, answer);
    if (is_shortened(document, asked, answer)) {
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
    if (asked->schema == NULL && !task_set_is_of_posts(asked->tasks) && answer->summary[0] != '\0')
        answer_all(answer, asked->posts);
    classify_answer(document, asked->posts, breaks_off, answer);
}
