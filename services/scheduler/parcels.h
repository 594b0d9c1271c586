/* Granted dispatches, packed and kept until somebody has their permit: they may have to be
 * published again. One per chunk; a later grant of the chunk takes the place of the earlier one.
 * One thread; the parcels own their bytes. */
#pragma once

#include "base/bytes.h"
#include "core/facts.h"

struct parcels;

struct parcels *parcels_new(void);
void parcels_free(struct parcels **parcels);

/* Copies the bytes. */
void parcels_keep(struct parcels *parcels, const struct attempt_id *id, struct bytes packed);
/* Lent until the next call; at == NULL if there is none for this attempt. */
struct bytes parcels_find(const struct parcels *parcels, const struct attempt_id *id);
void parcels_drop(struct parcels *parcels, const struct attempt_id *id);
void parcels_drop_all(struct parcels *parcels);
