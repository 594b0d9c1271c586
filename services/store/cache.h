/* Redis as a cache in front of Postgres: what hardly changes any more, and keys' principals for a
 * short while. For one thread.
 *
 * It is never needed: without it, or while it is away, every look-up misses and every write is
 * dropped. A command waits 50 ms at most; after a failure Redis is left alone for a while. Values
 * are packed messages; whoever reads one checks it as if it came from outside.
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
};

/* redis://[:password@]host[:port][/database]; ERROR_INVALID says what is wrong, never the
 * password. */
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
