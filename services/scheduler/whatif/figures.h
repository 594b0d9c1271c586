/* How long jobs waited and took, and what their calls came to, as figures. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct spread {
    double mean_s, p50_s, p90_s, p99_s;
};

struct figures {
    struct spread first, finish; /* from its coming to a job's first result, and to its end */
    size_t jobs;                 /* that were completed */
    double makespan_s;           /* from the first coming to the last end */
    double slots_part;           /* of the slots' time, in calls; 0 to 1 */
    /* of the first endpoint's limits, by its calls, on the average; 0 = there is none */
    double requests_part, tokens_part;
    uint64_t calls, failed_calls, tokens;
    double usd;
};

/* Of so many times, in us; they are put in order. */
struct spread spread_of(int64_t *times_us, size_t count);
