/* A value of a schema that a call asks for, such as a user's own.
 *
 * The same schema and hash always give the same value: all properties, one item, "echo-<hash>" for
 * a string, the hash's choice of an enum. Bounds are obeyed where they stand in the schema as it
 * was sent; strict servers are sent none. Pure.
 */
#pragma once

#include <stdint.h>

#include "base/text.h"
#include "json/json.h"

void custom_write(const json_t *schema, uint64_t hash, struct text *out);
