/* Rule 5, of what a leader says that counts under an endpoint's limits, against the calls that it
 * was told of and permitted: as they were booked until their outcome is heard, as they were used
 * from then on, and as booked if that is not known. Where the leader may have heard of a call's end
 * before its outcome, both are right. */
#include "checks.h"
#include "sim/fleet/analyzers.h"
#include "sim/fleet/controls.h"
#include "sim/fleet/llm.h"

/* For so long a call counts in a minute's window for certain; for so long it may. */
#define COUNTS_FOR (60 * SECOND + PERMIT_LIFE)
#define MAY_COUNT_FOR (COUNTS_FOR + 260 * MS)
/* What is told in ms may be that much off. */
#define ROUNDED (2 * MS)

struct booked {
    const struct grant *grant;       /* NULL = spent before */
    uint32_t endpoint, tenant, user; /* USERS = of no one of them */
    int64_t at;
    struct booked_use least, most;
    struct booked *older;
};

static struct booked *add(struct sim *sim, struct journal *journal, int64_t at,
                          struct booked_use use)
{
    struct booked *booked = arena_new(sim->arena, sizeof(*booked));
    *booked = (struct booked){.at = at, .least = use, .most = use, .older = journal->book};
    return journal->book = booked;
}

static void belong_to(struct booked *booked, const struct grant *grant)
{
    booked->grant = grant;
    booked->endpoint = grant->endpoint;
    booked->tenant = grant->job->user % TENANTS;
    booked->user = grant->job->user;
}

static struct booked *find(const struct journal *journal, const struct grant *grant)
{
    struct booked *booked = journal->book;
    while (booked && booked->grant != grant)
        booked = booked->older;
    return booked;
}

static struct booked_use used_by(const struct grant *grant)
{
    return (struct booked_use){1, grant->booked_tokens, grant->booked_micros};
}

/* DESIGN.md, step 9: at the earliest of its settlement, the lease's end less the longest call, and
 * the takeover. */
static int64_t counts_from(const struct sim *sim, const struct call_facts *call)
{
    int64_t from = sim->now, last = sim->now + call->lease_in_ms * MS - CALL_LIMIT;
    if (last < from)
        from = last;
    if (call->is_settled && sim->now + call->settled_in_ms * MS < from)
        from = sim->now + call->settled_in_ms * MS;
    return from;
}

static void hear_snapshot(struct sim *sim, struct journal *journal, const struct event *event)
{
    for (size_t i = 0; i < event->snapshot.call_count; i++) {
        const struct call_facts *call = &event->snapshot.calls[i];
        if (call->is_settled && !call->was_called)
            continue;
        struct booked_use use = {1, call->tokens, call->micros};
        struct booked *booked = add(sim, journal, counts_from(sim, call), use);
        belong_to(booked, analyzers_grant(sim, &call->id));
    }
    for (size_t i = 0; i < event->snapshot.spend_count; i++) {
        const struct spend_facts *spend = &event->snapshot.spends[i];
        struct booked_use use = {.micros = spend->micros};
        struct booked *booked = add(sim, journal, 0, use);
        booked->endpoint = endpoint_numbered(spend->endpoint);
        booked->tenant = tenant_numbered(spend->tenant_id);
        booked->user = USERS;
    }
    journal->is_booked = journal->is_booked || event->snapshot.next_cursor[0] == '\0';
}

static void widen(struct booked *booked, struct booked_use use)
{
    if (use.requests < booked->least.requests)
        booked->least.requests = use.requests;
    if (use.tokens < booked->least.tokens)
        booked->least.tokens = use.tokens;
    if (use.micros < booked->least.micros)
        booked->least.micros = use.micros;
}

