#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

enum {
    LEAST_BLOCK_BYTES = 1024,
    MAX_BLOCK_BYTES = 256 * 1024,
    SPARE_PART = 8, /* of what is used: so much more is reserved */
};

struct block {
    struct block *next;
    size_t size, used;
    alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    struct block *blocks; /* the one in use first */
    size_t cap, used;
};

static size_t rounded(size_t size)
{
    const size_t step = alignof(max_align_t);
    return (size + step - 1) / step * step;
}

static struct block *block_new(size_t size)
{
    struct block *block = malloc(sizeof *block + size);
    CHECK(block != NULL);
    block->next = NULL;
    block->size = size;
    block->used = 0;
    return block;
}

struct arena *arena_open(size_t cap_bytes)
{
    struct arena *arena = malloc(sizeof *arena);
    CHECK(arena != NULL);
    *arena = (struct arena){.cap = cap_bytes};
    return arena;
}

/* Few blocks for much, and never much more than is used: an arena may live as long as a call. */
static size_t next_block_bytes(const struct arena *arena)
{
    size_t wanted = arena->used / SPARE_PART;
    if (wanted < LEAST_BLOCK_BYTES)
        return LEAST_BLOCK_BYTES;
    return wanted < MAX_BLOCK_BYTES ? wanted : MAX_BLOCK_BYTES;
}

static void drop_blocks(struct block *block)
{
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_close(struct arena **arena)
{
    if (*arena == NULL)
        return;
    drop_blocks((*arena)->blocks);
    free(*arena);
    *arena = NULL;
}

/* One block for what took several, so that the like of it needs no other. */
static struct block *joined(struct block *blocks)
{
    size_t used = 0;
    for (const struct block *block = blocks; block != NULL; block = block->next)
        used += block->used;
    drop_blocks(blocks);
    return block_new(used < MAX_BLOCK_BYTES ? used : MAX_BLOCK_BYTES);
}

void arena_reset(struct arena *arena)
{
    struct block *block = arena->blocks;
    if (block != NULL && block->next != NULL)
        arena->blocks = joined(block);
    else if (block != NULL)
        block->used = 0;
    arena->used = 0;
}

/* Apart from taking, as it is rare. */
__attribute__((noinline)) static struct block *add_block(struct arena *arena, size_t size)
{
    size_t wanted = next_block_bytes(arena);
    struct block *block = block_new(size > wanted ? size : wanted);
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

static void *take(struct arena *arena, size_t size_bytes)
{
    if (size_bytes > arena->cap - arena->used)
        return NULL;
    size_t size = rounded(size_bytes);
    struct block *block = arena->blocks;
    if (block == NULL || block->size - block->used < size)
        block = add_block(arena, size);
    void *memory = block->bytes + block->used;
    block->used += size;
    arena->used += size_bytes;
    return memory;
}

void *arena_try(struct arena *arena, size_t size_bytes)
{
    void *memory = take(arena, size_bytes);
    if (memory != NULL)
        memset(memory, 0, rounded(size_bytes));
    return memory;
}

void *arena_room(struct arena *arena, size_t size_bytes)
{
    void *memory = take(arena, size_bytes);
    CHECK(memory != NULL);
    return memory;
}

void *arena_new(struct arena *arena, size_t size_bytes)
{
    void *memory = arena_try(arena, size_bytes);
    CHECK(memory != NULL);
    return memory;
}

char *arena_bytes(struct arena *arena, const void *bytes, size_t length)
{
    char *copy = arena_new(arena, length + 1);
    if (length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

char *arena_string(struct arena *arena, const char *string)
{
    return arena_bytes(arena, string, strlen(string));
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    CHECK(length >= 0);
    char *text = arena_new(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}
