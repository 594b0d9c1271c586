#include "parcels.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/check.h"

struct parcel_key {
    char job_id[JOB_ID_SIZE];
    uint32_t chunk_number;
};

struct parcel {
    UT_hash_handle hh;
    struct parcel_key key;
    uint32_t attempt;
    size_t length;
    uint8_t bytes[];
};

struct parcels {
    struct parcel *table;
};

static struct parcel *find(const struct parcels *parcels, const struct attempt_id *id)
{
    struct parcel_key key;
    memset(&key, 0, sizeof key); /* the padding is part of the key */
    strcpy(key.job_id, id->job_id);
    key.chunk_number = id->chunk_number;
    struct parcel *found = NULL;
    HASH_FIND(hh, parcels->table, &key, sizeof key, found);
    return found;
}

static void drop(struct parcels *parcels, struct parcel *parcel)
{
    HASH_DEL(parcels->table, parcel);
    free(parcel);
}

struct parcels *parcels_new(void)
{
    struct parcels *parcels = calloc(1, sizeof *parcels);
    CHECK(parcels);
    return parcels;
}

void parcels_free(struct parcels **parcels)
{
    if (*parcels == NULL)
        return;
    parcels_drop_all(*parcels);
    free(*parcels);
    *parcels = NULL;
}

void parcels_keep(struct parcels *parcels, const struct attempt_id *id, struct bytes packed)
{
    struct parcel *earlier = find(parcels, id);
    if (earlier)
        drop(parcels, earlier);
    struct parcel *parcel = calloc(1, sizeof *parcel + packed.length);
    CHECK(parcel);
    strcpy(parcel->key.job_id, id->job_id);
    parcel->key.chunk_number = id->chunk_number;
    parcel->attempt = id->attempt;
    parcel->length = packed.length;
    memcpy(parcel->bytes, packed.at, packed.length);
    HASH_ADD(hh, parcels->table, key, sizeof parcel->key, parcel);
}

struct bytes parcels_find(const struct parcels *parcels, const struct attempt_id *id)
{
    const struct parcel *found = find(parcels, id);
    if (!found || found->attempt != id->attempt)
        return (struct bytes){0};
    return (struct bytes){found->bytes, found->length};
}

void parcels_drop(struct parcels *parcels, const struct attempt_id *id)
{
    struct parcel *found = find(parcels, id);
    if (found && found->attempt == id->attempt)
        drop(parcels, found);
}

void parcels_drop_all(struct parcels *parcels)
{
    struct parcel *parcel, *next;
    HASH_ITER (hh, parcels->table, parcel, next)
        drop(parcels, parcel);
}
