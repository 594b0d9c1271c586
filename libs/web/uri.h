/* What a request line says, read strictly.
 *
 * Our own because civetweb cuts a path at %00 and decodes line ends into it. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/scoped.h"

/* A path as it may stand in a request line: begins with '/', visible ASCII only. */
bool uri_is_clean(const char *raw_path);

enum uri_blank { URI_PLUS_IS_PLUS, URI_PLUS_IS_BLANK };

/* Percent decoding into `decoded` (length + 1 bytes). False for a broken escape, for control
 * characters and for what is no visible ASCII before decoding. */
MUST_USE bool uri_decode(const char *raw, size_t length, enum uri_blank blank, char *decoded);

struct uri_part {
    const char *at;
    size_t length;
};

enum { URI_MAX_VALUES = 4 };

/* Does the raw path fit the pattern? {x} takes one whole segment, which is not empty; the others
 * must be equal byte for byte. Values point into the path. */
bool uri_match(const char *pattern, const char *raw_path, struct uri_part values[URI_MAX_VALUES]);

/* The raw value of the first parameter of that name; false if there is none. */
bool uri_query(const char *query, const char *name, struct uri_part *value);
