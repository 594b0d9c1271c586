/* Results that this replica has seen of late, by their keys; bounded in bytes. Pure.
 *
 *  1 What is kept or found is the latest; when there is no room, the one that has not been wanted
 *    for longest goes.
 *  2 The bytes are those really taken, the index and the allocator's own included; they never
 * exceed max_bytes. 3 Of two results with one key the later one counts. 4 One that alone would take
 * more than a hundredth of all is not kept.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kept.h"
#include "messages/messages.h"

struct memory;

/* 0 bytes keep nothing. */
struct memory *memory_new(size_t max_bytes);
void memory_free(struct memory **memory);

/* Takes the result. */
void memory_keep(struct memory *memory, const uint8_t key[CACHE_KEY_BYTES], struct kept **kept);
/* NULL if there is none. Lent until the next memory_keep(). */
const Tp__PostResult *memory_find(struct memory *memory, const uint8_t key[CACHE_KEY_BYTES]);

size_t memory_bytes(const struct memory *memory);
size_t memory_count(const struct memory *memory);
uint64_t memory_evictions(const struct memory *memory); /* so far */
