/* From stream TRACE to a file that tweetpulse replay and whatif read. */
#pragma once

#include <stdio.h>

#include "bus/bus.h"

struct exported {
    uint64_t batches, bytes;
    uint64_t missing; /* gone while it was read, or forgotten by the broker */
};

/* All that the stream keeps now, oldest first. */
MUST_USE bool export_trace(struct bus *bus, FILE *out, struct exported *exported,
                           struct error *why);
