#include "near.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* Names are long: uthash's own function takes several times as long over them. */
#define HASH_FUNCTION(name, length, hash) ((hash) = (unsigned)XXH3_64bits(name, length))
#include <uthash.h>
#include <utlist.h>

#include "base/check.h"

enum {
    LARGEST_PART = 100,
    BLOCK_BYTES = 16, /* of the allocator, for each block */
    BUCKET_BYTES = 8, /* of the index: it doubles at ten entries a bucket */
    BEGINNING_BYTES = CACHE_KEY_BYTES + NEAR_CUT_LEAST_BYTES,
};

struct beginning {
    UT_hash_handle hh;
    struct source *sources;
    size_t count;
    uint8_t name[BEGINNING_BYTES]; /* scope, first words */
};

struct source {
    UT_hash_handle hh;           /* in the order in which they were last wanted, the oldest first */
    struct beginning *beginning; /* NULL = too short, or cut */
    struct source *prev, *next;  /* of that beginning */
    uint8_t key[CACHE_KEY_BYTES];
    size_t name_bytes;
    uint8_t name[]; /* scope, words, whether they were cut */
};

struct near {
    struct source *sources;
    struct beginning *beginnings;
    size_t bytes, max_bytes;
    struct text name; /* of whom we look for */
};

struct near *near_new(size_t max_bytes)
{
    struct near *near = calloc(1, sizeof *near);
    CHECK(near != NULL);
    near->max_bytes = max_bytes;
    return near;
}

static size_t source_bytes(size_t name_bytes)
{
    return sizeof(struct source) + name_bytes + BLOCK_BYTES + BUCKET_BYTES;
}

enum { ONE_BEGINNING_BYTES = sizeof(struct beginning) + BLOCK_BYTES + BUCKET_BYTES };

static void leave_beginning(struct near *near, struct source *source)
{
    struct beginning *beginning = source->beginning;
    DL_DELETE(beginning->sources, source);
    if (--beginning->count > 0)
        return;
    HASH_DEL(near->beginnings, beginning);
    near->bytes -= ONE_BEGINNING_BYTES;
    free(beginning);
}

static void forget(struct near *near, struct source *source)
{
    CHECK(source !=
          NULL); /* the bytes are those of the sources: while there are any, there is one */
    if (source->beginning != NULL)
        leave_beginning(near, source);
    HASH_DEL(near->sources, source);
    near->bytes -= source_bytes(source->name_bytes);
    free(source);
}

void near_free(struct near **near)
{
    if (*near == NULL)
        return;
    struct source *source, *next;
    HASH_ITER (hh, (*near)->sources, source, next)
        forget(*near, source);
    text_free(&(*near)->name);
    free(*near);
    *near = NULL;
}

/* ---- to keep ---- */

static void name_text(struct near *near, const uint8_t scope[CACHE_KEY_BYTES],
                      const struct near_text *text)
{
    text_clear(&near->name);
    text_add_bytes(&near->name, scope, CACHE_KEY_BYTES);
    text_add_bytes(&near->name, text->words.at, text->words.length);
    text_add_char(&near->name, text->is_cut ? 'c' : 'w');
}

/* By near->name. */
static struct source *find_source(const struct near *near)
{
    struct source *source;
    HASH_FIND(hh, near->sources, near->name.chars, near->name.length, source);
    return source;
}

static struct beginning *find_beginning(const struct near *near)
{
    struct beginning *beginning;
    HASH_FIND(hh, near->beginnings, near->name.chars, BEGINNING_BYTES, beginning);
    return beginning;
}

static void join_beginning(struct near *near, struct source *source)
{
    struct beginning *beginning = find_beginning(near);
    if (beginning == NULL) {
        beginning = calloc(1, sizeof *beginning);
        CHECK(beginning != NULL);
        memcpy(beginning->name, near->name.chars, BEGINNING_BYTES);
        HASH_ADD(hh, near->beginnings, name, BEGINNING_BYTES, beginning);
        near->bytes += ONE_BEGINNING_BYTES;
    }
    DL_APPEND(beginning->sources, source);
    beginning->count++;
    source->beginning = beginning;
}

void near_keep(struct near *near, const uint8_t scope[CACHE_KEY_BYTES],
               const struct near_text *text, const uint8_t key[CACHE_KEY_BYTES])
{
    name_text(near, scope, text);
    struct source *source = find_source(near);
    if (source != NULL)
        forget(near, source);
    size_t bytes = source_bytes(near->name.length);
    if (bytes + ONE_BEGINNING_BYTES > near->max_bytes / LARGEST_PART)
        return;
    while (near->bytes + bytes + ONE_BEGINNING_BYTES > near->max_bytes)
        forget(near, near->sources);
    source = calloc(1, sizeof *source + near->name.length);
    CHECK(source != NULL);
    memcpy(source->key, key, CACHE_KEY_BYTES);
    source->name_bytes = near->name.length;
    memcpy(source->name, near->name.chars, source->name_bytes);
    HASH_ADD_KEYPTR(hh, near->sources, source->name, source->name_bytes, source);
    near->bytes += bytes;
    if (!text->is_cut && text->words.length >= NEAR_CUT_LEAST_BYTES)
        join_beginning(near, source);
}

/* ---- to find ---- */

static size_t words_bytes(const struct source *source)
{
    return source->name_bytes - CACHE_KEY_BYTES - 1;
}

static bool begins_with(const struct source *source, struct piece words)
{
    return words_bytes(source) >= words.length &&
           memcmp(source->name + CACHE_KEY_BYTES, words.at, words.length) == 0;
}

/* Rule 2. */
static struct source *find_whole(const struct near *near, struct piece words)
{
    if (words.length < NEAR_CUT_LEAST_BYTES)
        return NULL;
    struct beginning *beginning = find_beginning(near);
    if (beginning == NULL || beginning->count > NEAR_SAME_BEGINNINGS)
        return NULL;
    struct source *found = NULL, *source;
    DL_FOREACH(beginning->sources, source)
    {
        if (!begins_with(source, words))
            continue;
        if (found != NULL)
            return NULL;
        found = source;
    }
    return found != NULL && 5 * words.length >= 4 * words_bytes(found) ? found : NULL;
}

const uint8_t *near_find(struct near *near, const uint8_t scope[CACHE_KEY_BYTES],
                         const struct near_text *text)
{
    name_text(near, scope, text);
    struct source *source = find_source(near);
    if (source == NULL && text->is_cut)
        source = find_whole(near, text->words);
    if (source == NULL)
        return NULL;
    HASH_DEL(near->sources, source);
    HASH_ADD_KEYPTR(hh, near->sources, source->name, source->name_bytes, source);
    return source->key;
}

size_t near_bytes(const struct near *near)
{
    return near->bytes;
}

size_t near_count(const struct near *near)
{
    return HASH_COUNT(near->sources);
}
