/* Where a request's body ends, decided once and for all.
 *
 * Two readers who disagree about it see different requests (request smuggling), and civetweb takes
 * what it should refuse. So: a length and chunks together, repeated or malformed lengths, other
 * codings, header lists that may have been cut, and names or values that are none are refused.
 * Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/scoped.h"

/* civetweb drops headers beyond 64 silently, so a full list cannot be trusted. */
enum { FRAMING_MAX_FIELDS = 60 };

struct field {
    const char *name, *value;
};

struct framing {
    bool is_chunked;
    int64_t length; /* of the body; unknown if chunked */
    bool expects_continue;
};

struct framing_fault {
    int status;
    const char *code, *detail;
};

MUST_USE bool framing_read(const struct field *fields, size_t count, struct framing *framing,
                           struct framing_fault *fault);

/* The first field of that name, in any case; NULL if there is none. */
const char *field_find(const struct field *fields, size_t count, const char *name);

/* Is the word one of a comma-separated list, in any case? */
bool field_has_word(const char *value, const char *word);
