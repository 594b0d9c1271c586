/* The circuit breaker of one endpoint (rule 7): when too many of its last calls failed it is not
 * called for a while, then by one probe, which decides.
 *
 *   breaker_tend(&breaker, now)      time passes
 *   breaker_may_call                 closed, or due for its probe
 *   breaker_probe                    the call that is being granted is the probe
 *   breaker_hear                     what an outcome says; of the probe: breaker_hear_probe
 *   breaker_probe_ended              the probe came to nothing: another one may go
 *   breaker_replay                   after a takeover, for each call that has ended, oldest first;
 *                                    of a probe: breaker_replay_probe
 *   breaker_stay_open                of a model of a breaker that is open, instead
 *
 * Only the last calls within two minutes are looked at, and at least a quarter of their number, so
 * that a few old failures do not stop what works now. Values only, nothing to free. One thread.
 */
#pragma once

#include "errors.h"

enum { MOST_BREAKER_CALLS = 64, BREAKER_RECENT_MS = 120000 };

struct breaker_config {
    uint32_t calls, percent; /* so many of the last calls, failing, open it */
    int64_t open_ms;
};

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

struct breaker {
    struct breaker_config config;
    enum breaker_state state;
    bool is_probed;       /* half open: the probe is on its way */
    struct instant until; /* open: then it is half open */
    struct {
        struct instant at;
        bool has_failed;
    } calls[MOST_BREAKER_CALLS]; /* oldest first */
    uint32_t count;
    uint64_t openings;
};

void breaker_open_up(struct breaker *breaker, const struct breaker_config *config);

void breaker_tend(struct breaker *breaker, struct instant now);
bool breaker_may_call(const struct breaker *breaker);
bool breaker_is_half_open(const struct breaker *breaker);
void breaker_probe(struct breaker *breaker);

/* True: it has opened just now. */
bool breaker_hear(struct breaker *breaker, enum breaker_word word, struct instant at);
bool breaker_hear_probe(struct breaker *breaker, enum breaker_word word, struct instant at);
void breaker_probe_ended(struct breaker *breaker);
/* A call that somebody else made; its openings have been counted there. Granted after it was open,
 * and no probe: it must have been closed by a probe whose outcome nobody knows. */
void breaker_replay(struct breaker *breaker, enum breaker_word word, struct instant granted,
                    struct instant at);
/* What a probe says holds whatever is known of the time before it; but one that works tells nothing
 * of an opening that came after it was granted. */
void breaker_replay_probe(struct breaker *breaker, enum breaker_word word, struct instant granted,
                          struct instant at);
void breaker_stay_open(struct breaker *breaker, struct instant until);
