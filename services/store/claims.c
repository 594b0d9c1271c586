#include "claims.h"

#include <string.h>

#define PREFIX "tp:fly:"
enum { PREFIX_BYTES = sizeof PREFIX - 1 };

/* KEYS: tp:fly:... of the posts. ARGV: claimant, life, how long it counts as heard, and how many
 * of the first keys are to be claimed. The numbers are those of enum claim_state. */
static const char MAKE[] =
    "local me, heard = ARGV[1], {}\n"
    "redis.call('SET', 'tp:heard:' .. me, '1', 'PX', ARGV[3])\n"
    "local function is_heard(who)\n"
    "  if heard[who] == nil then heard[who] = redis.call('EXISTS', 'tp:heard:' .. who) == 1 end\n"
    "  return heard[who]\n"
    "end\n"
    "local states = {}\n"
    "for i, key in ipairs(KEYS) do\n"
    "  local who = redis.call('GET', key)\n"
    "  if redis.call('EXISTS', 'tp:post:' .. string.sub(key, 8)) == 1 then states[i] = 3\n"
    "  elseif who and who ~= me and is_heard(who) then states[i] = 2\n"
    "  elseif who == me or i > tonumber(ARGV[4]) then states[i] = 0\n"
    "  else\n"
    "    redis.call('SET', key, me, 'PX', ARGV[2])\n"
    "    states[i] = 1\n"
    "  end\n"
    "end\n"
    "return states\n";

static const char RELEASE[] = "local ended = {}\n"
                              "for i, key in ipairs(KEYS) do\n"
                              "  ended[i] = 0\n"
                              "  if redis.call('GET', key) == ARGV[1] then\n"
                              "    ended[i] = redis.call('DEL', key)\n"
                              "  end\n"
                              "end\n"
                              "return ended\n";

static const char LEAVE[] = "redis.call('DEL', 'tp:heard:' .. ARGV[1])\n"
                            "return {}\n";

static struct bytes redis_key(ProtobufCBinaryData key, struct arena *arena)
{
    uint8_t *made = arena_new(arena, PREFIX_BYTES + key.len);
    memcpy(made, PREFIX, PREFIX_BYTES);
    memcpy(made + PREFIX_BYTES, key.data, key.len);
    return (struct bytes){made, PREFIX_BYTES + key.len};
}

ProtobufCBinaryData claims_key(const Tp__CacheFind *ask, size_t nth)
{
    return nth < ask->n_keys ? ask->keys[nth] : ask->watched[nth - ask->n_keys];
}

void claims_make(struct cache *cache, const Tp__CacheFind *ask, const size_t *nths, size_t count,
                 enum claim_state *states, struct arena *arena)
{
    struct bytes *keys = arena_array(arena, struct bytes, count);
    int64_t *answers = arena_array(arena, int64_t, count);
    size_t to_claim = 0;
    for (size_t i = 0; i < count; i++) {
        keys[i] = redis_key(claims_key(ask, nths[i]), arena);
        to_claim += nths[i] < ask->n_keys;
    }
    const char *words[] = {ask->claimant, arena_format(arena, "%u", ask->claim_ms),
                           arena_format(arena, "%d", CLAIMANT_HEARD_MS),
                           arena_format(arena, "%zu", to_claim)};
    const struct cache_script script = {"claim", MAKE, words, sizeof words / sizeof words[0]};
    bool has_run = cache_run(cache, &script, keys, count, answers, arena);
    for (size_t i = 0; i < count; i++)
        states[i] = has_run ? (enum claim_state)answers[i] : CLAIM_NONE;
}

void claims_release(struct cache *cache, const Tp__CacheFind *ask, struct arena *arena)
{
    const char *words[] = {ask->claimant};
    size_t count = ask->n_released;
    int64_t *answers = arena_array(arena, int64_t, count);
    struct bytes *keys = arena_array(arena, struct bytes, count);
    for (size_t i = 0; i < count; i++)
        keys[i] = redis_key(ask->released[i], arena);
    const struct cache_script release = {"release", RELEASE, words, 1},
                              leave = {"leave", LEAVE, words, 1};
    bool is_done = count == 0 || cache_run(cache, &release, keys, count, answers, arena);
    if (ask->claim_ms == 0)
        is_done = cache_run(cache, &leave, NULL, 0, NULL, arena) && is_done;
    (void)is_done; /* else they end by themselves */
}

void claims_end(struct cache *cache, const ProtobufCBinaryData *keys, size_t count,
                struct arena *arena)
{
    struct bytes *names = arena_array(arena, struct bytes, count);
    for (size_t i = 0; i < count; i++)
        names[i] = redis_key(keys[i], arena);
    cache_remove_all(cache, names, count, arena);
}
