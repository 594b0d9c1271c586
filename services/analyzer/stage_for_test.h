/* The analyzer's stage: a real broker, a leader that permits as told, and an LLM server that
 * answers as told. One for the process, since an analyzer's parts of it are.
 *
 *   cmocka_run_group_tests(tests, set_up, tear_down), each test with reset() before it
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "analyzer.h"
#include "base/arena.h"
#include "base/uuid.h"
#include "bus/broker_for_test.h"
#include "bus/bus.h"
#include "llm_server_for_test.h"
#include "messages/messages.h"

enum { PATIENCE_MS = 60000 };

/* A job whose outcome has been heard. */
struct heard {
    const struct heard *next;
    const char *job_id;
};

struct stage {
    struct test_broker broker;
    struct analyzer_settings settings;
    struct endpoints endpoints;
    struct topic_sets *topics; /* the tenants' own; NULL after reset() */
    struct process *process;
    struct bus *bus;
    struct bus_subscription *permits, *beats;
    struct bus_pull *results;
    const struct heard *heard;
    struct arena *arena;
    atomic_bool is_permitting, is_dropping;
    pthread_mutex_t lock;
    char job_id[UUID_TEXT_SIZE]; /* under the lock: the job whose turn it is */
    atomic_int asks, free_asks, repeats, beats_heard, last_slots;
    struct test_llm llm;
    uint64_t order_seed;     /* of what is dispatched: not 0 = audits */
    const char *instruction; /* of what is dispatched; "" = none */
};
extern struct stage stage;

int set_up(void **state);
int tear_down(void **state);
int reset(void **state);

struct analyzer *analyzer_by(const char *base_url);
/* With endpoints "first" and "second", told apart by their paths and models. */
struct analyzer *analyzer_by_chain(void);

/* Publishes a dispatch of two posts, of seq 10 and 11, granted for that endpoint; answers its job.
 */
const char *dispatch_of(const char *endpoint, Tp__AnalysisMode mode, const char *texts[2]);
/* Posts that nobody has asked for before. */
const char *dispatch_for(const char *endpoint, Tp__AnalysisMode mode);
const char *dispatch(Tp__AnalysisMode mode);

/* Of a job that none was heard of; NULL if none comes in time. */
const Tp__Outcome *next_outcome(int64_t timeout_ms);
/* The next such outcome, which must be of that job. */
const Tp__Outcome *outcome_of(const char *job_id);

void assert_was_called(const char *path);
void wait_until(atomic_int *counter, int least);
void wait_for_slots(int slots);
