#include "memory.h"

#include <stdlib.h>
#include <string.h>

/* The keys are hashes: their first bytes are as good as any other hash of them. */
#define HASH_FUNCTION(key, length, hash) memcpy(&(hash), key, sizeof(hash))
#include <uthash.h>

#include "base/check.h"

enum {
    LARGEST_PART = 100,
    BLOCK_BYTES = 16, /* of the allocator, for each of the two blocks */
    BUCKET_BYTES = 8, /* of the index: it doubles at ten entries a bucket */
};

struct entry {
    UT_hash_handle hh; /* in the order in which they were last wanted, the oldest first */
    uint8_t key[CACHE_KEY_BYTES];
    struct kept *kept;
};

struct memory {
    struct entry *entries;
    size_t bytes, max_bytes;
    uint64_t evictions;
};

struct memory *memory_new(size_t max_bytes)
{
    struct memory *memory = calloc(1, sizeof *memory);
    CHECK(memory != NULL);
    memory->max_bytes = max_bytes;
    return memory;
}

static size_t bytes_with(const struct kept *kept)
{
    return sizeof(struct entry) + kept_bytes(kept) + 2 * BLOCK_BYTES + BUCKET_BYTES;
}

static void forget(struct memory *memory, struct entry *entry)
{
    HASH_DEL(memory->entries, entry);
    memory->bytes -= bytes_with(entry->kept);
    kept_free(&entry->kept);
    free(entry);
}

void memory_free(struct memory **memory)
{
    if (*memory == NULL)
        return;
    struct entry *entry, *next;
    HASH_ITER (hh, (*memory)->entries, entry, next)
        forget(*memory, entry);
    free(*memory);
    *memory = NULL;
}

static struct entry *find(const struct memory *memory, const uint8_t key[CACHE_KEY_BYTES])
{
    struct entry *entry;
    HASH_FIND(hh, memory->entries, key, CACHE_KEY_BYTES, entry);
    return entry;
}

static void make_room(struct memory *memory, size_t bytes)
{
    while (memory->bytes + bytes > memory->max_bytes) {
        CHECK(memory->entries != NULL);
        forget(memory, memory->entries);
        memory->evictions++;
    }
}

void memory_keep(struct memory *memory, const uint8_t key[CACHE_KEY_BYTES], struct kept **kept)
{
    struct entry *before = find(memory, key);
    if (before != NULL)
        forget(memory, before);
    size_t bytes = bytes_with(*kept);
    if (bytes > memory->max_bytes / LARGEST_PART) {
        kept_free(kept);
        return;
    }
    make_room(memory, bytes);
    struct entry *entry = calloc(1, sizeof *entry);
    CHECK(entry != NULL);
    memcpy(entry->key, key, sizeof entry->key);
    entry->kept = TAKE(*kept);
    HASH_ADD(hh, memory->entries, key, sizeof entry->key, entry);
    memory->bytes += bytes;
}

const Tp__PostResult *memory_find(struct memory *memory, const uint8_t key[CACHE_KEY_BYTES])
{
    struct entry *entry = find(memory, key);
    if (entry == NULL)
        return NULL;
    HASH_DEL(memory->entries, entry);
    HASH_ADD(hh, memory->entries, key, sizeof entry->key, entry);
    return kept_result(entry->kept);
}

size_t memory_bytes(const struct memory *memory)
{
    return memory->bytes;
}

size_t memory_count(const struct memory *memory)
{
    return HASH_COUNT(memory->entries);
}

uint64_t memory_evictions(const struct memory *memory)
{
    return memory->evictions;
}
