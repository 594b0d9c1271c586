#include "json/node.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "json/node_string.h"

enum {
    FEW_MEMBERS = 16,   /* each is compared with each */
    INTEGER_DIGITS = 19 /* of the longest; 64 bits hold any so long */
};

struct reader {
    const uint8_t *at, *end;
    struct arena *arena;
    bool is_strict; /* no two members with one name */
};

static bool read_value(struct reader *reader, int depth, struct node *node);

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' ||
                                        *reader->at == '\r' || *reader->at == '\t'))
        reader->at++;
}

static bool skip(struct reader *reader, uint8_t byte)
{
    bool is_there = reader->at < reader->end && *reader->at == byte;
    reader->at += is_there;
    return is_there;
}

static bool read_word(struct reader *reader, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
        return false;
    reader->at += length;
    return true;
}

/* ---- numbers ---- */

static bool skip_digits(struct reader *reader)
{
    const uint8_t *from = reader->at;
    while (reader->at < reader->end && isdigit(*reader->at))
        reader->at++;
    return reader->at > from;
}

static bool skip_whole(struct reader *reader)
{
    skip(reader, '-');
    return skip(reader, '0') || skip_digits(reader);
}

/* It is written without a point and without an exponent. */
static bool read_integer(struct bytes written, int64_t *integer)
{
    bool is_negative = written.at[0] == '-';
    uint64_t most = (uint64_t)INT64_MAX + is_negative, value = 0;
    if (written.length - is_negative > INTEGER_DIGITS)
        return false;
    for (size_t i = is_negative; i < written.length; i++)
        value = value * 10 + (uint64_t)(written.at[i] - '0');
    *integer = is_negative ? (int64_t)(0 - value) : (int64_t)value;
    return value <= most;
}

static bool read_real(const struct reader *reader, struct bytes written, double *real)
{
    char *copy = arena_try(reader->arena, written.length + 1);
    if (copy == NULL)
        return false;
    memcpy(copy, written.at, written.length);
    *real = strtod(copy, NULL);
    return isfinite(*real);
}

static bool read_number(struct reader *reader, struct node *node)
{
    const uint8_t *from = reader->at;
    if (!skip_whole(reader))
        return false;
    node->kind = NODE_INTEGER;
    if (skip(reader, '.')) {
        node->kind = NODE_REAL;
        if (!skip_digits(reader))
            return false;
    }
    if (skip(reader, 'e') || skip(reader, 'E')) {
        node->kind = NODE_REAL;
        if (!skip(reader, '+'))
            skip(reader, '-');
        if (!skip_digits(reader))
            return false;
    }
    const struct bytes written = {from, (size_t)(reader->at - from)};
    return node->kind == NODE_INTEGER ? read_integer(written, &node->integer)
                                      : read_real(reader, written, &node->real);
}

/* ---- arrays and objects ---- */

static struct node *add(const struct reader *reader, struct node *node, struct node *last)
{
    struct node *added = arena_try(reader->arena, sizeof *added);
    if (added == NULL)
        return NULL;
    if (last == NULL)
        node->first = added;
    else
        last->next = added;
    node->count++;
    return added;
}

static bool read_array(struct reader *reader, int depth, struct node *node)
{
    node->kind = NODE_ARRAY;
    reader->at++;
    skip_blanks(reader);
    if (skip(reader, ']'))
        return true;
    struct node *element = NULL;
    do {
        element = add(reader, node, element);
        if (element == NULL || !read_value(reader, depth, element))
            return false;
    } while (skip(reader, ','));
    return skip(reader, ']');
}

