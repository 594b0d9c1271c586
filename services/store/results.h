/* The workers that commit outcomes from RESULTS: take what is there, commit, tell, ack.
 *
 * Each has its own connection and its own pull on the durable consumer. While Postgres is away
 * they take nothing. What cannot be committed ever is terminated, one poison message never holds
 * up the rest of its batch.
 */
#pragma once

#include "bus/bus.h"
#include "cache.h"
#include "db.h"
#include "outbox.h"

struct results;

struct results_options {
    struct bus *bus;
    struct outbox *outbox;
    struct db_vitals *vitals;
    const struct cache_place *cache; /* NULL = none; lent */
    int result_life_s;               /* how long Redis keeps posts' results; 0 = not at all */
    double audit_share;              /* of the calls: 0..1 */
    int workers;
    int64_t idle_ms; /* a connection unused for so long is closed */
};
struct results *results_start(const struct results_options *options);
/* Finishes the batch in hand. */
void results_stop(struct results **results);
