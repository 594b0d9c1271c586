#include "answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "custom.h"
#include "hostile.h"
#include "json/json.h"

enum { BYTES_PER_TOKEN = 4 };

uint64_t answer_hash(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
        hash = (hash ^ *c) * UINT64_C(0x100000001b3);
    return hash;
}

/* ---- the question ---- */

static bool read_posts(const json_t *posts, struct question *question, struct error *why)
{
    size_t count = json_array_size(posts);
    if (count > QUESTION_MAX_POSTS)
        return error_set(why, ERROR_INVALID, "more than %d posts", QUESTION_MAX_POSTS);
    for (size_t i = 0; i < count; i++) {
        const json_t *post = json_array_get(posts, i);
        const json_t *id = json_object_get(post, "id");
        const json_t *text = json_object_get(post, "text");
        if (!json_is_integer(id) || !json_is_string(text))
            return error_set(why, ERROR_INVALID, "post %zu has no whole id or no text", i + 1);
        question->ids[i] = json_integer_value(id);
        question->texts[i] = json_string_value(text);
    }
    question->post_count = count;
    return true;
}

static const json_t *last_user_content(const json_t *messages, size_t *prompt_bytes)
{
    const json_t *last = NULL;
    for (size_t i = 0; i < json_array_size(messages); i++) {
        const json_t *message = json_array_get(messages, i);
        const json_t *content = json_object_get(message, "content");
        const char *role = json_string_value(json_object_get(message, "role"));
        if (json_is_string(content)) {
            *prompt_bytes += json_string_length(content);
            last = role != NULL && strcmp(role, "user") == 0 ? content : last;
        }
    }
    return last;
}

static bool read_document(const json_t *document, struct question *question, struct error *why)
{
    if (json_is_true(json_object_get(document, "stream")))
        return error_set(why, ERROR_INVALID, "streaming is not spoken here");
    int64_t choices;
    if (!json_text(document, "model", NULL, 200, &question->model, why) ||
        !json_int(document, "n", 1, 1, 1, &choices, why)) {
        return false;
    }
    if (question->model == NULL)
        return error_set(why, ERROR_INVALID, "you must provide a model parameter");
    const json_t *format = json_object_get(document, "response_format");
    question->schema = json_object_get(json_object_get(format, "json_schema"), "schema");
    const json_t *content =
        last_user_content(json_object_get(document, "messages"), &question->prompt_bytes);
    if (content == NULL)
        return error_set(why, ERROR_INVALID, "no message of role user with text content");
    json_t *posts_document;
    struct error not_json; /* an ordinary chat message is welcome too */
    if (!json_parse(json_string_value(content), json_string_length(content), &posts_document,
                    &not_json)) {
        return true;
    }
    question->posts_document = posts_document;
    return read_posts(json_object_get(posts_document, "posts"), question, why);
}

bool question_read(const char *bytes, size_t length, struct question *question, struct error *why)
{
    json_t *document;
    question->document = NULL;
    question->posts_document = NULL;
    question->schema = NULL;
    question->post_count = 0;
    question->prompt_bytes = 0;
    if (!json_parse(bytes, length, &document, why))
        return false;
    question->document = document;
    if (!read_document(document, question, why)) {
        question_drop(question);
        return false;
    }
    return true;
}

void question_drop(struct question *question)
{
    json_decref(question->document);
    json_decref(question->posts_document);
    question->document = NULL;
    question->posts_document = NULL;
}

/* ---- the answer ---- */

/* Of the answer's member `name`; NULL = it is not asked for, or everything is. */
static const json_t *schema_of(const struct question *question, const char *name)
{
    return json_object_get(json_object_get(question->schema, "properties"), name);
}

static const json_t *result_properties(const struct question *question)
{
    return json_object_get(json_object_get(schema_of(question, "results"), "items"), "properties");
}

bool answer_begin(const struct question *question, struct text *out)
{
    bool has_results = question->schema == NULL || schema_of(question, "results") != NULL;
    text_add(out, has_results ? "{\"results\":[" : "{");
    return has_results;
}

