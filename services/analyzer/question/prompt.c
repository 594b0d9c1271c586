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

/* An object's schema as it grows: what stands between the brackets. All properties are required. */
struct object {
    struct text required, properties;
};

static void object_free(struct object *object)
{
    text_free(&object->required);
    text_free(&object->properties);
}

/* Its schema is to be written next, to what this answers. */
static struct text *add_property(struct object *object, const char *name)
{
    if (object->required.length > 0) {
        text_add_char(&object->required, ',');
        text_add_char(&object->properties, ',');
    }
    text_add_json(&object->required, name, strlen(name));
    text_add_json(&object->properties, name, strlen(name));
    text_add_char(&object->properties, ':');
    return &object->properties;
}

/* Those of a file, in its order. */
static void add_members(struct object *object, const char *name)
{
    const struct embedded_file *file = file_named(name, ".json");
    SCOPED(json_free) json_t *members = NULL;
    struct error why;
    const char *member;
    json_t *schema;
    CHECK(json_parse(file->chars, file->length, &members, &why));
    json_object_foreach (members, member, schema)
        schema_write(schema, add_property(object, member));
}

static void write_object(const struct object *object, struct text *out)
{
    text_add(out, "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[");
    text_add_bytes(out, object->required.chars, object->required.length);
    text_add(out, "],\"properties\":{");
    text_add_bytes(out, object->properties.chars, object->properties.length);
    text_add(out, "}}");
}

static void add_custom(struct object *object, const json_t *schema)
{
    SCOPED(json_free) json_t *strict = schema_strict(schema);
    schema_write(strict, add_property(object, "custom"));
}

static void add_results(struct object *object, const struct brief *brief)
{
    SCOPED(object_free) struct object result = {0};
    add_members(&result, "results");
    for (int i = 0; i < TASK_COUNT; i++)
        if (i != TASK_SUMMARY && task_set_has(brief->tasks, (enum task)i))
            add_members(&result, task_name((enum task)i));
    if (brief->schema != NULL)
        add_custom(&result, brief->schema);
    struct text *list = add_property(object, "results");
    text_add(list, "{\"type\":\"array\",\"items\":");
    write_object(&result, list);
    text_add_char(list, '}');
}

static void write_schema(const struct brief *brief, struct text *out)
{
    SCOPED(object_free) struct object answer = {0};
    if (is_of_posts(brief))
        add_results(&answer, brief);
    if (task_set_has(brief->tasks, TASK_SUMMARY))
        add_members(&answer, task_name(TASK_SUMMARY));
    write_object(&answer, out);
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
