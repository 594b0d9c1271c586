/* The analyzer's metrics. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reuse/memory.h"
#include "reuse/near.h"
#include "work.pb-c.h"

enum ask_verdict { ASK_PERMITTED, ASK_FREE, ASK_DROPPED, ASK_REPEATED };
enum cache_level { LEVEL_CHUNK, LEVEL_MEMORY, LEVEL_NEAR_DUPLICATE, LEVEL_REDIS, CACHE_LEVELS };
enum joined { JOINED_HERE, JOINED_ELSEWHERE };
enum wait_end { WAIT_ANSWERED, WAIT_LOST, WAIT_GIVEN_UP };

/* Makes the series, so that they are there at zero. */
void analyzer_metrics_open(void);
void analyzer_metrics_slots(int slots, int busy);
void analyzer_metrics_full(bool is_full);
void analyzer_metrics_ask(enum ask_verdict verdict);
/* A call to the LLM begins; it has ended, with that outcome. The outcome names the endpoint. */
void analyzer_metrics_call_begins(const char *endpoint);
void analyzer_metrics_call(const Tp__Outcome *outcome, const char *model, double seconds);
/* It told a usage that no call can have. */
void analyzer_metrics_absurd_usage(const char *endpoint);
/* So many posts looked up at that level, and how long all of them took. */
void analyzer_metrics_lookups(enum cache_level level, size_t hits, size_t misses);
void analyzer_metrics_lookup_time(enum cache_level level, double seconds);
/* Posts were not asked for because another call does. */
void analyzer_metrics_joined(enum joined where, size_t posts);
/* The wait for a post that another replica asks for has ended. */
void analyzer_metrics_waited(enum wait_end end);
/* evictions_told: so far, of that memory. */
void analyzer_metrics_memory(const struct memory *memory, const struct near *near,
                             uint64_t *evictions_told);
/* An outcome goes out. */
void analyzer_metrics_outcome(const Tp__Outcome *outcome);
/* An outcome is stored: so long after its dispatch came. */
void analyzer_metrics_chunk(double seconds);
/* A message that could not be read and was terminated. */
void analyzer_metrics_refused(void);

/* "ok", "partial", ...: for labels and logs. */
const char *outcome_class_name(Tp__OutcomeClass outcome_class);
