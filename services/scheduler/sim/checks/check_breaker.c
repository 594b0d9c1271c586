/* Rule 7 as a leader's words and what it heard tell: no call to an open breaker but one probe. The
 * breaker here is one of its own, from the rule alone: half as many failures in a row as calls are
 * looked at open it, at the first of them at the earliest; it is open for a while; then one call
 * decides. An opening may be missed here, never invented. */
#include <string.h>

#include "checks.h"
#include "sim/fleet/analyzers.h"

static bool fails(enum outcome_class outcome_class)
{
    return outcome_class == OUTCOME_SERVER_ERROR || outcome_class == OUTCOME_TIMEOUT ||
           outcome_class == OUTCOME_CONNECTION;
}

static bool says_nothing(const struct outcome_facts *outcome)
{
    return outcome->outcome_class == OUTCOME_ABORTED ||
           outcome->outcome_class == OUTCOME_RATE_LIMITED || !outcome->was_called;
}

static void open_up(struct told_breaker *breaker, int64_t since)
{
    *breaker = (struct told_breaker){.open_until = since + BREAKER_OPEN_FOR};
}

static void note(const struct sim *sim, struct told_breaker *breaker, bool has_failed)
{
    if (!has_failed) {
        breaker->failures = 0;
        return;
    }
    if (breaker->failures++ == 0)
        breaker->failing_since = sim->now;
    if (2 * breaker->failures < BREAKER_CALLS)
        return;
    breaker->failures = 0;
    if (sim->now < breaker->failing_since + BREAKER_OPEN_FOR) /* else it may be open no more */
        open_up(breaker, breaker->failing_since);
}

void check_breaker_hears(struct sim *sim, struct journal *journal,
                         const struct outcome_facts *outcome)
{
    struct grant *grant = analyzers_grant(sim, &outcome->id);
    struct told_breaker *breaker = &journal->breakers[grant->endpoint];
    bool is_first = grant->heard_by != journal->epoch;
    if (grant->mode != MODE_LLM || grant->epoch != journal->epoch || !is_first)
        return;
    grant->heard_by = journal->epoch;
    if (says_nothing(outcome)) {
        if (breaker->probe == grant)
            breaker->probe = NULL;
        return;
    }
    int64_t was_open_until = breaker->open_until;
    if (breaker->probe == grant && fails(outcome->outcome_class) && check_is_in_flight(grant))
        open_up(breaker, sim->now);
    else if (breaker->probe == grant)
        memset(breaker, 0, sizeof(*breaker));
    else if (!breaker->open_until && (!fails(outcome->outcome_class) || check_is_in_flight(grant)))
        note(sim, breaker, fails(outcome->outcome_class));
    sim->counts[COUNT_OPENED] += breaker->open_until > was_open_until;
}

/* Rows come in the order of their commits, some late and some never, so only what a probe said is
 * certain. */
void check_breaker_commits(struct sim *sim, const struct grant *grant,
                           const struct outcome *outcome)
{
    struct told_breaker *breaker = &sim->committed.breakers[grant->endpoint];
    bool is_nothing = outcome->outcome_class == OUTCOME_ABORTED ||
                      outcome->outcome_class == OUTCOME_RATE_LIMITED || !outcome->was_called;
    if (is_nothing)
        return;
    bool has_failed = fails(outcome->outcome_class);
    if (grant->is_probe && has_failed)
        open_up(breaker, sim->now);
    else if (grant->is_probe)
        memset(breaker, 0, sizeof(*breaker));
}

void check_breaker_permits(struct sim *sim, struct journal *journal, const struct grant *grant)
{
    struct told_breaker *breaker = &journal->breakers[grant->endpoint];
    if (grant->mode != MODE_LLM || !breaker->open_until)
        return;
    if (sim->now < breaker->open_until) {
        sim_violation(sim, "rule 7", "a permit for endpoint %u, whose breaker is open for %ld us",
                      grant->endpoint, breaker->open_until - sim->now);
        return;
    }
    bool is_probed =
        breaker->probe && !breaker->probe->settled_at && sim->now < breaker->probed_at + CALL_LIMIT;
    if (is_probed)
        sim_violation(sim, "rule 7", "a second probe of endpoint %u", grant->endpoint);
    breaker->probe = grant;
    breaker->probed_at = sim->now;
    sim->counts[COUNT_PROBES]++;
}
