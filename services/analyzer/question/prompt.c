#include "prompt.h"

#include <stdbool.h>
#include <string.h>

#include "base/check.h"
#include "base/embedded_file.h"
#include "schema/schema.h"

extern const struct embedded_file PROMPTS[];
extern const size_t PROMPTS_COUNT;

enum {
    /* Room for an answer. Tight, since some providers count it against the rate limit. */
    SUMMARY_TOKENS = 400,
    ANSWER_TOKENS = 100, /* without a summary */
    ID_TOKENS = 10,
    CUSTOM_TOKENS = 100, /* and a quarter of the schema's bytes, as the store books it */
    LEAST_TOKENS = 100,
    /* What the request itself takes: our words with the schema, and a post's frame. */
    FRAME_TOKENS = 500,
    POST_FRAME_TOKENS = 10,
    BYTES_PER_TOKEN = 3,
    /* Of prompt_least_tokens(). */
    WORDS_PER_TOKEN = 2,
    POST_LEAST_TOKENS = 4, /* of a post's frame: {"id":12345,"text":"..."}, */
    LEAST_CLAIM = 256,
};

/* What the answer to a task takes for each post. */
static const size_t TASK_TOKENS[TASK_COUNT] = {
    [TASK_SENTIMENT] = 40, [TASK_ENTITIES] = 60, [TASK_KEYWORDS] = 50,
    [TASK_TOPICS] = 30,    [TASK_SUMMARY] = 0,   [TASK_LANGUAGE] = 10,
};

/* ---- the words ---- */

static const struct embedded_file *file_named(const char *name, const char *ending)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < PROMPTS_COUNT; i++)
        if (strncmp(PROMPTS[i].name, name, length) == 0 &&
            strcmp(PROMPTS[i].name + length, ending) == 0)
            return &PROMPTS[i];
    CHECK_UNREACHABLE();
}

static void add_file(struct text *words, const char *name)
{
    const struct embedded_file *file = file_named(name, ".txt");
    text_add_bytes(words, file->chars, file->length);
}

static bool is_of_posts(const struct brief *brief)
{
    return brief->schema != NULL || task_set_is_of_posts(brief->tasks);
}

/* Below our own words, and as data: what it says of them does not count. */
static void add_instruction(struct text *words, const struct brief *brief)
{
    add_file(words, "instruction");
    text_add_json(words, brief->instruction, strlen(brief->instruction));
    text_add_char(words, '\n');
    add_file(words, "schema");
    schema_write(brief->schema, words);
}

static void write_words(const struct brief *brief, struct text *words)
{
    add_file(words, "frame");
    if (is_of_posts(brief))
        add_file(words, "results");
    for (int i = 0; i < TASK_COUNT; i++)
        if (i != TASK_SUMMARY && task_set_has(brief->tasks, (enum task)i))
            add_file(words, task_name((enum task)i));
    if (brief->schema != NULL)
        add_file(words, "custom");
    if (task_set_has(brief->tasks, TASK_SUMMARY))
        add_file(words, task_name(TASK_SUMMARY));
    if (brief->schema != NULL)
        add_instruction(words, brief);
}

/* ---- the schema ----
 *
 * Flat, without bounds: strict servers know no more. What it cannot say is checked in answer.c. */

static void add_members(json_t *properties, const char *name)
{
    const struct embedded_file *file = file_named(name, ".json");
    SCOPED(json_free) json_t *members = NULL;
    struct error why;
    CHECK(json_parse(file->chars, file->length, &members, &why));
    json_object_update(properties, members);
}

/* All properties are required. Takes them. */
static json_t *object_with(json_t *properties)
{
    json_t *required = json_array();
    const char *name;
    json_t *property;
    json_object_foreach (properties, name, property)
        json_array_append_new(required, json_string(name));
    return json_pack("{s:s,s:b,s:o,s:o}", "type", "object", "additionalProperties", 0, "required",
                     required, "properties", properties);
}

static json_t *result_schema(const struct brief *brief)
{
    json_t *properties = json_object();
    add_members(properties, "results");
    for (int i = 0; i < TASK_COUNT; i++)
        if (i != TASK_SUMMARY && task_set_has(brief->tasks, (enum task)i))
            add_members(properties, task_name((enum task)i));
    if (brief->schema != NULL)
        json_object_set_new(properties, "custom", schema_strict(brief->schema));
    return object_with(properties);
}