void answer_end(const struct question *question, const char *summary, struct text *out)
{
    bool has_results = question->schema == NULL || schema_of(question, "results") != NULL;
    bool has_summary = question->schema == NULL || schema_of(question, "summary") != NULL;
    text_add(out, has_results ? "]" : "");
    text_add(out, has_results && has_summary ? "," : "");
    if (has_summary)
        text_format(out, "\"summary\":\"%s\"", summary);
    text_add_char(out, '}');
}

static void add_part(const struct question *question, const char *name, const char *value,
                     struct text *out)
{
    if (question->schema == NULL || json_object_get(result_properties(question), name) != NULL)
        text_format(out, ",\"%s\":%s", name, value);
}

void answer_write_result(const struct question *question, const struct result *result,
                         enum invalid_part invalid, struct text *out)
{
    static const char *const LABELS[] = {"\"negative\"", "\"neutral\"", "\"positive\""};
    uint64_t label = result->is_tired ? 1 : result->hash % 3;
    /* negative -0.4..-0.99, neutral -0.05..0.05, positive 0.4..0.99 */
    double spread = (double)(result->hash / 3 % 60) / 100.0;
    double score = label == 1 ? spread / 6.0 - 0.05 : (label == 0 ? -1 : 1) * (0.4 + spread);
    double confidence = 0.5 + (double)(result->hash / 180 % 50) / 100.0;
    char score_text[32], confidence_text[32], topics[32];
    snprintf(score_text, sizeof score_text, "%.2f", score);
    snprintf(confidence_text, sizeof confidence_text, "%.2f", confidence);
    snprintf(topics, sizeof topics, "[\"echo-%016" PRIx64 "\"]", result->hash);
    const char *name = LABELS[label], *score_shown = score_text;
    const char *confidence_shown = confidence_text;
    switch (invalid) {
    case INVALID_NONE:
        break;
    case INVALID_LABEL:
        name = "\"furious\"";
        break;
    case INVALID_SCORE:
        score_shown = "7.5";
        break;
    case INVALID_CONFIDENCE:
        confidence_shown = "\"very\"";
        break;
    case INVALID_HUGE:
        score_shown = "50.9e62554";
        break;
    }
    text_format(out, "{\"id\":%" PRId64, result->id);
    if (result->ordered != NULL) {
        text_format(out, ",%s", result->ordered);
        return;
    }
    add_part(question, "sentiment", name, out);
    add_part(question, "score", score_shown, out);
    add_part(question, "confidence", confidence_shown, out);
    add_part(question, "entities", "[]", out);
    add_part(question, "keywords", "[]", out);
    add_part(question, "topics", topics, out);
    add_part(question, "language", "\"en\"", out);
    const json_t *custom = json_object_get(result_properties(question), "custom");
    if (custom != NULL) {
        text_add(out, ",\"custom\":");
        custom_write(custom, result->hash, out);
    }
    text_add_char(out, '}');
}

/* What a post wants to stand in its result, or NULL. */
static const char *order_of(const char *text, const char *obeyed)
{
    const char *order = obeyed != NULL ? strstr(text, obeyed) : NULL;
    return order != NULL ? order + strlen(obeyed) : NULL;
}

static size_t collect_results(const struct question *question, const struct action *action,
                              struct result *results)
{
    size_t count = 0;
    for (size_t i = 0; i < question->post_count; i++) {
        bool is_dropped =
            i + (size_t)action->drop >= question->post_count ||
            (action->drop_text != NULL && strstr(question->texts[i], action->drop_text) != NULL);
        if (!is_dropped) {
            bool is_tired = action->tires_after > 0 && i >= (size_t)action->tires_after;
            results[count++] =
                (struct result){question->ids[i], answer_hash(question->texts[i]), is_tired,
                                order_of(question->texts[i], action->obeys)};
        }
    }
    if (action->reorder) {
        for (size_t i = 0; i < count / 2; i++) {
            struct result swapped = results[i];
            results[i] = results[count - 1 - i];
            results[count - 1 - i] = swapped;
        }
    }
    return count;
}

