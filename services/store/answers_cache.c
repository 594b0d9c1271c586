/* What the analyzers ask before they ask an LLM. Of Redis alone: Postgres may be away. */
#include "questions.h"
#include "result_cache.h"

bool answer_cache_find(struct desk *desk, struct bytes bytes, struct bytes *reply,
                       struct error *why)
{
    const Tp__CacheFind *ask;
    if (!unpack_cache_find(desk->asked, bytes, &ask, why))
        return false;
    Tp__CacheFound found;
    result_cache_find(desk->cache, ask, desk->asked, desk->arena, &found);
    *reply = pack_cache_found(desk->arena, &found);
    return true;
}
