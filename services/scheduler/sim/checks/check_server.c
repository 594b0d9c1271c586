/* Rule 5, of what servers say of themselves, as a leader heard it: no permit while a server wants a
 * pause; a limit that is said to be used up is the first to be kept; a refusal lowers the limit it
 * is about, by a quarter at least and at most once in 5 s, and what works raises it again. The
 * limits are those that the leader tells in its figures. */
#include <string.h>

#include "checks.h"
#include "sim/fleet/analyzers.h"

#define CUT_GAP (5 * SECOND)
#define LONGEST_PAUSE (600 * SECOND)
#define LONGEST_RESET (60 * SECOND)

static int64_t reset_of(int64_t left, int64_t reset_ms)
{
    if (left != 0 || reset_ms <= 0)
        return 0;
    return reset_ms * MS < LONGEST_RESET ? reset_ms * MS : LONGEST_RESET;
}

int64_t check_pause_of(enum outcome_class outcome_class, uint32_t retry_after_ms,
                       const struct server_limits *said)
{
    bool is_refusal = outcome_class == OUTCOME_RATE_LIMITED;
    if (!is_refusal && outcome_class != OUTCOME_SERVER_ERROR)
        return 0;
    int64_t requests = reset_of(said->requests_left, said->requests_reset_ms);
    int64_t tokens = reset_of(said->tokens_left, said->tokens_reset_ms);
    int64_t pause = requests > tokens ? requests : tokens;
    if (retry_after_ms > 0)
        pause = retry_after_ms * MS;
    else if (!is_refusal)
        pause = 0;
    return pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE;
}

static void note_limits(const struct sim *sim, uint32_t number, uint32_t endpoint,
                        uint64_t limits[LIMIT_KINDS])
{
    struct scheduler_figures figures;
    scheduler_figures(sim->schedulers[number].core, &figures);
    memcpy(limits, figures.endpoints[endpoint].limits, sizeof(figures.endpoints[0].limits));
}

void check_server_hears(struct sim *sim, uint32_t number, const struct outcome_facts *outcome)
{
    struct journal *journal = &sim->schedulers[number].journal;
    const struct grant *grant = analyzers_grant(sim, &outcome->id);
    if (grant->mode != MODE_LLM || !outcome->was_called)
        return;
    struct told_server *server = &journal->servers[grant->endpoint];
    bool is_refusal = outcome->outcome_class == OUTCOME_RATE_LIMITED;
    bool is_certain = journal->is_listening && grant->epoch == journal->epoch &&
                      grant->heard_by != journal->epoch && check_is_in_flight(grant);
    server->is_looked_at = is_certain && (is_refusal || sim->counts[WORK_SERVER_LIMITS] > 0);
    int64_t pause =
        check_pause_of(outcome->outcome_class, outcome->retry_after_ms, &outcome->server_limits);
    if (is_certain && sim->now + pause > server->held_until) {
        server->held_until = sim->now + pause;
        sim->counts[COUNT_PAUSES] += server->held_until > sim->now;
    }
    const struct server_limits *said = &outcome->server_limits;
    server->is_tokens = said->tokens_left == 0 && said->requests_left != 0;
    int64_t told = server->is_tokens ? said->tokens : said->requests;
    server->told = told > 0 ? (uint64_t)told : UINT64_MAX;
    server->used_up[LIMIT_REQUESTS] = said->requests_left == 0 ? (uint64_t)said->requests : 0;
    server->used_up[LIMIT_TOKENS] = said->tokens_left == 0 ? (uint64_t)said->tokens : 0;
    if (is_refusal && server->refused_at && sim->now < server->refused_at + CUT_GAP)
        server->is_looked_at = false; /* of calls that were under way */
    if (is_refusal)
        server->refused_at = sim->now;
    server->outcome_class = outcome->outcome_class;
    if (server->is_looked_at)
        note_limits(sim, number, grant->endpoint, server->before);
}

static void check_lowered(struct sim *sim, const struct told_server *server, const uint64_t *after)
{
    enum limit_kind kind = server->is_tokens ? LIMIT_TOKENS : LIMIT_REQUESTS;
    uint64_t most = server->before[kind] > 0 ? server->before[kind] : UINT64_MAX;
    if (server->told < most)
        most = server->told;
    bool is_lower = after[kind] > 0 && (after[kind] <= most - most / 4 || after[kind] == 1);
    if (!is_lower)
        sim_violation(sim, "servers", "after a refusal the limit of kind %d is %lu, before %lu",
                      kind, after[kind], server->before[kind]);
    sim->counts[COUNT_LOWERED]++;
}

static void check_unrefused(struct sim *sim, const struct told_server *server, int kind,
                            uint64_t after)
{
    uint64_t before = server->before[kind], said = server->used_up[kind];
    bool has_begun = after > 0 && (before == 0 || after < before);
    if (has_begun && (said == 0 || after < said))
        sim_violation(sim, "servers", "the limit of kind %d went from %lu to %lu, unrefused", kind,
                      before, after);
    sim->counts[COUNT_BEGUN] += has_begun;
    sim->counts[COUNT_RAISED] += before > 0 && after > before;
}

void check_server_heard(struct sim *sim, uint32_t number, const struct outcome_facts *outcome)
{
    const struct grant *grant = analyzers_grant(sim, &outcome->id);
    if (grant->mode != MODE_LLM || !outcome->was_called)
        return;
    struct told_server *server = &sim->schedulers[number].journal.servers[grant->endpoint];
    uint64_t after[LIMIT_KINDS];
    if (!server->is_looked_at)
        return;
    server->is_looked_at = false;
    note_limits(sim, number, grant->endpoint, after);
    if (server->outcome_class == OUTCOME_RATE_LIMITED) {
        check_lowered(sim, server, after);
        return;
    }
    for (int kind = LIMIT_REQUESTS; kind <= LIMIT_TOKENS; kind++)
        check_unrefused(sim, server, kind, after[kind]);
}

void check_server_commits(struct sim *sim, const struct grant *grant, const struct outcome *outcome)
{
    int64_t *held_until = &sim->committed.held_until[grant->endpoint];
    int64_t pause = check_pause_of(outcome->outcome_class, outcome->retry_after_ms, &outcome->said);
    if (outcome->was_called && sim->now + pause > *held_until)
        *held_until = sim->now + pause;
}

void check_server_permits(struct sim *sim, const struct journal *journal, const struct grant *grant)
{
    if (grant->mode != MODE_LLM || sim->now >= journal->servers[grant->endpoint].held_until)
        return;
    sim_violation(sim, "servers", "a permit for endpoint %u, whose server wants none for %ld us",
                  grant->endpoint, journal->servers[grant->endpoint].held_until - sim->now);
}
