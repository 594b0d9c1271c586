#include "posts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "embedded/words/vocabulary.h"
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

/* ---- spaces ---- */

static bool is_one_of(const char *token, const char *const list[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(token, list[i]) == 0)
            return true;
    return false;
}

static bool is_letter_alone(const char *token)
{
    return token[0] >= 'A' && token[0] <= 'Z' && token[1] == '\0';
}

/* Does token `at` stand at the one before it without a space where people write? */
static bool is_glued(const json_t *tokens, size_t at)
{
    static const char *const LEANING_BACK[] = {".",   ",",   "!",   "?",      ":",     ";",
                                               ")",   "%",   "...", "'s",     "n't",   "'m",
                                               "'re", "'ve", "'ll", "\u2026", "\u2019"};
    static const char *const LEANING_ON[] = {"@", "#", "(", "$", "\u2019"};
    const char *before = nth(tokens, at - 1), *token = nth(tokens, at);
    bool is_abbreviation = at > 1 && strcmp(before, ".") == 0 && is_letter_alone(token) &&
                           is_letter_alone(nth(tokens, at - 2));
    return is_abbreviation ||
           is_one_of(token, LEANING_BACK, sizeof LEANING_BACK / sizeof LEANING_BACK[0]) ||
           is_one_of(before, LEANING_ON, sizeof LEANING_ON / sizeof LEANING_ON[0]);
}

/* ---- names ---- */

/* A post while its tokens are read. */
struct reading {
    struct marked_post *post;
    struct text text;
    uint32_t at; /* code points of the text so far */
    bool is_within;
};

static void begin_name(struct reading *reading, const char *tag, const char *before, bool is_glued)
{
    struct marked_post *post = reading->post;
    bool is_tag = is_glued && strcmp(before, "#") == 0; /* the sign is part of it then */
    post->names.items[post->names.count++] =
        (struct entity){.start = is_tag ? reading->at - 1 : reading->at,
                        .type = type_of(tag + 2),
                        .is_placed = true};
    reading->is_within = true;
}

/* Reads token `at`; names are runs of B-x I-x I-x. */
static void read_token(struct reading *reading, const json_t *tokens, const json_t *tags, size_t at,
                       enum spacing spacing)
{
    struct marked_post *post = reading->post;
    const char *token = nth(tokens, at), *tag = nth(tags, at);
    const char *before = at > 0 ? nth(tokens, at - 1) : "";
    bool glued = at > 0 && spacing == SPACING_GLUED && is_glued(tokens, at);
    if (at > 0 && !glued) {
        text_add_char(&reading->text, ' ');
        reading->at++;
    }
    bool is_handle = strcmp(token, "@") == 0 || strcmp(before, "@") == 0;
    reading->is_within = reading->is_within && tag[0] == 'I';
    /* Glued, "@anna" is a mention, and no name. */
    if (tag[0] == 'B' && !(is_handle && spacing == SPACING_GLUED)) {
        begin_name(reading, tag, before, glued);
        post->is_handle[post->names.count - 1] = is_handle;
    }
    text_add(&reading->text, token);
    reading->at += code_points(token);
    if (reading->is_within)
        post->names.items[post->names.count - 1].end = reading->at;
}

static void mark(const json_t *tokens, const json_t *tags, enum spacing spacing,
                 struct arena *arena, struct marked_post *post)
{
    size_t count = json_array_size(tokens);
    post->names.items = arena_array(arena, struct entity, count);
    post->is_handle = arena_array(arena, bool, count);
    struct reading reading = {.post = post};
    for (size_t i = 0; i < count; i++)
        read_token(&reading, tokens, tags, i, spacing);
    post->text = (struct piece){arena_bytes(arena, reading.text.chars, reading.text.length),
                                reading.text.length};
    text_free(&reading.text);
}

/* ---- files ---- */

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

static void read_row(const json_t *row, const enum spacing *spacing, struct arena *arena,
                     struct marked_posts *posts)
{
    struct marked_post *post = read_text(row, arena, posts);
    if (spacing != NULL)
        mark(json_object_get(row, "tokens"), json_object_get(row, "tags"), *spacing, arena, post);
}

/* Without a spacing there are no marks to read. */
static bool read_rows(const char *path, const enum spacing *spacing, struct arena *arena,
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
        read_row(row, spacing, arena, posts);
    }
    free(line);
    fclose(file);
    return true;
}

bool posts_read_marked(const char *path, enum spacing spacing, struct arena *arena,
                       struct marked_posts *posts)
{
    return read_rows(path, &spacing, arena, posts);
}

bool posts_read_plain(const char *path, struct arena *arena, struct marked_posts *posts)
{
    return read_rows(path, NULL, arena, posts);
}
