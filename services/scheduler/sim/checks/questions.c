/* What several checkers ask of calls, grants and what was told. */
#include "checks.h"

static bool was_silent(const struct sim *sim, const struct call *call, int64_t from, int64_t to)
{
    const struct silence *silence = sim->processes[SCHEDULERS + call->analyzer].silences;
    for (; silence; silence = silence->next)
        if (silence->incarnation == call->incarnation && silence->from < to && silence->to > from)
            return true;
    return false;
}

/* Had its analyzer fallen silent, and is that why the call is where it is? */
bool check_is_excused(const struct sim *sim, const struct call *call, int64_t at)
{
    if (was_silent(sim, call, at, at + 1))
        return true;
    bool is_late = call->started > call->asked + PERMIT_LIFE || at > call->lease_until;
    return is_late && was_silent(sim, call, call->asked, at);
}

bool check_is_in_flight(const struct grant *grant)
{
    const struct chunk_facts *row = &grant->job->chunks[grant->id.chunk_number].facts;
    return !grant->settled_at && row->status == CHUNK_IN_FLIGHT &&
           row->attempt == grant->id.attempt;
}

bool check_is_called(const struct sim *sim, const struct journal *journal,
                     const struct grant *grant)
{
    const struct chunk_facts *row = &grant->job->chunks[grant->id.chunk_number].facts;
    return grant->is_permitted && !grant->is_cached && grant->heard_by != journal->epoch &&
           row->status == CHUNK_IN_FLIGHT && row->attempt == grant->id.attempt &&
           sim->now < grant->permitted_at + CALL_LIMIT;
}

bool check_is_of(const struct grant *grant, uint32_t place)
{
    if (place >= CONTROL_OF_USERS)
        return grant->job->user == place - CONTROL_OF_USERS;
    return place >= CONTROL_OF_ENDPOINTS ? grant->endpoint == place - CONTROL_OF_ENDPOINTS
                                         : grant->job->user % TENANTS == place - CONTROL_OF_TENANTS;
}

bool check_is_told_held(const struct journal *journal, const struct model_job *job)
{
    return journal->told[CONTROL_OF_SYSTEM].state == CONTROL_HELD ||
           journal->told[CONTROL_OF_TENANTS + job->user % TENANTS].state == CONTROL_HELD ||
           journal->told[CONTROL_OF_USERS + job->user].state == CONTROL_HELD;
}
