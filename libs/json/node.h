/* JSON that is only read: a tree of nodes in an arena, for documents that come by the thousand. It
 * takes what json_parse() takes, at a tenth of the cost; what is to be changed, kept or written is
 * for that one.
 *
 *   node_parse(bytes, length, arena, &root, &why)
 *   text = node_string(node_member(node_member(root, "error"), "message"))
 *   for (const struct node *it = node_elements(list); it != NULL; it = it->next) ...
 *
 * NULL is a node that is not there: each question may be asked of it, and of a node of any kind.
 * Strings are UTF-8 without U+0000 and lent by the document or the arena: a tree lives as long as
 * both, and nothing of it ends with a NUL. It takes some 40 bytes for each of the document in the
 * worst case; beyond the arena's cap it is ERROR_INVALID. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/scoped.h"

enum node_kind {
    NODE_NULL,
    NODE_FALSE,
    NODE_TRUE,
    NODE_INTEGER,
    NODE_REAL,
    NODE_STRING,
    NODE_ARRAY,
    NODE_OBJECT,
};

struct node {
    enum node_kind kind;
    size_t count;            /* of its elements or members */
    const struct node *next; /* the element or member behind it */
    struct bytes name;       /* if it is a member */
    struct bytes source;     /* as it stands in the document */
    union {
        int64_t integer;
        double real;
        struct bytes string;
        const struct node *first;
    };
};

MUST_USE bool node_parse(const char *bytes, size_t length, struct arena *arena,
                         const struct node **root, struct error *why);

/* The same, but of members with the same name the last one counts for node_member(). */
MUST_USE bool node_parse_loosely(const char *bytes, size_t length, struct arena *arena,
                                 const struct node **root, struct error *why);

bool node_is(const struct node *node, enum node_kind kind);
bool node_is_number(const struct node *node);

/* NULL if it is no object, or has none of that name. */
const struct node *node_member(const struct node *node, const char *name);

/* The first one, if it is an object or an array. */
const struct node *node_members(const struct node *node);
const struct node *node_elements(const struct node *node);

/* {NULL, 0} if it is no string. */
struct bytes node_string(const struct node *node);
bool node_is_word(const struct node *node, const char *word);

/* 0 if it is no number. */
double node_number(const struct node *node);
