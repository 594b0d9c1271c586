/* What a run counts: the faults that were injected, the work, and how often each rule mattered.
 *
 * One table: the names are those of the report, of a shrunk history's decisions, and of the message
 * that says what was never exercised. The first DECISIONS of them are numbered decisions.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum count {
    /* what is decided: faults */
    FAULT_LOST,
    FAULT_LATE,
    FAULT_TWICE,
    FAULT_REORDERED,
    FAULT_COMMIT_UNKNOWN,
    FAULT_DISPATCH_UNKNOWN,
    FAULT_ACK_LOST,
    FAULT_FORGOTTEN,
    FAULT_REPEATED,
    FAULT_KILLED,
    FAULT_PAUSED,
    FAULT_PARTITIONED,
    FAULT_CLOCK_STEP,
    FAULT_STORE_AWAY,
    FAULT_EVENTS_LOST,
    FAULT_SLOW,
    FAULT_STREAMS_UPSET,
    FAULT_LLM_HANGS,
    FAULT_LLM_REFUSES,
    FAULT_LLM_LEAVES_OUT,
    FAULT_LLM_UNAWARE,
    FAULT_ENDPOINT_DOWN,
    FAULT_POISON,
    FAULT_HOPELESS,
    FAULT_KILLER,
    FAULT_HEALED_TWICE,
    FAULT_USAGE_UNKNOWN,
    /* what is decided: work */
    WORK_JOB,
    WORK_POST,
    WORK_CANCEL,
    WORK_DEADLINE,
    WORK_CACHED,
    WORK_CONTROL,
    WORK_LIMITS,
    WORK_BURSTS,
    WORK_SERVER_LIMITS,
    WORK_CAPS,
    WORK_LOWER,
    WORK_CHANCE, /* that usual delays differ */
    /* what is only counted */
    COUNT_CUT_OFF,
    COUNT_CALLS,
    COUNT_GRANTS,
    COUNT_RULE_1,      /* chunks that wait for another one of their user, at each grant */
    COUNT_BURST_CALLS, /* in a lane of a burst */
    COUNT_BURSTS_TAKEN_BACK,
    COUNT_RULE_2, /* calls were at their cap */
    COUNT_BATCHES,
    COUNT_RULE_4, /* a class waited while another one's grant was asked for */
    COUNT_HELD,
    COUNT_OTHER_CONTROLS,
    COUNT_REDUCED,
    COUNT_POISONED, /* chunks with one poison post that were worked to their end */
    COUNT_RULE_10,
    COUNT_WAITING,
    COUNT_QUEUE_OF_USER,
    COUNT_QUEUE_OF_TENANT,
    COUNT_QUEUE_IN_ALL,
    COUNT_FULL_REQUESTS, /* calls with which a limit was used up by nine tenths and more */
    COUNT_FULL_TOKENS,
    COUNT_FULL_IN_FLIGHT,
    COUNT_FULL_MONEY,
    COUNT_UNDER_LOWERED,
    COUNT_LOWERED_BELOW,  /* a leader was told so */
    COUNT_FULL_OF_USER,   /* of any kind, of one user */
    COUNT_SERVER_REFUSED, /* by a server's own limit */
    COUNT_PAUSES,         /* that servers asked for, and a leader heard */
    COUNT_PAUSES_TAKEN_OVER,
    COUNT_LOWERED, /* learned limits */
    COUNT_RAISED,
    COUNT_BEGUN,
    COUNT_BOOKS,   /* leaders' accounts compared */
    COUNT_SETTLED, /* calls settled by their usage */
    COUNT_SETTLED_AS_BOOKED,
    COUNT_SPENT_BEFORE, /* told to a leader */
    COUNT_OPENED,
    COUNT_OPEN_TAKEN_OVER,
    COUNT_PROBES,
    COUNT_DEGRADED,
    COUNT_HEALINGS,
    COUNT_HEALED,
    COUNT_NO_BETTER, /* a result that was no better than the one there was */
    COUNT_WHY_OWN,
    COUNT_WHY_LIMIT,
    COUNT_WHY_PAUSE,
    COUNT_WHY_ENDPOINT,
    COUNT_WHY_REDUCED,
    COUNT_WHY_ENDPOINT_HELD,
    COUNT_RULE_12, /* it was told why a job waits */
    COUNT_SPLITS,
    COUNT_RETRIES,
    COUNT_EMBEDDED,
    COUNT_CANCELLED,
    COUNT_EXPIRED,
    COUNT_REAPED,
    COUNT_RELEASED,
    COUNT_TAKEOVERS,
    COUNT_EXCUSED, /* overlaps that a silent analyzer explains */
    COUNTS,
};
enum { DECISIONS = COUNT_CUT_OFF };

enum count_group { GROUP_FAULTS, GROUP_WORK, GROUP_RULES };

struct counter {
    const char *name;
    enum count_group group;
    const char *rule; /* "" = of none */
};
extern const struct counter COUNTERS[COUNTS];

/* The table, by groups. */
void counts_print(const uint64_t counts[COUNTS]);
/* Prints what was never counted; true if all was. */
bool counts_are_all_seen(const uint64_t counts[COUNTS]);
