/* The store's ear for questions.
 *
 * One receiver takes them from the broker and lays them on one of three piles; workers, each with
 * its own connections, answer them. Grants and leases have a pile and a worker of their own: they
 * wait for nobody's reading. So has what Redis alone can answer: it is answered while Postgres is
 * away, and needs no connection to it. A question whose asker no longer waits is dropped; when a
 * pile is full the answer is UNAVAILABLE at once.
 */
#pragma once

#include "bus/bus.h"
#include "cache.h"
#include "outbox.h"
#include "questions.h"

struct rpc;

struct rpc_options {
    struct bus *bus;
    struct outbox *outbox;
    struct db_vitals *vitals;
    struct queue_limits *limits;
    const struct cache_place *cache;   /* NULL = none; lent */
    const struct cache_place *results; /* the same place, or NULL: results of posts are not kept */
    int workers;     /* those with a connection: at least 2, the first is the leader's */
    int64_t idle_ms; /* a connection unused for so long is closed */
};
struct rpc *rpc_start(const struct rpc_options *options);
/* Answers what has been taken. */
void rpc_stop(struct rpc **rpc);
