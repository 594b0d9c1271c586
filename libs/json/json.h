/* JSON, strictly: valid UTF-8, no duplicate keys, no trailing bytes, bounded depth and size.
 *
 * Values come from jansson, whose header this one includes: whoever reads JSON uses jansson's
 * accessors, and only libs/json parses. A document is owned by whoever parsed it. Any thread.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/scoped.h"

/* Deeper nesting is refused before it is parsed, so that small stacks suffice. */
enum { JSON_MAX_DEPTH = 64 };

/* ERROR_INVALID names line and column. What bounds the size is the caller. Text may hold U+0000
 * nowhere: it could not be told from the end of a string. */
MUST_USE bool json_parse(const char *bytes, size_t length, json_t **document, struct error *why);

/* The same, but of members with the same name the last one counts. */
MUST_USE bool json_parse_loosely(const char *bytes, size_t length, json_t **document,
                                 struct error *why);

/* SCOPED(json_free) json_t *document = NULL; */
void json_free(json_t **document);

/* Member `name` of an object as a string, or `fallback` if it is absent; false if it is there and
 * not a string, or longer than max_bytes. The string is lent by the document. */
MUST_USE bool json_text(const json_t *object, const char *name, const char *fallback,
                        size_t max_bytes, const char **value, struct error *why);

/* The same for whole numbers in a range and for booleans. */
MUST_USE bool json_int(const json_t *object, const char *name, int64_t fallback, int64_t min,
                       int64_t max, int64_t *value, struct error *why);
MUST_USE bool json_bool(const json_t *object, const char *name, bool fallback, bool *value,
                        struct error *why);