static void write_analysis(const struct question *question, const struct action *action,
                           struct text *out)
{
    struct result results[QUESTION_MAX_POSTS];
    size_t count = collect_results(question, action, results);
    const char *comma = "";
    for (size_t i = 0; i < question->post_count && action->quotes != NULL; i++)
        if (strstr(question->texts[i], action->quotes) != NULL)
            text_format(out, "Post %zu reads: %s.\n", i + 1, question->texts[i]);
    text_add(out, action->prose ? "Sure! Here is the analysis you asked for:\n```json\n" : "");
    bool has_results = answer_begin(question, out);
    for (size_t i = 0; i < count && has_results; i++) {
        text_add(out, comma);
        answer_write_result(question, &results[i], i % 2 == 0 ? action->invalid : INVALID_NONE,
                            out);
        comma = ",";
    }
    for (int64_t i = 0; i < action->duplicate && (size_t)i < count && has_results; i++) {
        text_add(out, comma);
        answer_write_result(question, &results[i], INVALID_NONE, out);
    }
    for (int64_t i = 0; i < action->invent && has_results; i++) {
        struct result invented = {1000000 + i, answer_hash("invented"), false, NULL};
        text_add(out, comma);
        answer_write_result(question, &invented, INVALID_NONE, out);
        comma = ",";
    }
    char summary[64];
    snprintf(summary, sizeof summary, "%zu posts, as told by the fake model.",
             question->post_count);
    answer_end(question, summary, out);
    text_add(out, action->prose ? "\n```\nLet me know if you need anything else!" : "");
}

/* The first letter of the first echo becomes half of a two-byte character. */
static void spoil_utf8(struct text *out)
{
    char *echo = strstr(out->chars, "echo-");
    if (echo != NULL)
        *echo = (char)0xc3;
}

int64_t answer_write(const struct question *question, const struct action *action, int64_t serial,
                     struct text *out)
{
    SCOPED(text_free) struct text content = {0};
    if (question->posts_document == NULL)
        text_add(&content, "I am a fake model and have nothing to say.");
    else if (action->hostility.is_set)
        hostile_write(question, &action->hostility, &content);
    else
        write_analysis(question, action, &content);
    size_t kept = content.length;
    if (action->truncate >= 0 && (size_t)action->truncate < kept)
        kept = (size_t)action->truncate;
    text_format(out, "{\"id\":\"chatcmpl-%" PRId64 "\",\"object\":\"chat.completion\",", serial);
    text_add(out, "\"created\":1767225600,\"model\":");
    text_add_json(out, question->model, strlen(question->model));
    text_add(out, ",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":");
    if (action->null_content)
        text_add(out, "null,\"refusal\":\"I cannot help with that.\"");
    else
        text_add_json(out, content.chars, kept);
    text_add(out, "},\"logprobs\":null,\"finish_reason\":");
    text_add_json(out, action->finish_reason, strlen(action->finish_reason));
    text_add(out, "}]");
    size_t prompt = question->prompt_bytes / BYTES_PER_TOKEN + 1;
    size_t completion = kept / BYTES_PER_TOKEN + 1;
    if (action->usage != NULL)
        text_format(out, ",\"usage\":%s", action->usage);
    else if (!action->omit_usage)
        text_format(out,
                    ",\"usage\":{\"prompt_tokens\":%zu,\"completion_tokens\":%zu,"
                    "\"total_tokens\":%zu}",
                    prompt, completion, prompt + completion);
    text_add_char(out, '}');
    if (action->bad_utf8)
        spoil_utf8(out);
    return (int64_t)(prompt + completion);
}

/* Bytes of the #n# that begins there; 0 = none does. */
static size_t read_place(const char *at, size_t posts, size_t *nth)
{
    char *end;
    *nth = strtoul(at + 1, &end, 10);
    bool is_place = at[1] >= '1' && at[1] <= '9' && *end == '#' && *nth <= posts;
    return is_place ? (size_t)(end + 1 - at) : 0;
}

void answer_fill_ids(const struct question *question, const char *body, struct text *out)
{
    for (const char *place; (place = strchr(body, '#')) != NULL;) {
        size_t nth, length = read_place(place, question->post_count, &nth);
        text_add_bytes(out, body, (size_t)(place - body));
        if (length > 0)
            text_format(out, "%" PRId64, question->ids[nth - 1]);
        else
            text_add_char(out, '#');
        body = place + (length > 0 ? length : 1);
    }
    text_add(out, body);
}
