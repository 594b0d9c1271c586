/* Rule 6 of schema.h: what a schema bounds. Pure; any thread. */
#pragma once

#include "place.h"
#include "json/json.h"

/* Of a value that is of the schema's type. */
MUST_USE bool bounds_check(const json_t *schema, const json_t *value, const struct place *place,
                           struct error *why);
