/* All that an analyzer sees of the others, played by one process: who dispatches, permits whatever
 * is asked for, knows no results, and takes the outcomes.
 *
 *   struct load_result result = load_run(bus, &(struct load){.chunks = 1000, ...});
 *
 * No two posts are the same. What comes back is checked against what was sent. One thread calls.
 */
#pragma once

#include <stdint.h>

#include "bus/bus.h"

struct load {
    uint32_t chunks, posts; /* in each */
    uint32_t post_bytes;
    int64_t patience_ms; /* without an outcome */
};

struct load_result {
    uint32_t outcomes, good; /* good: of class OK, with a result for each post */
    double seconds;          /* from the first dispatch to the last outcome */
    double first_s;          /* to the first one */
};

struct load_result load_run(struct bus *bus, const struct load *load);
