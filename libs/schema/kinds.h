/* What `type` says. Pure; any thread. */
#pragma once

#include "schema/schema.h"

enum kind {
    KIND_STRING = 1 << 0,
    KIND_NUMBER = 1 << 1,
    KIND_INTEGER = 1 << 2,
    KIND_BOOLEAN = 1 << 3,
    KIND_ARRAY = 1 << 4,
    KIND_OBJECT = 1 << 5,
    KIND_NULL = 1 << 6,
};

/* Of a checked schema: a bit, or two with KIND_NULL. */
unsigned kinds_of(const json_t *schema);
/* The bit of a name, or 0. */
unsigned kind_parse(const char *name);
/* Is the value of one of them? A number without a fraction is an integer. */
bool kinds_accept(unsigned kinds, const json_t *value);
/* Values of `enum`, which are no lists or objects. */
bool kinds_same(const json_t *a, const json_t *b);
