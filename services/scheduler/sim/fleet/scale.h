/* How large the simulated fleet is, and how long things take in it: microseconds. */
#pragma once

#include <stdint.h>

#define MS INT64_C(1000)
#define SECOND (1000 * MS)
#define FOREVER INT64_MAX

enum {
    USERS = 9,
    TENANTS = 2, /* a user's number says whose it is */
    ENDPOINTS = 2,
    OF_TENANT = ENDPOINTS,   /* behind the limits of the endpoints: those of each tenant, .. */
    OF_USER = OF_TENANT + 1, /* and of each user that has some */
    KINDS_OF_LIMITS = OF_USER + 1,
    MOST_JOBS_EVER = 150, /* with those that heal */
    HEALING_FROM = 100,   /* number of a job that heals: so many more, each time */
    LANES = 5,            /* as the core numbers them: normal, interactive, those of bursts */
    BURST_LANE = 2,
    MOST_AT_ONCE = 3, /* chunks of a user, where there are bursts */
    JOBS_PER_USER = 5,
    POSTS_PER_JOB = 14,
    POSTS_PER_CHUNK = 5,
    CHUNKS_PER_JOB = 3 + 2 * POSTS_PER_JOB,
    SCHEDULERS = 2,
    ANALYZERS = 3,
    SLOTS = 5,
    PROCESSES = SCHEDULERS + ANALYZERS,
    STORE = PROCESSES,  /* not killed: a service in front of the database takes over at once */
    BROKER = STORE + 1, /* its streams; what has no stream passes as if from one to the other */
    NODES = BROKER + 1,
    CALL_CAP = 4,
};
#define FAULTS_END (60 * SECOND)
#define HEALED_END (600 * SECOND)
#define PERMIT_LIFE (1200 * MS)
#define CALL_LIMIT (6 * SECOND)
#define LEAD_LEASE (3 * SECOND)
#define ACK_WAIT (10 * SECOND)
#define LONGEST_TRANSACTION SECOND
#define SILENT_AFTER (3500 * MS)
/* The database's wall clock goes wrong by so much at most: less than half the core's margin, so
 * that one that steps from end to end stays within it. */
#define CLOCK_ERROR (200 * MS)
#define SIM_GROUND_BYTES ((size_t)512 << 20)
enum { BREAKER_CALLS = 6 };
#define BREAKER_OPEN_FOR (8 * SECOND)
