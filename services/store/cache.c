#include "cache.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/number.h"
#include "metrics.h"

enum { REST_FIRST_MS = 500, REST_MAX_MS = 10000, VALUE_MAX_BYTES = 512 * 1024 };
enum { MANY_VALUE_MAX_BYTES = 16 * 1024 }; /* of each of many */
enum { DROPPED_S = 10 };                   /* longer than any reading takes */
enum { COMMAND_MAX_WORDS = 8, NUMBER_BYTES = 24 };

struct cache {
    bool is_wanted;
    struct cache_place place;
    redisContext *context; /* NULL = not connected */
    struct instant resting_until;
    int64_t rest_ms;
};

static bool parse_number(const char *text, int64_t min, int64_t max, int *number)
{
    int64_t value;
    if (!number_parse_int(text, &value) || value < min || value > max)
        return false;
    *number = (int)value;
    return true;
}

/* Cuts `text` at the last `mark`; answers what stood behind it, or NULL. */
static char *cut_off(char *text, char mark)
{
    char *at = strrchr(text, mark);
    if (at == NULL)
        return NULL;
    *at = '\0';
    return at + 1;
}

bool cache_parse_url(const char *url, struct cache_place *place, struct error *why)
{
    static const char scheme[] = "redis://";
    *place = (struct cache_place){.port = 6379};
    char rest[600];
    if (strncmp(url, scheme, strlen(scheme)) != 0 || strlen(url) >= sizeof rest)
        return error_set(why, ERROR_INVALID, "must be redis://[:password@]host[:port][/database]");
    snprintf(rest, sizeof rest, "%s", url + strlen(scheme));
    char *place_part = cut_off(rest, '@');
    const char *password = "";
    if (place_part == NULL) {
        place_part = rest;
    } else {
        const char *colon = strchr(rest, ':');
        password = colon != NULL ? colon + 1 : rest;
    }
    const char *database = cut_off(place_part, '/');
    const char *port = cut_off(place_part, ':');
    if (database != NULL && database[0] != '\0' &&
        !parse_number(database, 0, 1000, &place->database))
        return error_set(why, ERROR_INVALID, "the database must be a number from 0 to 1000");
    if (port != NULL && !parse_number(port, 1, 65535, &place->port))
        return error_set(why, ERROR_INVALID, "the port must be a number from 1 to 65535");
    if (place_part[0] == '\0' || strlen(place_part) >= sizeof place->host ||
        strlen(password) >= sizeof place->password)
        return error_set(why, ERROR_INVALID, "the host is missing, or something is too long");
    snprintf(place->host, sizeof place->host, "%s", place_part);
    snprintf(place->password, sizeof place->password, "%s", password);
    return true;
}

struct cache *cache_new(const struct cache_place *place)
{
    struct cache *cache = calloc(1, sizeof *cache);
    CHECK(cache != NULL);
    cache->is_wanted = place != NULL;
    if (place != NULL)
        cache->place = *place;
    cache->rest_ms = REST_FIRST_MS;
    return cache;
}

static void hang_up(struct cache *cache)
{
    if (cache->context != NULL)
        redisFree(cache->context);
    cache->context = NULL;
}

void cache_free(struct cache **cache)
{
    if (*cache == NULL)
        return;
    hang_up(*cache);
    free(*cache);
    *cache = NULL;
}

static void count_many(const char *result, size_t many)
{
    metric_add(metrics_with(metrics_of_store()->redis, METRIC_VALUES(result)), (double)many);
}

static void count(const char *result)
{
    count_many(result, 1);
}

static void observe(const char *command, struct instant began)
{
    struct metric *seconds =
        metrics_with(metrics_of_store()->redis_seconds, METRIC_VALUES(command));
    metric_observe(seconds, (double)(clock_now().ns - began.ns) / 1e9);
}

/* After any failure the context is dead, and reconnecting by the library would lose its timeout:
 * a new one is made when the rest is over. */
static void rest(struct cache *cache)
{
    hang_up(cache);
    count("error");
    cache->resting_until = instant_plus_ms(clock_now(), cache->rest_ms);
    cache->rest_ms = cache->rest_ms * 2 < REST_MAX_MS ? cache->rest_ms * 2 : REST_MAX_MS;
}

/* Frees the reply; was it a good one? */
static bool was_fine(redisReply *reply)
{
    bool is_fine = reply != NULL && reply->type != REDIS_REPLY_ERROR;
    freeReplyObject(reply);
    return is_fine;
}

static bool is_value(const redisReply *reply, size_t most)
{
    return reply->type == REDIS_REPLY_STRING && reply->len > 0 && (size_t)reply->len <= most;
}

static bool greet(struct cache *cache)
{
    const struct cache_place *place = &cache->place;
    if (place->password[0] != '\0' &&
        !was_fine(redisCommand(cache->context, "AUTH %s", place->password)))
        return false;
    return place->database == 0 ||
           was_fine(redisCommand(cache->context, "SELECT %d", place->database));
}

