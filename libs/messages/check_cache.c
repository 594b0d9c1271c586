#include "messages/checks.h"

bool check_cache_find(const Tp__CacheFind *message, struct error *why)
{
    if (!check_range("keys", message->n_keys, 1, CHUNK_MAX_POSTS, why))
        return false;
    for (size_t i = 0; i < message->n_keys; i++) {
        if (!check_cache_key(message->keys[i], why))
            return error_prefix(why, "keys[%zu]", i);
    }
    return true;
}

static bool check_found(const Tp__CachedResult *found, struct error *why)
{
    return check_range("nth", found->nth, 0, CHUNK_MAX_POSTS - 1, why) &&
           check_present("result", found->result, why) && check_result(found->result, why);
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
    return true;
}
