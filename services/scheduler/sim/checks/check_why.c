/* Rule 12, of the reasons that are of limits, endpoints and operators: each is told only if what
 * the leader was told and did leaves it possible. What may be or not is taken in its
 * favour: a wrong reason may be missed, none is invented. */
#include <string.h>

#include "checks.h"
#include "sim/fleet/llm.h"
#include "sim/fleet/store_rows.h"

#define LONGEST_WINDOW (62 * SECOND)
/* A grant comes to its end, and its leader hears of it; so long a refusal may be remembered. */
#define LONGEST_GRANT (30 * SECOND)

static const char *why_endpoint(struct sim *sim, const struct journal *journal,
                                const struct explanation *told)
{
    uint32_t endpoint = endpoint_numbered(told->scope_name);
    if (endpoint >= ENDPOINTS)
        return "there is no such endpoint";
    if (told->retry_in_ms * MS > BREAKER_OPEN_FOR)
        return "no breaker is open for so long";
    if (journal->is_batch_awaited)
        return NULL; /* a probe may be in it */
    sim->counts[COUNT_WHY_ENDPOINT]++;
    return check_may_be_down(sim, journal, endpoint) ? NULL : "its breaker is closed";
}

static const char *why_pause(struct sim *sim, const struct journal *journal,
                             const struct explanation *told)
{
    uint32_t endpoint = endpoint_numbered(told->scope_name);
    int64_t until = sim->now + told->retry_in_ms * MS;
    sim->counts[COUNT_WHY_PAUSE]++;
    if (endpoint >= ENDPOINTS)
        return "there is no such endpoint";
    return check_may_be_paused(sim, journal, endpoint, until) ? NULL : "its server does not say so";
}

static uint32_t place_of(const struct model_job *job, const struct explanation *told)
{
    if (told->scope == SCOPE_TENANT)
        return CONTROL_OF_TENANTS + job->user % TENANTS;
    if (told->scope == SCOPE_USER)
        return CONTROL_OF_USERS + job->user;
    return CONTROL_OF_ENDPOINTS + endpoint_numbered(told->scope_name);
}

static uint64_t limit_of_kind(const struct limits *limits, enum limit_kind kind)
{
    return kind == LIMIT_REQUESTS    ? limits->requests_per_minute
           : kind == LIMIT_TOKENS    ? limits->tokens_per_minute
           : kind == LIMIT_IN_FLIGHT ? limits->calls_in_flight
           : kind == LIMIT_MONEY     ? limits->micros_per_day
                                     : 0;
}

static const char *why_limit(struct sim *sim, uint32_t number, const struct model_job *job,
                             const struct explanation *told)
{
    const struct journal *journal = &sim->schedulers[number].journal;
    uint32_t place = place_of(job, told);
    struct scheduler_figures figures;
    if (place >= CONTROL_OF_ENDPOINTS + ENDPOINTS && told->scope == SCOPE_ENDPOINT)
        return "there is no such endpoint";
    bool is_of_minute = told->limit == LIMIT_REQUESTS || told->limit == LIMIT_TOKENS;
    if (is_of_minute && told->retry_in_ms * MS > LONGEST_WINDOW)
        return "no minute is that long";
    uint64_t limit = limit_of_kind(check_told_limits(sim, journal, place), told->limit);
    if (told->scope == SCOPE_ENDPOINT) { /* it may have learned a lower one */
        scheduler_figures(sim->schedulers[number].core, &figures);
        limit = figures.endpoints[place - CONTROL_OF_ENDPOINTS].limits[told->limit];
    }
    if (limit == 0)
        return "there is no such limit";
    if (journal->is_batch_awaited)
        return NULL; /* what is in it counts, too */
    sim->counts[COUNT_WHY_LIMIT]++;
    bool may_be_full = check_may_be_full(sim, journal, place, told->limit, limit);
    return may_be_full ? NULL : "there is room";
}

/* A chunk of its user may be in service, or its leader may think so. */
static const char *why_own(struct sim *sim, const struct journal *journal,
                           const struct model_job *job)
{
    bool is_certain = journal->is_booked && !journal->is_batch_awaited;
    sim->counts[COUNT_WHY_OWN]++;
    for (uint32_t k = 0; k < sim->store.job_count && is_certain; k++) {
        const struct model_job *other = sim->store.jobs[k];
        if (other->user != job->user || other->lane != job->lane)
            continue;
        bool is_long_free = other->freed_at + LONGEST_GRANT < sim->now;
        is_certain = is_certain && is_long_free &&
                     (rows_has_ended(other) || journal->knows[k] == other->event_number);
        for (uint32_t i = 0; i < other->chunk_count; i++)
            is_certain = is_certain && other->chunks[i].facts.status != CHUNK_IN_FLIGHT;
    }
    return is_certain ? "nothing of its user is in service" : NULL;
}

const char *check_why(struct sim *sim, uint32_t number, const struct model_job *job,
                      const struct explanation *told)
{
    const struct journal *journal = &sim->schedulers[number].journal;
    uint32_t endpoint = endpoint_numbered(told->scope_name);
    if (told->reason == WAITING_OWN)
        return why_own(sim, journal, job);
    if (told->reason == WAITING_LIMIT)
        return why_limit(sim, number, job, told);
    if (told->reason == WAITING_PAUSE)
        return why_pause(sim, journal, told);
    if (told->reason == WAITING_ENDPOINT)
        return why_endpoint(sim, journal, told);
    bool is_reduced = journal->told[CONTROL_OF_SYSTEM].state == CONTROL_REDUCED;
    if (told->reason == WAITING_REDUCED) {
        sim->counts[COUNT_WHY_REDUCED]++;
        return is_reduced ? NULL : "nothing is reduced";
    }
    sim->counts[COUNT_WHY_ENDPOINT_HELD]++;
    bool is_held = endpoint < ENDPOINTS &&
                   journal->told[CONTROL_OF_ENDPOINTS + endpoint].state == CONTROL_HELD;
    return is_held ? NULL : "nobody holds that endpoint";
}