static bool is_connected(struct cache *cache)
{
    if (!cache->is_wanted)
        return false;
    if (cache->context != NULL)
        return true;
    if (instant_is_before(clock_now(), cache->resting_until))
        return false;
    const struct timeval timeout = {.tv_sec = cache->place.timeout_ms / 1000,
                                    .tv_usec = cache->place.timeout_ms % 1000 * 1000};
    cache->context = redisConnectWithTimeout(cache->place.host, cache->place.port, timeout);
    if (cache->context == NULL || cache->context->err != 0 ||
        redisSetTimeout(cache->context, timeout) != REDIS_OK || !greet(cache)) {
        rest(cache);
        return false;
    }
    cache->rest_ms = REST_FIRST_MS;
    return true;
}

bool cache_find(struct cache *cache, const char *key, struct arena *arena, struct bytes *value)
{
    if (!is_connected(cache))
        return false;
    redisReply *reply = redisCommand(cache->context, "GET %s", key);
    if (reply == NULL) {
        rest(cache);
        return false;
    }
    bool is_hit = is_value(reply, VALUE_MAX_BYTES);
    if (is_hit)
        *value = (struct bytes){(uint8_t *)arena_bytes(arena, reply->str, (size_t)reply->len),
                                (size_t)reply->len};
    count(is_hit ? "hit" : reply->type == REDIS_REPLY_ERROR ? "error" : "miss");
    freeReplyObject(reply);
    return is_hit;
}

void cache_keep(struct cache *cache, const char *key, struct bytes value, int life_s)
{
    if (value.length > VALUE_MAX_BYTES || !is_connected(cache))
        return;
    redisReply *reply =
        redisCommand(cache->context, "SET %s %b EX %d NX", key, value.at, value.length, life_s);
    if (reply == NULL) {
        rest(cache);
        return;
    }
    count(reply->type == REDIS_REPLY_ERROR ? "error" : "kept"); /* a full Redis says -OOM */
    freeReplyObject(reply);
}

/* An empty value stands for none, and keeps others from being kept. */
void cache_drop(struct cache *cache, const char *key)
{
    if (!is_connected(cache))
        return;
    redisReply *reply =
        redisCommand(cache->context, "SET %s %b EX %d", key, "", (size_t)0, DROPPED_S);
    if (reply == NULL) {
        rest(cache);
        return;
    }
    count(reply->type == REDIS_REPLY_ERROR ? "error" : "dropped");
    freeReplyObject(reply);
}

/* ---- many at once ---- */

static struct bytes bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* {NULL, 0} if it is none. */
static struct bytes value_of(const redisReply *reply, struct arena *arena)
{
    if (!is_value(reply, MANY_VALUE_MAX_BYTES))
        return (struct bytes){0};
    size_t length = (size_t)reply->len;
    return (struct bytes){(const uint8_t *)arena_bytes(arena, reply->str, length), length};
}

static void take_values(const redisReply *reply, struct cache_entry *entries, size_t many,
                        struct arena *arena)
{
    size_t hits = 0;
    for (size_t i = 0; i < many; i++) {
        entries[i].value = value_of(reply->element[i], arena);
        hits += entries[i].value.at != NULL;
    }
    count_many("hit", hits);
    count_many("miss", many - hits);
}

void cache_find_all(struct cache *cache, struct cache_entry *entries, size_t many,
                    struct arena *arena)
{
    for (size_t i = 0; i < many; i++)
        entries[i].value = (struct bytes){0};
    if (many == 0 || !is_connected(cache))
        return;
    const char **words = arena_array(arena, const char *, many + 1);
    size_t *lengths = arena_array(arena, size_t, many + 1);
    words[0] = "MGET";
    lengths[0] = strlen(words[0]);
    for (size_t i = 0; i < many; i++) {
        words[i + 1] = (const char *)entries[i].key.at;
        lengths[i + 1] = entries[i].key.length;
    }
    struct instant began = clock_now();
    redisReply *reply = redisCommandArgv(cache->context, (int)many + 1, words, lengths);
    observe("find", began);
    if (reply == NULL) {
        rest(cache);
        return;
    }
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == many)
        take_values(reply, entries, many, arena);
    else
        count("error");
    freeReplyObject(reply);
}

/* Without waiting: redisGetReply() answers to each. */
static bool append(struct cache *cache, const struct bytes *words, size_t count)
{
    const char *starts[COMMAND_MAX_WORDS];
    size_t lengths[COMMAND_MAX_WORDS];
    CHECK(count <= COMMAND_MAX_WORDS);
    for (size_t i = 0; i < count; i++) {
        starts[i] = (const char *)words[i].at;
        lengths[i] = words[i].length;
    }
    return redisAppendCommandArgv(cache->context, (int)count, starts, lengths) == REDIS_OK;
}

