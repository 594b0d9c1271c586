/* Postgres's binary format: parameters out, columns in.
 *
 *   struct params params = params_begin(arena);
 *   params_uuid(&params, job_id);  params_int4(&params, 7);  ... in the statement's order
 *   struct array *seqs = array_new(arena, ELEMENT_INT4);  array_add_int(seqs, 3);
 *   params_array(&params, seqs);
 *
 * Columns are read one after the other with cell_*() (db.h). Nothing here knows libpq. Everything
 * lives in the arena; what is added is copied. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"

enum { PARAMS_MAX = 32 };

struct params {
    struct arena *arena;
    int count;
    const char *values[PARAMS_MAX]; /* NULL = SQL null */
    int lengths[PARAMS_MAX];
};

struct params params_begin(struct arena *arena);
void params_bool(struct params *params, bool value);
void params_int2(struct params *params, int64_t value);
void params_int4(struct params *params, int64_t value);
void params_int8(struct params *params, int64_t value);
void params_double(struct params *params, double value);
void params_text(struct params *params, const char *text);
void params_bytes(struct params *params, struct bytes bytes);
/* A valid UUID as text; NULL or "" is SQL's null. */
void params_uuid(struct params *params, const char *uuid);

enum element {
    ELEMENT_BOOL,
    ELEMENT_INT2,
    ELEMENT_INT4,
    ELEMENT_INT8,
    ELEMENT_DOUBLE,
    ELEMENT_TEXT,
    ELEMENT_JSONB,
    ELEMENT_UUID,
};

struct array;
struct array *array_new(struct arena *arena, enum element element);
void array_add_int(struct array *array, int64_t value);   /* bool, int2, int4, int8 */
void array_add_double(struct array *array, double value); /* double */
void array_add_text(struct array *array, const char *text);
void array_add_bytes(struct array *array, struct bytes bytes); /* text, jsonb */
void array_add_uuid(struct array *array, const char *uuid);
void params_array(struct params *params, const struct array *array);

/* ---- the way back: false if the bytes are not what is expected ---- */

/* A bool or integer of 1, 2, 4 or 8 bytes. */
bool binary_int(struct bytes column, int64_t *value);
bool binary_double(struct bytes column, double *value);
bool binary_uuid(struct bytes column, char text[37]);
/* The elements of an array, those of a matrix row by row, lent by the column; a null is empty. */
bool binary_array(struct arena *arena, struct bytes column, struct bytes **elements, size_t *count);
