#include "posts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "json/json.h"

static void add(struct posts *posts, const char *text, size_t length)
{
    if (posts->count == posts->capacity) {
        posts->capacity = posts->capacity ? 2 * posts->capacity : 1024;
        struct piece *more = reallocarray(posts->texts, posts->capacity, sizeof *more);
        CHECK(more != NULL);
        posts->texts = more;
    }
    char *copy = strndup(text, length);
    CHECK(copy != NULL);
    posts->texts[posts->count++] = (struct piece){copy, length};
    posts->bytes += length;
}

static bool read_line(struct posts *posts, const char *line, size_t length, struct error *why)
{
    SCOPED(json_free) json_t *post = NULL;
    if (!json_parse(line, length, &post, why))
        return false;
    const json_t *text = json_object_get(post, "text");
    if (!json_is_string(text))
        return error_set(why, ERROR_INVALID, "no member \"text\"");
    add(posts, json_string_value(text), json_string_length(text));
    return true;
}

bool posts_read(struct posts *posts, const char *path, struct error *why)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(why, ERROR_NOT_FOUND, "%s: %s", path, strerror(errno));
    SCOPED(free_chars) char *line = NULL;
    size_t size = 0;
    ssize_t length;
    bool is_good = true;
    while (is_good && (length = getline(&line, &size, file)) > 0)
        is_good = read_line(posts, line, (size_t)length, why);
    fclose(file);
    return is_good || error_prefix(why, "%s", path);
}

void posts_free(struct posts *posts)
{
    for (size_t i = 0; i < posts->count; i++)
        free((void *)(uintptr_t)posts->texts[i].at);
    free(posts->texts);
    *posts = (struct posts){0};
}
