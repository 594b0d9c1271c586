/* The schemas that users give for the answers to their own instruction: a subset of JSON Schema.
 *
 *   schema_parse(bytes, length, &schema, &why)   once, when a job is submitted; json_free() ends it
 *   strict = schema_strict(schema)               what a server of an LLM is told
 *   schema_take(schema, answer, &value, &why)    an answer as a value that satisfies the schema
 *
 * 1 A schema is an object with `type`: string, number, integer, boolean, array, object, null, or a
 *   list of one of them and null; and perhaps `description`. It has no member that is not named
 *   here, and none that means nothing for its type.
 * 2 The root is an object and never null. Schemas stand in each other at most SCHEMA_MAX_DEPTH deep
 *   and have at most SCHEMA_MAX_BYTES.
 * 3 An object has `properties`, one at least, with names of 1 to 64 bytes. `required` names some of
 *   them. Other members are never accepted, whether `additionalProperties` says false or is absent.
 * 4 An array has `items`, and perhaps `minItems` and `maxItems`.
 * 5 `enum` has 1 to SCHEMA_MAX_CHOICES different strings, numbers, booleans or nulls of the type.
 * 6 Numbers have `minimum` and `maximum`, strings `minLength` and `maxLength`, in code points.
 *   Bounds are the users' own words: what no value satisfies is refused, be it by the bounds
 *   themselves, by choices outside of them, or because no answer is that long.
 * 7 The strict form is what strict servers know: every property is required, what was optional may
 *   be null, nothing is bounded. So bounds are checked here alone, and a null that stands for a
 *   property left out is taken out of the value.
 *
 * ERROR_INVALID names the place as a JSON pointer: "/properties/mood/type: ...". Pure; any thread.
 */
#pragma once

#include "base/text.h"
#include "json/json.h"

enum { SCHEMA_MAX_BYTES = 8 * 1024, SCHEMA_MAX_DEPTH = 4, SCHEMA_MAX_CHOICES = 100 };
/* Of minItems and minLength: an answer to a post has at most some 4,000 bytes. */
enum { SCHEMA_MAX_LEAST = 1000 };

MUST_USE bool schema_parse(const char *bytes, size_t length, json_t **schema, struct error *why);

/* The same of what is parsed already; its bytes are counted as schema_write() writes them. */
MUST_USE bool schema_check(const json_t *schema, struct error *why);

/* A schema or a value, as short as it can be, the members in their order; appended. */
void schema_write(const json_t *document, struct text *out);

/* New, and the caller's. */
json_t *schema_strict(const json_t *schema);

/* The value is new and the caller's. The schema was checked; the answer may be anything. */
MUST_USE bool schema_take(const json_t *schema, const json_t *answer, json_t **value,
                          struct error *why);
