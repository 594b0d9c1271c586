/* The whole core under load, with nothing around it: what a decision costs, and a waiting job.
 *
 *   struct load_result result = load_run(&(struct load){.users = 1000000, .tenants = 100, ...});
 *
 * All users wait, with one job each; slots serve them as fast as the core says. A *decision* is one
 * chunk's whole way through the core: granted and charged, dispatched, permitted, its outcome heard
 * and its commit applied. What is counted is checked against what was asked for. One thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/core.h"

struct load {
    enum fairness fairness;
    uint32_t users, tenants, chunks; /* of each user */
    uint32_t decisions;
};

struct load_result {
    uint64_t decisions, actions;
    double seconds;             /* of processor time, for these */
    double bytes_per_job;       /* of heap, while all wait */
    double fill_ns;             /* for each job that came */
    uint64_t users_served;      /* different ones */
    uint64_t least_of, most_of; /* chunks, of the tenants with the least and the most */
};

struct load_result load_run(const struct load *load);
