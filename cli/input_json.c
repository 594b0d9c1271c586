#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "input_build.h"
#include "json/json.h"

/* The members that may bear the text, the fullest first. */
static const json_t *text_of(const json_t *post)
{
    static const char *const NAMES[] = {"full_text", "text",    "tweet", "content",
                                        "body",      "message", "post",  NULL};
    const json_t *fuller[] = {
        json_object_get(json_object_get(post, "note_tweet"), "text"),
        json_object_get(json_object_get(post, "extended_tweet"), "full_text"),
    };
    for (size_t i = 0; i < sizeof fuller / sizeof fuller[0]; i++) {
        if (json_is_string(fuller[i]))
            return fuller[i];
    }
    for (const char *const *name = NAMES; *name; name++) {
        const json_t *text = json_object_get(post, *name);
        if (json_is_string(text))
            return text;
    }
    return NULL;
}

/* A retweet of API 1.1 has its text cut, and the whole one in what it retweets: into `whole`, with
 * what stands before it. */
static const json_t *whole_retweet(const json_t *post, const json_t *text, json_t **whole)
{
    static const char CUT[] = "\xE2\x80\xA6"; /* dots */
    const char *chars = json_string_value(text);
    size_t length = json_string_length(text), dots = sizeof CUT - 1;
    const json_t *retweeted = text_of(json_object_get(post, "retweeted_status"));
    const char *colon = strstr(chars, ": ");
    if (retweeted == NULL || length < dots || strcmp(chars + length - dots, CUT) != 0 ||
        strncmp(chars, "RT @", 4) != 0 || colon == NULL)
        return text;
    SCOPED(text_free) struct text all = {0};
    text_add_bytes(&all, chars, (size_t)(colon - chars) + 2);
    text_add_bytes(&all, json_string_value(retweeted), json_string_length(retweeted));
    *whole = json_stringn(all.chars, all.length);
    return *whole;
}

enum { NUMBER_SIZE = 24 };

/* A string, or a whole number. */
static const char *written(const json_t *value, char number[NUMBER_SIZE])
{
    if (!json_is_integer(value))
        return json_string_value(value);
    snprintf(number, NUMBER_SIZE, "%lld", (long long)json_integer_value(value));
    return number;
}

static const char *id_of(const json_t *post, char number[NUMBER_SIZE])
{
    static const char *const NAMES[] = {"id_str", "id", "tweet_id", "post_id", NULL};
    for (const char *const *name = NAMES; *name; name++) {
        const char *id = written(json_object_get(post, *name), number);
        if (id)
            return id;
    }
    return NULL;
}

/* An X archive wraps each post in "tweet", a stream of the X API in "data". */
static const json_t *unwrapped(const json_t *post)
{
    const json_t *tweet = json_object_get(post, "tweet");
    const json_t *streamed = json_object_get(post, "data");
    if (json_is_object(tweet))
        return tweet;
    return json_is_object(streamed) ? streamed : post;
}

static void add_post(struct input_builder *builder, int64_t line, const json_t *post)
{
    if (json_is_string(post)) {
        builder_add(builder, &(struct input_row){.line = line,
                                                 .text = json_string_value(post),
                                                 .text_length = json_string_length(post)});
        return;
    }
    post = unwrapped(post);
    if (!json_is_object(post)) {
        builder_reject(builder, line, "neither an object nor a string");
        return;
    }
    const json_t *text = text_of(post);
    if (!text) {
        builder_reject(builder, line, "no member \"text\"");
        return;
    }
    SCOPED(json_free) json_t *whole = NULL;
    char id[NUMBER_SIZE], seconds[NUMBER_SIZE];
    text = whole_retweet(post, text, &whole);
    const struct input_row row = {.line = line,
                                  .id = id_of(post, id),
                                  .text = json_string_value(text),
                                  .text_length = json_string_length(text),
                                  .created_at =
                                      written(json_object_get(post, "created_at"), seconds)};
    builder_add(builder, &row);
}

/* The posts of a document that holds many: an array, or a page. NULL if it holds none. */
static const json_t *posts_of(const json_t *document)
{
    static const char *const NAMES[] = {"posts", "tweets", "data", "statuses", NULL};
    if (json_is_array(document))
        return document;
    for (const char *const *name = NAMES; *name; name++) {
        const json_t *posts = json_object_get(document, *name);
        if (json_is_array(posts))
            return posts;
    }
    return NULL;
}

/* What the X API answers where nothing was found: {"meta":{"result_count":0}}. */
static bool is_empty_page(const json_t *document)
{
    const json_t *count = json_object_get(json_object_get(document, "meta"), "result_count");
    return json_is_integer(count) && json_integer_value(count) == 0;
}

/* A line is a post, or a whole page of them. */
static void add_line(struct input_builder *builder, int64_t line, const json_t *document)
{
    const json_t *posts = posts_of(document);
    if (!posts && !is_empty_page(document))
        add_post(builder, line, document);
    for (size_t i = 0; i < json_array_size(posts); i++)
        add_post(builder, line, json_array_get(posts, i));
}

/* The parser counts lines within its document, which is one line here. */
static void reject_line(struct input_builder *builder, const struct error *why)
{
    static const char WITHIN[] = " line 1";
    const char *within = strstr(why->message, WITHIN);
    size_t before = within ? (size_t)(within - why->message) : strlen(why->message);
    builder_reject(builder, builder->line, "%.*s%s", (int)before, why->message,
                   within ? within + sizeof WITHIN - 1 : "");
}

void input_read_jsonl(struct input_builder *builder, const char *bytes, size_t length)
{
    for (size_t from = 0; from < length;) {
        const char *end = memchr(bytes + from, '\n', length - from);
        size_t to = end ? (size_t)(end - bytes) : length;
        builder->line++;
        if (strspn(bytes + from, " \t\r") < to - from) {
            SCOPED(json_free) json_t *post = NULL;
            struct error why;
            if (json_parse(bytes + from, to - from, &post, &why))
                add_line(builder, builder->line, post);
            else
                reject_line(builder, &why);
        }
        from = to + 1;
    }
}

bool input_read_json(struct input_builder *builder, const char *bytes, size_t length,
                     struct error *why)
{
    /* An archive's file is JavaScript: "window.YTD.tweets.part0 = [ ... ]". */
    const char *array = memchr(bytes, '[', length);
    size_t blank = strspn(bytes, " \t\r\n");
    if (array && blank < length && bytes[blank] != '{' && bytes[blank] != '[') {
        length -= (size_t)(array - bytes);
        bytes = array;
    }
    SCOPED(json_free) json_t *document = NULL;
    if (!json_parse(bytes, length, &document, why))
        return false;
    const json_t *posts = posts_of(document);
    if (!posts && text_of(unwrapped(document)) == NULL && !is_empty_page(document)) {
        return error_set(why, ERROR_INVALID,
                         "neither an array of posts, nor a post, nor an object with \"posts\", "
                         "\"data\" or \"statuses\"");
    }
    if (!posts && !is_empty_page(document))
        add_post(builder, 1, document);
    for (size_t i = 0; i < json_array_size(posts); i++)
        add_post(builder, (int64_t)i + 1, json_array_get(posts, i));
    return true;
}
