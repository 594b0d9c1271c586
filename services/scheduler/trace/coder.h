/* Plain values to bytes and back, by the same code: what writes a value also reads it.
 *
 *   struct coder c = {0};                 code_u64(&c, &value) ...  c.written;  coder_close(&c)
 *   struct coder c = coder_of(bytes, arena);  code_u64(&c, &value) ...  c.has_failed
 *
 * Numbers are varints (signed ones zigzag), names are written once and then told by their number.
 * Reading believes nothing: it ends with has_failed, and what was not read is zero. What is read
 * lives in the arena. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/text.h"

struct coded_name;

struct coder {
    bool is_reading, has_failed;
    struct text written;
    struct bytes unread;
    struct arena *arena;      /* reading: lent; where names and lists are kept */
    struct coded_name *names; /* writing: by their text */
    const char **known;       /* reading: by their number; in the arena */
    size_t name_count, known_capacity;
};

struct coder coder_of(struct bytes bytes, struct arena *arena);
/* Forgets what was written, and its names. */
void coder_clear(struct coder *coder);
void coder_close(struct coder *coder);

void code_u64(struct coder *coder, uint64_t *value);
void code_i64(struct coder *coder, int64_t *value);
void code_u32(struct coder *coder, uint32_t *value);
void code_bool(struct coder *coder, bool *value);
void code_double(struct coder *coder, double *value);
void code_instant(struct coder *coder, struct instant *at);
/* NULL is written as "". */
void code_name(struct coder *coder, const char **name);
/* Into a field of that size; what is longer is no such name. */
void code_name_in(struct coder *coder, char *field, size_t size);

/* How many follow, each of `size` bytes in memory; reading: room for them, zeroed. */
void *code_list(struct coder *coder, size_t *count, size_t size);
void code_size(struct coder *coder, size_t *value);

/* A value of an enum that has `count`. */
#define CODE_ENUM(coder, place, count)                                                             \
    do {                                                                                           \
        uint64_t value_ = (uint64_t)(place);                                                       \
        code_u64((coder), &value_);                                                                \
        if (value_ >= (uint64_t)(count)) {                                                         \
            (coder)->has_failed = true;                                                            \
            value_ = 0;                                                                            \
        }                                                                                          \
        (place) = (__typeof__(place))value_;                                                       \
    } while (0)

/* A list of `type` behind a const pointer, each coded by `code_one(coder, &element)`. */
#define CODE_LIST(coder, type, list, count, code_one)                                              \
    do {                                                                                           \
        type *room_ = code_list((coder), &(count), sizeof(type));                                  \
        for (size_t i_ = 0; i_ < (count) && !(coder)->has_failed; i_++) {                          \
            CHECK((coder)->is_reading ? room_ != NULL : (list) != NULL);                           \
            type one_ = (coder)->is_reading ? (type){0} : (list)[i_];                              \
            code_one((coder), &one_);                                                              \
            if ((coder)->is_reading)                                                               \
                room_[i_] = one_;                                                                  \
        }                                                                                          \
        if ((coder)->is_reading)                                                                   \
            (list) = room_;                                                                        \
    } while (0)