static void hear_outcome(struct sim *sim, struct journal *journal,
                         const struct outcome_facts *outcome)
{
    const struct grant *grant = analyzers_grant(sim, &outcome->id);
    struct booked *booked = find(journal, grant);
    bool is_again = grant->epoch == journal->epoch && grant->heard_by == journal->epoch;
    if (!booked || is_again)
        return;
    struct usage usage = {outcome->prompt_tokens, outcome->completion_tokens};
    struct booked_use used = {1, (uint64_t)usage.prompt + usage.completion, llm_price(&usage)};
    if (!outcome->was_called)
        used = (struct booked_use){0};
    else if (!outcome->is_usage_known)
        used = used_by(grant);
    bool is_certain = grant->epoch == journal->epoch && check_is_in_flight(grant);
    if (!is_certain) {
        widen(booked, used);
        return;
    }
    booked->least = booked->most = used;
    sim->counts[outcome->is_usage_known ? COUNT_SETTLED : COUNT_SETTLED_AS_BOOKED] +=
        outcome->was_called;
}

void check_book_hears(struct sim *sim, struct journal *journal, const struct event *event)
{
    if (event->kind == EVENT_OUTCOME)
        hear_outcome(sim, journal, &event->outcome);
    else if (event->kind == EVENT_SNAPSHOT && event->is_answered && !event->snapshot.is_fenced &&
             event->snapshot.epoch == journal->epoch)
        hear_snapshot(sim, journal, event);
}

void check_book_permits(struct sim *sim, struct journal *journal, struct grant *grant)
{
    struct booked *booked = find(journal, grant);
    if (grant->mode != MODE_LLM || grant->epoch != journal->epoch)
        return;
    if (!booked) {
        booked = add(sim, journal, sim->now, used_by(grant));
        belong_to(booked, grant);
    }
    booked->at = sim->now; /* a permit that is repeated counts anew */
}

static bool is_of(const struct booked *booked, uint32_t place)
{
    if (place >= CONTROL_OF_USERS)
        return booked->user == place - CONTROL_OF_USERS;
    return place >= CONTROL_OF_ENDPOINTS ? booked->endpoint == place - CONTROL_OF_ENDPOINTS
                                         : booked->tenant == place - CONTROL_OF_TENANTS;
}

void check_book_sum(const struct journal *journal, uint32_t place, const struct grant *but,
                    struct booked_use *least, struct booked_use *most)
{
    *least = *most = (struct booked_use){0};
    for (const struct booked *booked = journal->book; booked; booked = booked->older) {
        int64_t age = journal->stepped_at - booked->at;
        if (!is_of(booked, place) || (but && booked->grant == but))
            continue;
        least->micros += booked->least.micros;
        most->micros += booked->most.micros;
        if (age < COUNTS_FOR - ROUNDED) {
            least->requests += booked->least.requests;
            least->tokens += booked->least.tokens;
        }
        if (age < MAY_COUNT_FOR + ROUNDED) {
            most->requests += booked->most.requests;
            most->tokens += booked->most.tokens;
        }
    }
}

static void check_use(struct sim *sim, const char *what, uint64_t told, uint64_t least,
                      uint64_t most)
{
    if (told < least || told > most)
        sim_violation(sim, "booked", "the leader counts %lu %s: not from %lu to %lu", told, what,
                      least, most);
}

static void check_book(struct sim *sim, uint32_t number)
{
    const struct journal *journal = &sim->schedulers[number].journal;
    struct scheduler_figures told;
    scheduler_figures(sim->schedulers[number].core, &told);
    if (!told.is_leader || told.epoch != journal->epoch || !journal->is_booked)
        return;
    for (uint32_t i = 0; i < ENDPOINTS; i++) {
        struct booked_use least, most;
        const uint64_t *used = told.endpoints[i].used;
        check_book_sum(journal, CONTROL_OF_ENDPOINTS + i, NULL, &least, &most);
        check_use(sim, "requests", used[LIMIT_REQUESTS], least.requests, most.requests);
        check_use(sim, "tokens", used[LIMIT_TOKENS], least.tokens, most.tokens);
        check_use(sim, "micros", used[LIMIT_MONEY], least.micros, most.micros);
    }
    sim->counts[COUNT_BOOKS]++;
}

/* Other mutants are to be seen at the LLM's side. */
void check_books(struct sim *sim)
{
    if (sim->mutant != MUTANT_NONE && sim->mutant != MUTANT_NEVER_SETTLES)
        return;
    for (uint32_t i = 0; i < SCHEDULERS; i++)
        if (sim->processes[i].is_alive)
            check_book(sim, i);
}
