#include "messages/checks.h"

enum { CLAIM_MAX_MS = 3600 * 1000 };

static bool check_keys(const char *field, const ProtobufCBinaryData *keys, size_t count,
                       struct error *why)
{
    for (size_t i = 0; i < count; i++) {
        if (!check_cache_key(keys[i], why))
            return error_prefix(why, "%s[%zu]", field, i);
    }
    return true;
}

/* Without a claimant nothing is claimed, and so nothing watched. */
static bool check_asks_at_all(const Tp__CacheFind *message, struct error *why)
{
    if (message->claimant[0] != '\0')
        return check_name("claimant", message->claimant, NAME_MAX_BYTES, why);
    return check_range("keys", message->n_keys, 1, CHUNK_MAX_POSTS, why) &&
           check_range("claim_ms", message->claim_ms, 0, 0, why) &&
           check_range("watched", message->n_watched, 0, 0, why) &&
           check_range("released", message->n_released, 0, 0, why);
}

bool check_cache_find(const Tp__CacheFind *message, struct error *why)
{
    return check_asks_at_all(message, why) &&
           check_range("keys", message->n_keys, 0, CHUNK_MAX_POSTS, why) &&
           check_range("watched", message->n_watched, 0, CHUNK_MAX_POSTS - message->n_keys, why) &&
           check_range("released", message->n_released, 0, CHUNK_MAX_POSTS, why) &&
           check_range("claim_ms", message->claim_ms, 0, CLAIM_MAX_MS, why) &&
           check_keys("keys", message->keys, message->n_keys, why) &&
           check_keys("watched", message->watched, message->n_watched, why) &&
           check_keys("released", message->released, message->n_released, why);
}

static bool check_found(const Tp__CachedResult *found, struct error *why)
{
    return check_range("nth", found->nth, 0, CHUNK_MAX_POSTS - 1, why) &&
           check_present("result", found->result, why) && check_result(found->result, why);
}

static bool check_growing(const char *field, const uint32_t *numbers, size_t count,
                          struct error *why)
{
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] >= CHUNK_MAX_POSTS || (i > 0 && numbers[i] <= numbers[i - 1]))
            return error_set(why, ERROR_INVALID, "%s[%zu]: must grow, below %d", field, i,
                             CHUNK_MAX_POSTS);
    }
    return true;
}

bool check_cache_found(const Tp__CacheFound *message, struct error *why)
{
    if (!check_range("results", message->n_results, 0, CHUNK_MAX_POSTS, why))
        return false;
    for (size_t i = 0; i < message->n_results; i++) {
        if (!check_found(message->results[i], why))
            return error_prefix(why, "results[%zu]", i);
        if (i > 0 && message->results[i]->nth <= message->results[i - 1]->nth)
            return error_set(why, ERROR_INVALID, "results[%zu]: nth: must grow", i);
    }
    return check_growing("claimed", message->claimed, message->n_claimed, why) &&
           check_growing("flying", message->flying, message->n_flying, why);
}
