/* Redis as a cache: in front of Postgres, of what hardly changes any more and of keys' principals
 * for a short while; and of posts' results. For one thread.
 *
 * It is never needed: without it, or while it is away, every look-up misses and every write is
 * dropped. A command waits `timeout_ms` at most; after a failure Redis is left alone for a while.
 * Values are packed messages; whoever reads one checks it as if it came from outside.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

struct cache;

struct cache_place {
    char host[256];
    int port;
    int database;
    char password[256]; /* "" = none */
    int timeout_ms;     /* of each step; beyond it nothing was found, and Redis is left alone */
};

/* redis://[:password@]host[:port][/database], the time being the caller's; ERROR_INVALID says what
 * is wrong, never the password. */
MUST_USE bool cache_parse_url(const char *url, struct cache_place *place, struct error *why);

/* place NULL = no cache at all. Copies. */
struct cache *cache_new(const struct cache_place *place);
void cache_free(struct cache **cache);

bool cache_find(struct cache *cache, const char *key, struct arena *arena, struct bytes *value);
/* What is there already stays. */
void cache_keep(struct cache *cache, const char *key, struct bytes value, int life_s);
/* It is not true any more. Nor is it kept again for some seconds: what was read before the drop may
 * still be on its way here. */
void cache_drop(struct cache *cache, const char *key);

/* Many at once, in one round trip. Lent. */
struct cache_entry {
    struct bytes key, value;
};
/* Fills in the values by their keys; `at` is NULL where nothing is kept, or more than 16 KiB. They
 * live in the arena. */
void cache_find_all(struct cache *cache, struct cache_entry *entries, size_t count,
                    struct arena *arena);
/* Whatever was there before. */
void cache_put_all(struct cache *cache, const struct cache_entry *entries, size_t count,
                   int life_s);

/* Whoever claims puts `mark` under keys that have nothing, and is heard as long as `sign` is there.
 */
struct cache_claim {
    struct bytes sign, mark;
    int64_t sign_ms, mark_ms; /* how long they stay */
};
/* Puts the sign, then the mark wherever it can, and fills in the values: `at` is NULL where nothing
 * was, so that the mark is there now. They live in the arena. In one round trip. False: nobody
 * knows what was put. */
MUST_USE bool cache_claim_all(struct cache *cache, const struct cache_claim *claim,
                              struct cache_entry *entries, size_t count, struct arena *arena);

/* A step that Redis takes as a whole: it sees the words and the keys, and must answer one whole
 * number for each key. */
struct cache_script {
    const char *name; /* in the metrics */
    const char *text;
    const char *const *words;
    size_t word_count;
};
/* In one round trip. False: it has not run, or not to its end, or nobody knows. */
MUST_USE bool cache_run(struct cache *cache, const struct cache_script *script,
                        const struct bytes *keys, size_t count, int64_t *answers,
                        struct arena *arena);
void cache_remove_all(struct cache *cache, const struct bytes *keys, size_t count,
                      struct arena *arena);
