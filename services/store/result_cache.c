#include "result_cache.h"

#include <string.h>

#include "claims.h"

/* A post's share of an answer with the most of them. */
enum { KEPT_MAX_BYTES = MESSAGE_MAX_BYTES / CHUNK_MAX_POSTS - 100 };

#define PREFIX "tp:post:"
enum { PREFIX_BYTES = sizeof PREFIX - 1 };

static struct bytes redis_key(ProtobufCBinaryData cache_key, struct arena *arena)
{
    uint8_t *key = arena_new(arena, PREFIX_BYTES + cache_key.len);
    memcpy(key, PREFIX, PREFIX_BYTES);
    memcpy(key + PREFIX_BYTES, cache_key.data, cache_key.len);
    return (struct bytes){key, PREFIX_BYTES + cache_key.len};
}

/* As the answer to a question for it alone: checked as a whole when it is read. */
static struct bytes packed(const Tp__PostResult *result, struct arena *arena)
{
    Tp__PostResult kept = *result;
    kept.seq = 0;
    kept.cache_key = (ProtobufCBinaryData){0};
    Tp__CachedResult only = TP__CACHED_RESULT__INIT;
    only.result = &kept;
    Tp__CachedResult *list[] = {&only};
    Tp__CacheFound found = TP__CACHE_FOUND__INIT;
    found.schema_version = SCHEMA_VERSION;
    found.n_results = 1;
    found.results = list;
    return pack_cache_found(arena, &found);
}

void result_cache_keep(struct cache *cache, const Tp__Outcome *const *outcomes, size_t count,
                       int life_s, struct arena *arena)
{
    size_t most = 0, used = 0, too_large = 0;
    for (size_t i = 0; i < count; i++)
        most += outcomes[i]->n_results;
    struct cache_entry *entries = arena_array(arena, struct cache_entry, most);
    struct bytes *unkept = arena_array(arena, struct bytes, most);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < outcomes[i]->n_results; k++) {
            const Tp__PostResult *result = outcomes[i]->results[k];
            if (result->cache_key.len == 0)
                continue;
            struct cache_entry entry = {.key = redis_key(result->cache_key, arena)};
            if (result->data_json.len <= KEPT_MAX_BYTES)
                entry.value = packed(result, arena);
            if (entry.value.length > 0 && entry.value.length <= KEPT_MAX_BYTES)
                entries[used++] = entry;
            else
                unkept[too_large++] = entry.key;
        }
    }
    cache_put_all(cache, entries, used, life_s); /* in place of their claims */
    cache_remove_all(cache, unkept, too_large, arena);
}

static bool is_leaving(const Tp__CacheFind *ask)
{
    return ask->claimant[0] != '\0' && ask->claim_ms == 0;
}

static bool is_result(struct bytes value)
{
    return value.at != NULL && !claims_is_mark(value);
}

/* What has not been found, and whose it is. */
static void claim(struct cache *cache, const Tp__CacheFind *ask, struct cache_entry *entries,
                  Tp__CacheFound *found, struct arena *arena)
{
    size_t count = ask->n_keys + ask->n_watched, missing = 0;
    for (size_t i = 0; i < count; i++)
        missing += !is_result(entries[i].value);
    if (missing == 0 && count > 0)
        return;
    enum claim_state *states = arena_array(arena, enum claim_state, count);
    claims_make(cache, ask, entries, states, arena);
    found->claimed = arena_array(arena, uint32_t, missing);
    found->flying = arena_array(arena, uint32_t, missing);
    for (size_t i = 0; i < count; i++) {
        if (states[i] == CLAIM_MADE)
            found->claimed[found->n_claimed++] = (uint32_t)i;
        else if (states[i] == CLAIM_FLIES)
            found->flying[found->n_flying++] = (uint32_t)i;
    }
}

static struct bytes *released_keys(const Tp__CacheFind *ask, struct arena *arena)
{
    struct bytes *keys = arena_array(arena, struct bytes, ask->n_released);
    for (size_t i = 0; i < ask->n_released; i++)
        keys[i] = redis_key(ask->released[i], arena);
    return keys;
}

/* Its n-th key, the watched ones after the others. */
static ProtobufCBinaryData key_at(const Tp__CacheFind *ask, size_t nth)
{
    return nth < ask->n_keys ? ask->keys[nth] : ask->watched[nth - ask->n_keys];
}

void result_cache_find(struct cache *cache, const Tp__CacheFind *ask, struct arena *unpacked,
                       struct arena *arena, Tp__CacheFound *found)
{
    *found = (Tp__CacheFound)TP__CACHE_FOUND__INIT;
    found->schema_version = SCHEMA_VERSION;
    size_t count = ask->n_keys + ask->n_watched;
    found->results = arena_array(arena, Tp__CachedResult *, count);
    struct cache_entry *entries = arena_array(arena, struct cache_entry, count);
    for (size_t i = 0; i < count; i++)
        entries[i].key = redis_key(key_at(ask, i), arena);
    if (ask->n_released > 0 || is_leaving(ask))
        claims_release(cache, ask, released_keys(ask, arena), arena);
    cache_find_all(cache, entries, count, arena);
    if (ask->claimant[0] != '\0' && !is_leaving(ask))
        claim(cache, ask, entries, found, arena);
    for (size_t i = 0; i < count; i++) {
        const Tp__CacheFound *kept;
        struct error why;
        if (!is_result(entries[i].value) || entries[i].value.length > KEPT_MAX_BYTES ||
            !unpack_cache_found(unpacked, entries[i].value, &kept, &why) || kept->n_results != 1)
            continue;
        kept->results[0]->nth = (uint32_t)i;
        found->results[found->n_results++] = kept->results[0];
    }
}
