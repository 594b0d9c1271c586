/* Where in a document something is, for errors: a list from there up to the root, on the stack.
 * Pure; any thread. */
#pragma once

#include "schema/schema.h"

struct place {
    const struct place *above; /* NULL at the root */
    const char *name;          /* of the member, or NULL: then it is an element */
    size_t index;
};

/* ERROR_INVALID: "/a/0/b: message", or of the root "message". Answers false. */
bool place_refuse(const struct place *place, struct error *why, const char *message);
