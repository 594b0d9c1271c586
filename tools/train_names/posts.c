#include "posts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "embedded/vocabulary.h"
#include "json/json.h"

enum { TYPES = 9 };

static enum name_type type_of(const char *tag)
{
    static const struct {
        const char *name;
        enum name_type type;
    } types[TYPES] = {
        {"PER", NAME_PERSON},         {"LOC", NAME_PLACE},
        {"ORG", NAME_ORGANISATION},   {"person", NAME_PERSON},
        {"location", NAME_PLACE},     {"corporation", NAME_ORGANISATION},
        {"group", NAME_ORGANISATION}, {"creative-work", NAME_OTHER},
        {"product", NAME_OTHER},
    };
    for (size_t i = 0; i < TYPES; i++)
        if (strcmp(types[i].name, tag) == 0)
            return types[i].type;
    fprintf(stderr, "no such type of name: %s\n", tag);
    exit(EXIT_FAILURE);
}

static uint32_t code_points(const char *chars)
{
    uint32_t count = 0;
    for (; *chars != '\0'; chars++)
        count += ((uint8_t)*chars & 0xC0) != 0x80;
    return count;
}

static const char *nth(const json_t *array, size_t i)
{
    const char *string = json_string_value(json_array_get(array, i));
    CHECK(string != NULL);
    return string;
}

/* The names of a post: runs of B-x I-x I-x. */
static void mark(const json_t *tokens, const json_t *tags, struct arena *arena,
                 struct marked_post *post)
{
    size_t count = json_array_size(tokens);
    post->names.items = arena_array(arena, struct entity, count);
    post->is_handle = arena_array(arena, bool, count);
    uint32_t at = 0;
    bool is_within = false, is_after_sign = false;
    for (size_t i = 0; i < count; i++) {
        const char *token = nth(tokens, i), *tag = nth(tags, i);
        uint32_t end = at + code_points(token);
        bool is_sign = strcmp(token, "@") == 0;
        if (tag[0] == 'B') {
            post->is_handle[post->names.count] = is_sign || is_after_sign;
            post->names.items[post->names.count++] =
                (struct entity){.start = at, .type = type_of(tag + 2), .is_placed = true};
            is_within = true;
        }
        is_within = is_within && tag[0] != 'O';
        if (is_within)
            post->names.items[post->names.count - 1].end = end;
        is_after_sign = is_sign;
        at = end + 1;
    }
}

static struct marked_post *add(struct marked_posts *posts, struct arena *arena)
{
    if (posts->count == posts->capacity) {
        posts->capacity = posts->capacity > 0 ? 2 * posts->capacity : 1024;
        struct marked_post *items = arena_array(arena, struct marked_post, posts->capacity);
        if (posts->count > 0)
            memcpy(items, posts->items, posts->count * sizeof *items);
        posts->items = items;
    }
    return &posts->items[posts->count++];
}

static struct marked_post *read_text(const json_t *row, struct arena *arena,
                                     struct marked_posts *posts)
{
    const char *text = json_string_value(json_object_get(row, "text"));
    CHECK(text != NULL);
    size_t length = strlen(text);
    struct marked_post *post = add(posts, arena);
    post->text = (struct piece){arena_bytes(arena, text, length), length};
    post->draw = (uint32_t)(hash_bytes(HASH_BEGIN, text, length) * 0x9E3779B97F4A7C15U >> 40);
    return post;
}

static bool read_rows(const char *path, bool is_marked, struct arena *arena,
                      struct marked_posts *posts)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    char *line = NULL;
    size_t room = 0;
    for (ssize_t length; (length = getline(&line, &room, file)) > 0;) {
        SCOPED(json_free) json_t *row = NULL;
        struct error why;
        if (!json_parse(line, (size_t)length, &row, &why)) {
            fprintf(stderr, "%s: %s\n", path, why.message);
            exit(EXIT_FAILURE);
        }
        struct marked_post *post = read_text(row, arena, posts);
        if (is_marked)
            mark(json_object_get(row, "tokens"), json_object_get(row, "tags"), arena, post);
    }
    free(line);
    fclose(file);
    return true;
}

bool posts_read_marked(const char *path, struct arena *arena, struct marked_posts *posts)
{
    return read_rows(path, true, arena, posts);
}

bool posts_read_plain(const char *path, struct arena *arena, struct marked_posts *posts)
{
    return read_rows(path, false, arena, posts);
}
