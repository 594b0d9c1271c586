/* Memory of one message: everything of one request, message or chunk lives in one arena and is
 * dropped at once.
 *
 * An arena has a hard cap in bytes. arena_try() answers NULL beyond it and is for sizes that come
 * from outside; arena_new() and its kin are for sizes our own code bounded, and abort.
 * One thread at a time. The system's own lack of memory aborts.
 */
#pragma once

#include <stddef.h>

#include "base/scoped.h"

struct arena;

/* An empty arena that may grow to cap_bytes. The caller owns it. */
struct arena *arena_open(size_t cap_bytes);

/* Drops the arena and all that lives in it. */
void arena_close(struct arena **arena);

/* Drops all that lives in it and keeps one block for reuse, as large as what lived there (but not
 * above 256 KB): who resets it after each of many small works soon allocates no more. */
void arena_reset(struct arena *arena);

/* Zeroed bytes, aligned for any type; NULL beyond the cap. */
void *arena_try(struct arena *arena, size_t size_bytes);

/* Zeroed bytes; beyond the cap it aborts. */
void *arena_new(struct arena *arena, size_t size_bytes);

/* The same with bytes of any value, for what the caller fills at once; beyond the cap it aborts. */
void *arena_room(struct arena *arena, size_t size_bytes);

/* Copies: of a string, and of `length` bytes with a NUL put behind them. */
char *arena_string(struct arena *arena, const char *string);
char *arena_bytes(struct arena *arena, const void *bytes, size_t length);

/* A formatted string. */
char *arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Bytes handed out since the arena was opened or reset. */
size_t arena_used(const struct arena *arena);

/* arena_array(a, struct post, n): n zeroed elements */
#define arena_array(arena, type, count) ((type *)arena_new((arena), sizeof(type) * (count)))

/* arena_array_room(arena, struct post, n): n elements that the caller fills */
#define arena_array_room(arena, type, count) ((type *)arena_room((arena), sizeof(type) * (count)))
