/* Posts and fields out of JSON: one document, or one object per line. */
#include <string.h>

#include "submit.h"
#include "json/json.h"

static struct bytes bytes_of(const json_t *string)
{
    return (struct bytes){(const uint8_t *)json_string_value(string), json_string_length(string)};
}

static bool take_id(struct submission *s, const json_t *id, struct raw_post *post)
{
    if (!id || json_is_null(id))
        return true;
    if (json_is_integer(id))
        post->id = arena_format(s->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(id));
    else if (json_is_string(id))
        post->id = json_string_value(id);
    if (post->id)
        post->id_length = json_is_string(id) ? json_string_length(id) : strlen(post->id);
    return post->id != NULL;
}

static bool take_string(const json_t *value, const char **string)
{
    *string = json_string_value(value);
    return !value || json_is_null(value) || *string;
}

/* Members that are not ours are passed over: posts come as other systems export them. */
static void take_post(struct submission *s, const json_t *object, uint32_t line)
{
    struct raw_post post = {.line = line};
    const json_t *text = json_object_get(object, "text");
    const json_t *language = json_object_get(object, "lang");
    if (!language)
        language = json_object_get(object, "language");
    if (!json_is_object(object))
        submission_refuse_post(s, line, "", "a post is an object with a text");
    else if (text && !json_is_string(text))
        submission_refuse_post(s, line, "/text", "the text must be a string");
    else if (!take_id(s, json_object_get(object, "id"), &post))
        submission_refuse_post(s, line, "/id", "an id is a string or a whole number");
    else if (!take_string(language, &post.language))
        submission_refuse_post(s, line, "/lang", "a language is a string");
    else {
        if (text)
            post.text = bytes_of(text);
        submission_add_post(s, &post);
    }
}

static void take_posts(struct submission *s, const json_t *posts)
{
    if (!json_is_array(posts)) {
        submission_refuse_field(s, 0, "/posts", "must be an array of posts");
        return;
    }
    for (size_t i = 0; i < json_array_size(posts) && submission_has_room(s); i++)
        take_post(s, json_array_get(posts, i), (uint32_t)i + 1);
}

static void take_tasks(struct submission *s, const json_t *tasks)
{
    if (json_array_size(tasks) > TASKS_MAX)
        submission_refuse_field(s, 0, "/tasks", "has more than 10 entries");
    for (size_t i = 0; i < json_array_size(tasks) && i < TASKS_MAX; i++) {
        const char *task = json_string_value(json_array_get(tasks, i));
        submission_field(s, "tasks", task && *task ? task : "?");
    }
}

static void take_member(struct submission *s, const char *name, const json_t *value)
{
    if (strcmp(name, "posts") == 0)
        take_posts(s, value);
    else if (json_is_null(value))
        return;
    else if (strcmp(name, "tasks") == 0 && json_is_array(value))
        take_tasks(s, value);
    else if (strcmp(name, "schema") == 0)
        submission_schema(s, value);
    else if (json_is_integer(value) &&
             (strcmp(name, "deadline_seconds") == 0 || strcmp(name, "queue_ttl_seconds") == 0 ||
              strcmp(name, "chunk_size") == 0))
        submission_field(
            s, name, arena_format(s->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value)));
    else
        submission_field(s, name, json_is_string(value) ? json_string_value(value) : "");
}

/* Editors put a byte order mark in front of UTF-8. */
static size_t mark_length(const char *bytes, size_t length)
{
    return length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

void submission_read_json(struct submission *s, const char *bytes, size_t length)
{
    struct error why;
    json_t *document;
    size_t mark = mark_length(bytes, length);
    if (!json_parse(bytes + mark, length - mark, &document, &why)) {
        submission_refuse_field(s, 0, "", why.message);
        return;
    }
    s->document = document;
    if (!json_is_object(document)) {
        submission_refuse_field(s, 0, "", "the body must be an object with posts");
        return;
    }
    const char *name;
    json_t *value;
    json_object_foreach (document, name, value) {
        take_member(s, name, value);
    }
    if (!json_object_get(document, "posts"))
        submission_refuse_field(s, 0, "/posts", "is missing");
}

static const char *copied(struct submission *s, const char *string)
{
    return string ? arena_string(s->arena, string) : NULL;
}

/* The line's document goes at once, so what the post lends of it is copied. */
static void keep_last_post(struct submission *s, size_t count_before)
{
    if (s->post_count == count_before)
        return;
    struct post *post = &s->posts[s->post_count - 1];
    post->id = copied(s, post->id);
    post->language = copied(s, post->language);
    post->text.at = (const uint8_t *)arena_bytes(s->arena, post->text.at, post->text.length);
}

/* What json_parse() says of a line's own line number is always 1, and misleads. */
static const char *without_line(const char *message)
{
    const char *colon = strstr(message, ": ");
    return colon ? colon + 2 : message;
}

static void take_line(struct submission *s, const char *bytes, size_t length, uint32_t line)
{
    SCOPED(json_free) json_t *object = NULL;
    struct error why;
    size_t count_before = s->post_count;
    if (json_parse(bytes, length, &object, &why))
        take_post(s, object, line);
    else
        submission_refuse_post(s, line, "", without_line(why.message));
    keep_last_post(s, count_before);
}

static bool is_blank(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!strchr(" \t\r", bytes[i]) || bytes[i] == '\0')
            return false;
    return true;
}

void submission_read_lines(struct submission *s, const char *bytes, size_t length)
{
    size_t at = mark_length(bytes, length);
    for (uint32_t line = 1; at < length; line++) {
        const char *end = memchr(bytes + at, '\n', length - at);
        size_t line_length = end ? (size_t)(end - bytes) - at : length - at;
        if (!is_blank(bytes + at, line_length)) {
            if (!submission_has_room(s))
                return;
            take_line(s, bytes + at, line_length, line);
        }
        at += line_length + 1;
    }
}