static bool is_same(struct bytes a, struct bytes b)
{
    return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

static int compare_names(const void *left, const void *right)
{
    const struct node *a = *(const struct node *const *)left,
                      *b = *(const struct node *const *)right;
    if (a->name.length != b->name.length)
        return a->name.length < b->name.length ? -1 : 1;
    return memcmp(a->name.at, b->name.at, a->name.length);
}

/* For objects of any size: sorted, the same stand side by side. */
static bool has_many_names_once(const struct reader *reader, const struct node *object)
{
    const struct node **members =
        (const struct node **)arena_try(reader->arena, object->count * sizeof(struct node *));
    if (members == NULL)
        return false;
    size_t count = 0;
    for (const struct node *member = object->first; member != NULL; member = member->next)
        members[count++] = member;
    qsort(members, count, sizeof members[0], compare_names);
    for (size_t i = 1; i < count; i++)
        if (is_same(members[i - 1]->name, members[i]->name))
            return false;
    return true;
}

static bool has_names_once(const struct reader *reader, const struct node *object)
{
    if (object->count > FEW_MEMBERS)
        return has_many_names_once(reader, object);
    for (const struct node *a = object->first; a != NULL; a = a->next)
        for (const struct node *b = a->next; b != NULL; b = b->next)
            if (is_same(a->name, b->name))
                return false;
    return true;
}

static bool read_member(struct reader *reader, int depth, struct node *member)
{
    skip_blanks(reader);
    if (!node_string_read(&reader->at, reader->end, reader->arena, &member->name))
        return false;
    skip_blanks(reader);
    return skip(reader, ':') && read_value(reader, depth, member);
}

static bool read_object(struct reader *reader, int depth, struct node *node)
{
    node->kind = NODE_OBJECT;
    reader->at++;
    skip_blanks(reader);
    if (skip(reader, '}'))
        return true;
    struct node *member = NULL;
    do {
        member = add(reader, node, member);
        if (member == NULL || !read_member(reader, depth, member))
            return false;
    } while (skip(reader, ','));
    return skip(reader, '}') && (!reader->is_strict || has_names_once(reader, node));
}

static bool read_bare(struct reader *reader, int depth, struct node *node)
{
    if (reader->at == reader->end)
        return false;
    switch (*reader->at) {
    case '{':
        return depth < JSON_MAX_DEPTH && read_object(reader, depth + 1, node);
    case '[':
        return depth < JSON_MAX_DEPTH && read_array(reader, depth + 1, node);
    case '"':
        node->kind = NODE_STRING;
        return node_string_read(&reader->at, reader->end, reader->arena, &node->string);
    case 't':
        node->kind = NODE_TRUE;
        return read_word(reader, "true");
    case 'f':
        node->kind = NODE_FALSE;
        return read_word(reader, "false");
    case 'n':
        node->kind = NODE_NULL;
        return read_word(reader, "null");
    default:
        return read_number(reader, node);
    }
}

/* With the blanks around it. */
static bool read_value(struct reader *reader, int depth, struct node *node)
{
    skip_blanks(reader);
    node->source.at = reader->at;
    if (!read_bare(reader, depth, node))
        return false;
    node->source.length = (size_t)(reader->at - node->source.at);
    skip_blanks(reader);
    return true;
}

static bool parse(struct reader *reader, const struct node **root, struct error *why)
{
    const uint8_t *begin = reader->at;
    struct node node = {.kind = NODE_NULL};
    struct node *made = arena_try(reader->arena, sizeof *made);
    bool is_read = made != NULL && read_value(reader, 0, &node) && reader->at == reader->end;
    if (!is_read || (node.kind != NODE_OBJECT && node.kind != NODE_ARRAY))
        return error_set(why, ERROR_INVALID, "not valid JSON, or too much of it, at byte %zu",
                         (size_t)(reader->at - begin));
    *made = node;
    *root = made;
    return true;
}

bool node_parse(const char *bytes, size_t length, struct arena *arena, const struct node **root,
                struct error *why)
{
    const uint8_t *at = (const uint8_t *)bytes;
    struct reader reader = {.at = at, .end = at + length, .arena = arena, .is_strict = true};
    return parse(&reader, root, why);
}

bool node_parse_loosely(const char *bytes, size_t length, struct arena *arena,
                        const struct node **root, struct error *why)
{
    const uint8_t *at = (const uint8_t *)bytes;
    struct reader reader = {.at = at, .end = at + length, .arena = arena};
    return parse(&reader, root, why);
}

/* ---- what it says ---- */

bool node_is(const struct node *node, enum node_kind kind)
{
    return node != NULL && node->kind == kind;
}

bool node_is_number(const struct node *node)
{
    return node_is(node, NODE_INTEGER) || node_is(node, NODE_REAL);
}

const struct node *node_member(const struct node *node, const char *name)
{
    const struct bytes wanted = {(const uint8_t *)name, strlen(name)};
    const struct node *found = NULL;
    for (const struct node *member = node_members(node); member != NULL; member = member->next)
        if (is_same(member->name, wanted))
            found = member;
    return found;
}

const struct node *node_members(const struct node *node)
{
    return node_is(node, NODE_OBJECT) ? node->first : NULL;
}

const struct node *node_elements(const struct node *node)
{
    return node_is(node, NODE_ARRAY) ? node->first : NULL;
}

struct bytes node_string(const struct node *node)
{
    return node_is(node, NODE_STRING) ? node->string : (struct bytes){0};
}

bool node_is_word(const struct node *node, const char *word)
{
    const struct bytes wanted = {(const uint8_t *)word, strlen(word)};
    return node_is(node, NODE_STRING) && is_same(node->string, wanted);
}

double node_number(const struct node *node)
{
    if (node_is(node, NODE_INTEGER))
        return (double)node->integer;
    return node_is(node, NODE_REAL) ? node->real : 0;
}