static void write_schema(const struct brief *brief, struct text *out)
{
    json_t *properties = json_object();
    if (is_of_posts(brief))
        json_object_set_new(properties, "results",
                            json_pack("{s:s,s:o}", "type", "array", "items", result_schema(brief)));
    if (task_set_has(brief->tasks, TASK_SUMMARY))
        add_members(properties, task_name(TASK_SUMMARY));
    SCOPED(json_free) json_t *schema = object_with(properties);
    schema_write(schema, out);
}

/* ---- the request ---- */

static void write_posts(const Tp__Dispatch *dispatch, const uint32_t *ids, struct text *document)
{
    text_add(document, "{\"posts\":[");
    for (size_t i = 0; i < dispatch->n_posts; i++) {
        const ProtobufCBinaryData *post = &dispatch->posts[i]->text;
        text_add(document, i > 0 ? ",{\"id\":" : "{\"id\":");
        text_add_count(document, ids[i]);
        text_add(document, ",\"text\":");
        text_add_json(document, (const char *)post->data, post->len);
        text_add_char(document, '}');
    }
    text_add(document, "]}");
}

static size_t tokens_per_post(const struct brief *brief)
{
    size_t tokens = is_of_posts(brief) ? ID_TOKENS : 0;
    for (int i = 0; i < TASK_COUNT; i++)
        if (task_set_has(brief->tasks, (enum task)i))
            tokens += TASK_TOKENS[i];
    if (brief->schema != NULL)
        tokens += CUSTOM_TOKENS + brief->schema_bytes / 4;
    return tokens;
}

size_t prompt_answer_tokens(const struct brief *brief, const Tp__Dispatch *dispatch)
{
    size_t posts = dispatch->n_posts, per_post = tokens_per_post(brief);
    size_t bytes = strlen(brief->instruction) + 2 * brief->schema_bytes; /* once strict, once not */
    for (size_t i = 0; i < posts; i++)
        bytes += dispatch->posts[i]->text.len;
    bool has_summary = task_set_has(brief->tasks, TASK_SUMMARY);
    size_t asked = bytes / BYTES_PER_TOKEN + posts * POST_FRAME_TOKENS + FRAME_TOKENS;
    size_t wanted = posts * per_post + (has_summary ? SUMMARY_TOKENS : ANSWER_TOKENS);
    size_t least = posts * per_post / 2 + LEAST_TOKENS;
    size_t booked = dispatch->reserved_tokens;
    if (booked == 0 || booked >= asked + wanted)
        return wanted;
    return booked > asked + least ? booked - asked : least;
}

static bool is_letter(uint8_t byte)
{
    return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}

static size_t count_gaps(const ProtobufCBinaryData *text)
{
    size_t gaps = 0;
    for (size_t i = 1; i + 1 < text->len; i++)
        gaps +=
            text->data[i] == ' ' && is_letter(text->data[i - 1]) && is_letter(text->data[i + 1]);
    return gaps;
}

uint32_t prompt_least_tokens(const Tp__Dispatch *dispatch)
{
    size_t gaps = 0;
    for (size_t i = 0; i < dispatch->n_posts; i++)
        gaps += count_gaps(&dispatch->posts[i]->text);
    size_t tokens = gaps / WORDS_PER_TOKEN + dispatch->n_posts * POST_LEAST_TOKENS;
    return tokens >= LEAST_CLAIM ? (uint32_t)tokens : 0;
}

void prompt_write(const struct brief *brief, const Tp__Dispatch *dispatch, const uint32_t *ids,
                  const struct prompt_options *options, struct text *body)
{
    SCOPED(text_free) struct text document = {0}, words = {0};
    write_posts(dispatch, ids, &document);
    write_words(brief, &words);
    text_add(body, "{\"model\":");
    text_add_json(body, options->model, strlen(options->model));
    text_add(body, ",\"stream\":false,");
    text_add_json(body, options->max_tokens_field, strlen(options->max_tokens_field));
    text_format(body,
                ":%zu,\"response_format\":{\"type\":\"json_schema\",\"json_schema\":"
                "{\"name\":\"post_analysis\",\"strict\":true,\"schema\":",
                prompt_answer_tokens(brief, dispatch));
    write_schema(brief, body);
    text_add(body, "}},\"messages\":[{\"role\":\"system\",\"content\":");
    text_add_json(body, words.chars, words.length);
    text_add(body, "},{\"role\":\"user\",\"content\":");
    text_add_json(body, document.chars, document.length);
    text_add(body, "}]}");
}
