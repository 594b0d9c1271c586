#include "breaker.h"

#include "base/check.h"

void breaker_open_up(struct breaker *breaker, const struct breaker_config *config)
{
    *breaker = (struct breaker){.config = *config};
    if (breaker->config.calls > MOST_BREAKER_CALLS)
        breaker->config.calls = MOST_BREAKER_CALLS;
    if (breaker->config.calls == 0)
        breaker->config.calls = 1;
}

static void close_up(struct breaker *breaker)
{
    breaker->state = BREAKER_CLOSED;
    breaker->is_probed = false;
    breaker->count = 0;
}

void breaker_tend(struct breaker *breaker, struct instant now)
{
    if (breaker->state == BREAKER_OPEN && !instant_is_before(now, breaker->until))
        breaker->state = BREAKER_HALF_OPEN;
}

bool breaker_may_call(const struct breaker *breaker)
{
    return breaker->state == BREAKER_CLOSED ||
           (breaker->state == BREAKER_HALF_OPEN && !breaker->is_probed);
}

bool breaker_is_half_open(const struct breaker *breaker)
{
    return breaker->state == BREAKER_HALF_OPEN;
}

void breaker_probe(struct breaker *breaker)
{
    CHECK(breaker->state == BREAKER_HALF_OPEN && !breaker->is_probed);
    breaker->is_probed = true;
}

static bool open_from(struct breaker *breaker, struct instant at)
{
    close_up(breaker);
    breaker->state = BREAKER_OPEN;
    breaker->until = instant_plus_ms(at, breaker->config.open_ms);
    breaker->openings++;
    return true;
}

static void note_call(struct breaker *breaker, bool has_failed, struct instant at)
{
    if (breaker->count == breaker->config.calls) {
        for (uint32_t i = 1; i < breaker->count; i++)
            breaker->calls[i - 1] = breaker->calls[i];
        breaker->count--;
    }
    breaker->calls[breaker->count].at = at;
    breaker->calls[breaker->count].has_failed = has_failed;
    breaker->count++;
}

static bool has_too_many_failures(const struct breaker *breaker, struct instant now)
{
    uint32_t recent = 0, failed = 0, least = (breaker->config.calls + 3) / 4;
    struct instant since = instant_plus_ms(now, -BREAKER_RECENT_MS);
    for (uint32_t i = 0; i < breaker->count; i++) {
        bool is_recent = !instant_is_before(breaker->calls[i].at, since);
        recent += is_recent;
        failed += is_recent && breaker->calls[i].has_failed;
    }
    return failed > 0 && recent >= least &&
           (uint64_t)failed * 100 >= (uint64_t)recent * breaker->config.percent;
}

bool breaker_hear(struct breaker *breaker, enum breaker_word word, struct instant at)
{
    if (breaker->state != BREAKER_CLOSED)
        return false; /* of a call permitted before it opened: the probe decides */
    switch (word) {
    case BREAKER_NOTHING:
        return false;
    case BREAKER_REFUSES:
        return open_from(breaker, at);
    case BREAKER_WORKS:
        note_call(breaker, false, at);
        return false;
    case BREAKER_FAILS:
        note_call(breaker, true, at);
        return has_too_many_failures(breaker, at) && open_from(breaker, at);
    }
    CHECK_UNREACHABLE();
}

bool breaker_hear_probe(struct breaker *breaker, enum breaker_word word, struct instant at)
{
    if (breaker->state != BREAKER_HALF_OPEN)
        return false;
    switch (word) {
    case BREAKER_NOTHING:
        breaker->is_probed = false;
        return false;
    case BREAKER_WORKS:
        close_up(breaker);
        return false;
    case BREAKER_FAILS:
    case BREAKER_REFUSES:
        return open_from(breaker, at);
    }
    CHECK_UNREACHABLE();
}

void breaker_probe_ended(struct breaker *breaker)
{
    breaker->is_probed = false;
}

void breaker_replay(struct breaker *breaker, enum breaker_word word, struct instant granted,
                    struct instant at)
{
    uint64_t openings = breaker->openings;
    breaker_tend(breaker, granted);
    if (breaker->state == BREAKER_HALF_OPEN)
        close_up(breaker);
    breaker_hear(breaker, word, at);
    breaker->openings = openings;
}

void breaker_replay_probe(struct breaker *breaker, enum breaker_word word, struct instant granted,
                          struct instant at)
{
    uint64_t openings = breaker->openings;
    struct instant opened = instant_plus_ms(breaker->until, -breaker->config.open_ms);
    switch (word) {
    case BREAKER_NOTHING:
        return;
    case BREAKER_WORKS:
        if (breaker->state == BREAKER_CLOSED || !instant_is_before(granted, opened))
            close_up(breaker);
        return;
    case BREAKER_FAILS:
    case BREAKER_REFUSES:
        open_from(breaker, at);
        breaker->openings = openings;
        return;
    }
    CHECK_UNREACHABLE();
}

void breaker_stay_open(struct breaker *breaker, struct instant until)
{
    close_up(breaker);
    breaker->state = BREAKER_OPEN;
    breaker->until = until;
}
