/* A job in one JSON document: fields, the schema of its answers, and lines of JSON as its posts. */
#pragma once

#include <stddef.h>

#include "base/text.h"

struct field {
    const char *name, *value;
};

/* schema: JSON. */
void document_write(const struct field *fields, size_t count, const char *schema,
                    const struct text *lines, struct text *document);
