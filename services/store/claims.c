#include "claims.h"

#include <string.h>

/* What no packed message begins with: a field of a kind that there is not. */
#define MARK "?"
#define SIGN_PREFIX "tp:heard:"

/* KEYS: of posts that another one had marked. ARGV: the claimant's mark, its life, and how many of
 * the first keys are to be claimed. The numbers are those of enum claim_state. */
static const char CONTEST[] =
    "local me, heard, states = ARGV[1], {}, {}\n"
    "local function is_heard(mark)\n"
    "  if heard[mark] == nil then\n"
    "    heard[mark] = redis.call('EXISTS', '" SIGN_PREFIX "' .. string.sub(mark, 2)) == 1\n"
    "  end\n"
    "  return heard[mark]\n"
    "end\n"
    "for i, key in ipairs(KEYS) do\n"
    "  local there = redis.call('GET', key)\n"
    "  if there and string.sub(there, 1, 1) ~= '" MARK "' then states[i] = 2\n"
    "  elseif there and there ~= me and is_heard(there) then states[i] = 2\n"
    "  elseif there == me or i > tonumber(ARGV[3]) then states[i] = 0\n"
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

static struct bytes bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static const char *mark_of(const Tp__CacheFind *ask, struct arena *arena)
{
    return arena_format(arena, MARK "%s", ask->claimant);
}

static struct bytes sign_of(const Tp__CacheFind *ask, struct arena *arena)
{
    return bytes_of(arena_format(arena, SIGN_PREFIX "%s", ask->claimant));
}

bool claims_is_mark(struct bytes value)
{
    return value.length > 0 && value.at[0] == MARK[0];
}

/* ---- to claim ---- */

/* A question, and what is found out about each of its posts. */
struct claiming {
    struct cache *cache;
    const Tp__CacheFind *ask;
    struct cache_entry *entries;
    enum claim_state *states;
    const char *mark;
    struct arena *arena;
};

/* Of what had nothing. What has come since, a result or another's mark, is in the entry then. */
static bool claim_free(const struct claiming *claiming)
{
    size_t most = claiming->ask->n_keys, count = 0;
    struct cache_entry *wanted = arena_array(claiming->arena, struct cache_entry, most);
    size_t *nths = arena_array(claiming->arena, size_t, most);
    for (size_t i = 0; i < most; i++) {
        if (claiming->entries[i].value.at != NULL)
            continue;
        nths[count] = i;
        wanted[count++].key = claiming->entries[i].key;
    }
    const struct cache_claim claim = {.sign = sign_of(claiming->ask, claiming->arena),
                                      .sign_ms = CLAIMANT_HEARD_MS,
                                      .mark = bytes_of(claiming->mark),
                                      .mark_ms = claiming->ask->claim_ms};
    if (!cache_claim_all(claiming->cache, &claim, wanted, count, claiming->arena))
        return false;
    for (size_t i = 0; i < count; i++) {
        claiming->entries[nths[i]].value = wanted[i].value;
        if (wanted[i].value.at == NULL)
            claiming->states[nths[i]] = CLAIM_MADE;
    }
    return true;
}

static bool is_anothers(struct bytes value, const char *mark)
{
    return claims_is_mark(value) &&
           (value.length != strlen(mark) || memcmp(value.at, mark, value.length) != 0);
}

/* Of what others have marked: those who are heard no more lose it. */
static void contest(const struct claiming *claiming)
{
    size_t most = claiming->ask->n_keys + claiming->ask->n_watched, count = 0, to_claim = 0;
    struct bytes *keys = arena_array(claiming->arena, struct bytes, most);
    size_t *nths = arena_array(claiming->arena, size_t, most);
    for (size_t i = 0; i < most; i++) {
        if (!is_anothers(claiming->entries[i].value, claiming->mark))
            continue;
        nths[count] = i;
        keys[count++] = claiming->entries[i].key;
        to_claim += i < claiming->ask->n_keys;
    }
    if (count == 0)
        return;
    int64_t *answers = arena_array(claiming->arena, int64_t, count);
    const char *words[] = {claiming->mark,
                           arena_format(claiming->arena, "%u", claiming->ask->claim_ms),
                           arena_format(claiming->arena, "%zu", to_claim)};
    const struct cache_script script = {"contest", CONTEST, words, sizeof words / sizeof words[0]};
    if (!cache_run(claiming->cache, &script, keys, count, answers, claiming->arena))
        return;
    for (size_t i = 0; i < count; i++)
        claiming->states[nths[i]] = (enum claim_state)answers[i];
}

void claims_make(struct cache *cache, const Tp__CacheFind *ask, struct cache_entry *entries,
                 enum claim_state *states, struct arena *arena)
{
    const struct claiming claiming = {cache, ask, entries, states, mark_of(ask, arena), arena};
    for (size_t i = 0; i < ask->n_keys + ask->n_watched; i++)
        states[i] = CLAIM_NONE;
    if (claim_free(&claiming))
        contest(&claiming);
}

/* ---- to end claims ---- */

void claims_release(struct cache *cache, const Tp__CacheFind *ask, const struct bytes *keys,
                    struct arena *arena)
{
    const char *words[] = {mark_of(ask, arena)};
    int64_t *answers = arena_array(arena, int64_t, ask->n_released);
    const struct cache_script release = {"release", RELEASE, words, 1};
    bool is_done =
        ask->n_released == 0 || cache_run(cache, &release, keys, ask->n_released, answers, arena);
    (void)is_done; /* else they end by themselves */
    if (ask->claim_ms == 0) {
        const struct bytes sign = sign_of(ask, arena);
        cache_remove_all(cache, &sign, 1, arena);
    }
}