void cache_put_all(struct cache *cache, const struct cache_entry *entries, size_t many, int life_s)
{
    if (many == 0 || !is_connected(cache))
        return;
    struct instant began = clock_now();
    char life[NUMBER_BYTES];
    snprintf(life, sizeof life, "%d", life_s);
    for (size_t i = 0; i < many; i++) {
        const struct bytes words[] = {bytes_of("SET"), entries[i].key, entries[i].value,
                                      bytes_of("EX"), bytes_of(life)};
        if (!append(cache, words, sizeof words / sizeof words[0])) {
            rest(cache);
            return;
        }
    }
    for (size_t i = 0; i < many; i++) {
        void *reply;
        if (redisGetReply(cache->context, &reply) != REDIS_OK) {
            rest(cache);
            return;
        }
        count(was_fine(reply) ? "kept" : "error");
    }
    observe("put", began);
}

static bool append_claims(struct cache *cache, const struct cache_claim *claim,
                          const struct cache_entry *entries, size_t many)
{
    char sign_ms[NUMBER_BYTES], mark_ms[NUMBER_BYTES];
    snprintf(sign_ms, sizeof sign_ms, "%" PRId64, claim->sign_ms);
    snprintf(mark_ms, sizeof mark_ms, "%" PRId64, claim->mark_ms);
    const struct bytes sign[] = {bytes_of("SET"), claim->sign, bytes_of("1"), bytes_of("PX"),
                                 bytes_of(sign_ms)};
    bool is_appended = append(cache, sign, sizeof sign / sizeof sign[0]);
    for (size_t i = 0; i < many && is_appended; i++) {
        const struct bytes words[] = {bytes_of("SET"), entries[i].key,    claim->mark,
                                      bytes_of("PX"),  bytes_of(mark_ms), bytes_of("NX"),
                                      bytes_of("GET")};
        is_appended = append(cache, words, sizeof words / sizeof words[0]);
    }
    return is_appended;
}

bool cache_claim_all(struct cache *cache, const struct cache_claim *claim,
                     struct cache_entry *entries, size_t many, struct arena *arena)
{
    if (!is_connected(cache))
        return false;
    struct instant began = clock_now();
    bool is_answered = append_claims(cache, claim, entries, many), is_known = true;
    for (size_t i = 0; i < many + 1 && is_answered; i++) {
        redisReply *reply = NULL;
        is_answered = redisGetReply(cache->context, (void **)&reply) == REDIS_OK;
        if (!is_answered)
            break;
        if (i > 0) /* the first is of the sign */
            entries[i - 1].value = value_of(reply, arena);
        is_known &= reply->type == (i > 0 ? REDIS_REPLY_NIL : REDIS_REPLY_STATUS) ||
                    is_value(reply, MANY_VALUE_MAX_BYTES);
        freeReplyObject(reply);
    }
    if (!is_answered)
        rest(cache);
    observe("claim", began);
    count(is_answered && is_known ? "claim" : "error");
    return is_answered && is_known;
}

static void add_word(const char **words, size_t *lengths, size_t *count, struct bytes word)
{
    words[*count] = (const char *)word.at;
    lengths[(*count)++] = word.length;
}

static bool take_numbers(const redisReply *reply, int64_t *answers, size_t many)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != many)
        return false;
    for (size_t i = 0; i < many; i++) {
        if (reply->element[i]->type != REDIS_REPLY_INTEGER)
            return false;
        answers[i] = reply->element[i]->integer;
    }
    return true;
}

bool cache_run(struct cache *cache, const struct cache_script *script, const struct bytes *keys,
               size_t many, int64_t *answers, struct arena *arena)
{
    if (!is_connected(cache))
        return false;
    const size_t most = 3 + many + script->word_count;
    const char **words = arena_array(arena, const char *, most);
    size_t *lengths = arena_array(arena, size_t, most), used = 0;
    add_word(words, lengths, &used, bytes_of("EVAL"));
    add_word(words, lengths, &used, bytes_of(script->text));
    add_word(words, lengths, &used, bytes_of(arena_format(arena, "%zu", many)));
    for (size_t i = 0; i < many; i++)
        add_word(words, lengths, &used, keys[i]);
    for (size_t i = 0; i < script->word_count; i++)
        add_word(words, lengths, &used, bytes_of(script->words[i]));
    struct instant began = clock_now();
    redisReply *reply = redisCommandArgv(cache->context, (int)used, words, lengths);
    observe(script->name, began);
    if (reply == NULL) {
        rest(cache);
        return false;
    }
    bool has_run = take_numbers(reply, answers, many);
    count(has_run ? script->name : "error");
    freeReplyObject(reply);
    return has_run;
}

void cache_remove_all(struct cache *cache, const struct bytes *keys, size_t many,
                      struct arena *arena)
{
    if (many == 0 || !is_connected(cache))
        return;
    const char **words = arena_array(arena, const char *, many + 1);
    size_t *lengths = arena_array(arena, size_t, many + 1), used = 0;
    add_word(words, lengths, &used, bytes_of("DEL"));
    for (size_t i = 0; i < many; i++)
        add_word(words, lengths, &used, keys[i]);
    redisReply *reply = redisCommandArgv(cache->context, (int)used, words, lengths);
    if (reply == NULL)
        rest(cache);
    else if (!was_fine(reply))
        count("error");
}
