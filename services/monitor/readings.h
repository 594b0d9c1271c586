/* What the alert rules look at, read out of telemetry. A pure core.
 *
 * Gauges are summed or compared over the fleet as it is; counters are followed by their increase
 * from one message of an instance to its next. A counter that began anew (another started_ms, or
 * a smaller value) counts from zero. Of an instance heard for the first time only what happened
 * since the watch began counts: everything, if it started later; nothing, if it ran before.
 */
#pragma once

#include <stdint.h>

#include "messages/messages.h"

/* Metrics other services export and these rules rest on. */
#define METRIC_QUEUE_DEPTH "tweetpulse_scheduler_queue_depth"
#define METRIC_CHUNK_DURATION "tweetpulse_chunk_duration_seconds"
#define METRIC_LLM_DURATION "tweetpulse_llm_request_duration_seconds"
#define METRIC_POOL_IN_USE "tweetpulse_db_pool_in_use"
#define METRIC_POOL_SIZE "tweetpulse_db_pool_size"
#define METRIC_BREAKER_STATE "tweetpulse_scheduler_breaker_state"
#define METRIC_LIMIT "tweetpulse_llm_limit"
#define METRIC_LIMIT_USED "tweetpulse_llm_limit_used"

struct increase {
    double slow_chunks, chunks;
    double failed_calls, calls; /* LLM calls; an aborted one is neither */
};

/* From `before` (NULL = first heard) to `now`. A chunk is slow if its histogram bucket begins at
 * slow_s or above. */
struct increase readings_increase(const Tp__Telemetry *before, const Tp__Telemetry *now,
                                  uint64_t watch_began_ms, double slow_s);

/* The gauges of one instance; has_* says whether it exports them. */
struct gauges {
    bool has_queue, has_pool, has_breakers, has_limits;
    double queue_depth;   /* of all classes */
    double pool_ratio;    /* connections in use of those there may be */
    double open_breakers; /* half open ones too: their calls have not succeeded yet */
    double limit_ratio;   /* the fullest limit of requests, tokens or money; calls in flight are
                           * meant to be as many as may be */
};
struct gauges readings_gauges(const Tp__Telemetry *telemetry);
