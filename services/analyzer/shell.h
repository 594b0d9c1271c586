/* What the parts of the shell share: analyzer.c takes and performs, lookups.c looks into the
 * caches, inquiries.c asks the store, calls.c makes the calls. One thread. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "analyzer.h"
#include "base/uuid.h"
#include "inbox.h"
#include "inquiries.h"
#include "llm.h"
#include "outbox.h"
#include "reuse/memory.h"
#include "reuse/near.h"
#include "reuse/single_flight.h"
#include "work.h"

enum { ANALYSIS_CAP_BYTES = 128 << 20 };

struct analyzer {
    const struct analyzer_settings *settings;
    const struct topic_sets *topics; /* the tenants' own */
    struct bus *bus;
    struct pulse *pulse;
    struct http_client *client;
    struct llm *llms[ENDPOINTS_MAX]; /* the chain; none = the embedded analysis does it all */
    size_t llm_count;
    struct inbox *inbox;
    struct outbox outbox;
    struct flow *flow;
    struct memory *memory;
    struct near *near; /* sources among the results in memory */
    uint64_t evictions_told;
    struct single_flight *flights;
    struct inquiries *inquiries;
    struct work *works;    /* in hand */
    struct work *outgoing; /* with an outcome on its way */
    int over;              /* as many as these */
    struct work *news;     /* whose posts other calls have brought or lost */
    struct instant beat_at, working_at, weigh_at;
    int announced; /* slots, as last told */
    char instance_id[UUID_TEXT_SIZE];
    atomic_bool is_ending;
    pthread_t thread;
};

/* Wakes the loop. Any thread. */
void shell_wake(void *analyzer);

/* The endpoint that was granted; without a name the first one. NULL = there is none of that name.
 */
struct llm *shell_llm_of(const struct analyzer *analyzer, const Tp__Dispatch *dispatch);

static inline double seconds_since(struct instant then, struct instant now)
{
    return (double)(now.ns - then.ns) / 1e9;
}
