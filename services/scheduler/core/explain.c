/* Why a job waits (rule 12): what its foremost chunk waits for, and how many come before it. */
#include <string.h>

#include "base/check.h"
#include "state.h"

/* How far a chunk has come; the greater is nearer to its result. */
enum standing { STANDS_NOWHERE, STANDS_BACK, STANDS_IN_TURN, STANDS_GRANTED, STANDS_RUNNING };

static bool is_running(const struct attempt *attempt)
{
    switch (attempt->phase) {
    case ATTEMPT_WAITING:
        return attempt->mode == MODE_EMBEDDED; /* needs no permit */
    case ATTEMPT_SWORN:
        return false;
    case ATTEMPT_CALLING:
    case ATTEMPT_CACHED:
    case ATTEMPT_FOREIGN:
    case ATTEMPT_ENDED: /* until its commit */
    case ATTEMPT_LOST:
        return true;
    }
    CHECK_UNREACHABLE();
}

static enum standing standing_of(const struct chunk *chunk)
{
    const struct attempt *attempt = book_flight_of(chunk);
    if (attempt)
        return is_running(attempt) ? STANDS_RUNNING : STANDS_GRANTED;
    if (chunk->is_in_batch)
        return STANDS_GRANTED;
    switch (chunk->place) {
    case PLACE_NOWHERE:
        return STANDS_NOWHERE;
    case PLACE_WAITING:
        return STANDS_BACK;
    case PLACE_SPLITS: /* goes with the next batch */
        return STANDS_GRANTED;
    case PLACE_TURN:
        return STANDS_IN_TURN;
    }
    CHECK_UNREACHABLE();
}

/* Of several that have come equally far the first, or of those put back the one that is due first.
 */
static const struct chunk *foremost(const struct scheduler *s, struct job *job)
{
    const struct chunk *best = NULL;
    for (uint32_t i = 0; i < job->chunk_count; i++) {
        const struct chunk *chunk = book_chunk_at(job, i);
        enum standing here = standing_of(chunk), there = best ? standing_of(best) : STANDS_NOWHERE;
        bool is_sooner = here == STANDS_BACK && here == there &&
                         heap_key(&s->waiting, &chunk->node) < heap_key(&s->waiting, &best->node);
        if (here > there || is_sooner)
            best = chunk;
    }
    return best;
}

static bool has_running(const struct heap *attempts, const struct user *user)
{
    for (uint32_t i = 0; i < attempts->count; i++) {
        const struct attempt *attempt =
            HEAP_OWNER(heap_at(attempts, i)->node, struct attempt, alarm);
        if (book_user_of(book_turn_of(attempt->chunk)) == user && is_running(attempt))
            return true;
    }
    return false;
}

static bool user_is_served(const struct scheduler *s, const struct user *user)
{
    return user->occupied > 0 &&
           (has_running(&s->attempts.alarms, user) || has_running(&s->attempts.errands, user));
}

/* Permits go by the order of grants. */
static size_t grants_before(const struct scheduler *s, const struct attempt *mine)
{
    size_t before = 0;
    for (uint32_t i = 0; i < s->attempts.alarms.count; i++) {
        const struct attempt *other =
            HEAP_OWNER(heap_at(&s->attempts.alarms, i)->node, struct attempt, alarm);
        before += other->phase == ATTEMPT_WAITING && other->order < mine->order;
    }
    return before;
}

/* Grants that wait for their permit, and those asked for. */
static size_t grants_ahead(const struct scheduler *s, const struct chunk *chunk)
{
    const struct attempt *attempt = book_flight_of(chunk);
    if (attempt)
        return grants_before(s, attempt);
    size_t ahead = s->attempts.waiting;
    if (s->batch.is_outstanding)
        for (size_t i = 0; i < s->batch.count && s->batch.chunks[i] != chunk; i++)
            ahead += s->batch.items[i].operation == BATCH_GRANT;
    return ahead;
}

/* 0 if it is due, which is seen to at the end of this step. */
static uint32_t ms_until(const struct scheduler *s, struct instant due)
{
    int64_t left_ms = instant_ms_between(s->now, due);
    if (left_ms < 0)
        return 0;
    return left_ms < UINT32_MAX ? (uint32_t)left_ms : UINT32_MAX;
}

static void explain_shortage(const struct scheduler *s, struct explanation *told,
                             enum control_scope scope, const struct shortage *shortage)
{
    told->reason = shortage->kind == LIMIT_NONE ? WAITING_PAUSE : WAITING_LIMIT;
    told->scope = scope;
    told->limit = shortage->kind;
    if (shortage->until.ns != NEVER.ns)
        told->retry_in_ms = ms_until(s, shortage->until);
}

/* The same of an endpoint, whose name is told, too. */
static void explain_full(const struct scheduler *s, struct explanation *told, uint32_t endpoint,
                         const struct shortage *shortage)
{
    explain_shortage(s, told, SCOPE_ENDPOINT, shortage);
    strcpy(told->scope_name, s->config.endpoints[endpoint].name);
}

static void tell_control(struct explanation *told, enum waiting_reason reason,
                         enum control_scope scope, const struct control *control)
{
    told->reason = reason;
    told->scope = scope;
    if (control && control->message[0] != '\0')
        told->message = control->message;
}

/* Which control holds it, if one does. */
static bool explain_hold(const struct scheduler *s, const struct user *user,
                         struct explanation *told)
{
    const char *tenant_id = NULL, *user_id = NULL;
    if (!orders_is_user_held(s, user))
        return false;
    book_name_user(&s->book, user, &tenant_id, &user_id);
    if (s->queue.shut & SHUT_BY_CONTROL)
        tell_control(told, WAITING_HELD, SCOPE_SYSTEM, controls_of_system(&s->controls));
    else if (user->tenant->shut & SHUT_BY_CONTROL)
        tell_control(told, WAITING_HELD, SCOPE_TENANT, controls_of_tenant(&s->controls, tenant_id));
    else
        tell_control(told, WAITING_HELD, SCOPE_USER,
                     controls_of_user(&s->controls, tenant_id, user_id));
    return true;
}

/* No endpoint may be called, and nothing else may stand in. */
static void explain_endpoint(const struct scheduler *s, struct explanation *told, uint32_t endpoint,
                             struct instant until)
{
    told->reason = WAITING_ENDPOINT;
    if (endpoint != NO_ENDPOINT) {
        const struct endpoint_config *config = &s->config.endpoints[endpoint];
        strcpy(told->scope_name, config->name);
        if (orders_is_endpoint_held(s, config))
            tell_control(told, WAITING_ENDPOINT_HELD, SCOPE_ENDPOINT,
                         controls_of_endpoint(&s->controls, config->name));
    }
    if (until.ns != NEVER.ns)
        told->retry_in_ms = ms_until(s, until);
}

/* Whatever keeps it from being called, if anything does. */
static bool explain_pick(const struct scheduler *s, struct explanation *told,
                         const struct pick *pick)
{
    switch (pick->kind) {
    case PICK_CALL:
        return false;
    case PICK_FULL:
        explain_full(s, told, pick->endpoint, &pick->shortage);
        return true;
    case PICK_NONE:
        explain_endpoint(s, told, pick->endpoint, pick->shortage.until);
        return true;
    }
    CHECK_UNREACHABLE();
}

/* There is room for it, but not for what comes before it: of its user, of its tenant, of all. */
static bool explain_others(struct scheduler *s, const struct chunk *chunk, struct explanation *told)
{
    const struct stop *stop = &s->budget.stop;
    const struct turn *turn = book_turn_of(chunk);
    struct tenant *tenant = book_user_of(turn)->tenant;
    struct purse *purse = purses_at(s, book_user_of(turn)->purse);
    struct shortage shortage;
    if (turn->is_limited && purse && !budget_user_may_grant(s, purse, &purse->wanted, &shortage)) {
        explain_shortage(s, told, SCOPE_USER, &shortage);
        return true;
    }
    if ((tenant->shut & SHUT_BY_LIMIT) &&
        !budget_tenant_may_grant(s, tenant, &tenant->purse->wanted, &shortage)) {
        explain_shortage(s, told, SCOPE_TENANT, &shortage);
        return true;
    }
    if (!stop->is_set)
        return false;
    struct pick pick = endpoints_pick(s, &stop->size);
    return explain_pick(s, told, &pick);
}

static bool explain_refusal(struct scheduler *s, const struct attempt *attempt,
                            struct explanation *told)
{
    struct refusal refusal;
    if (!attempt->is_refused || !budget_refuses(s, attempt, &refusal))
        return false;
    if (refusal.scope == SCOPE_ENDPOINT)
        explain_full(s, told, attempt->booking.endpoint, &refusal.shortage);
    else
        explain_shortage(s, told, refusal.scope, &refusal.shortage);
    return true;
}

/* A limit, or an endpoint that is down, keeps it from being granted or permitted: what is missing
 * now. What was missing when it was looked at last may be there since. */
static bool explain_limit(struct scheduler *s, const struct chunk *chunk, struct explanation *told)
{
    const struct attempt *attempt = book_flight_of(chunk);
    if (attempt)
        return explain_refusal(s, attempt, told);
    if (chunk->is_in_batch || chunk->place == PLACE_SPLITS)
        return false;
    struct verdict verdict = choice_verdict(s, chunk);
    switch (verdict.kind) {
    case VERDICT_CALL:
        return explain_others(s, chunk, told);
    case VERDICT_EMBEDDED:
    case VERDICT_PATIENT:
        return false;
    case VERDICT_WITHOUT:
        if (!orders_is_reduced(s))
            return explain_pick(s, told, &verdict.pick);
        tell_control(told, WAITING_REDUCED, SCOPE_SYSTEM, controls_of_system(&s->controls));
        return true;
    case VERDICT_STOP:
        return explain_pick(s, told, &verdict.pick);
    case VERDICT_SHUT_TENANT:
        explain_shortage(s, told, SCOPE_TENANT, &verdict.shortage);
        return true;
    case VERDICT_SHUT_USER:
        explain_shortage(s, told, SCOPE_USER, &verdict.shortage);
        return true;
    }
    CHECK_UNREACHABLE();
}

/* It could go on, if there were room. */
static void explain_room(const struct scheduler *s, struct explanation *told)
{
    uint32_t cap = attempts_call_cap(s), most = s->fleet.slots < cap ? s->fleet.slots : cap;
    size_t served = queue_runs_ahead(&s->queue) ? s->attempts.calls : s->attempts.count;
    if (most == 0) {
        told->reason = WAITING_ANALYZER;
    } else if (served >= most) {
        told->reason = WAITING_SLOT;
        told->calls = (uint32_t)served;
        told->most_calls = most;
    } else {
        told->reason = told->position > 0 ? WAITING_OTHERS : WAITING_GRANT;
    }
}

static void explain_back(struct scheduler *s, const struct chunk *chunk, struct explanation *told)
{
    if (explain_hold(s, book_user_of(book_turn_of(chunk)), told))
        return;
    if (chunk->is_without_endpoint) { /* it is looked at again every two seconds */
        if (!explain_limit(s, chunk, told))
            told->reason = WAITING_GRANT;
        return;
    }
    told->reason = WAITING_RETRY;
    told->retry_in_ms = ms_until(s, (struct instant){(int64_t)heap_key(&s->waiting, &chunk->node)});
}

static struct explanation explain_chunk(struct scheduler *s, const struct chunk *chunk)
{
    struct explanation told = {.is_known = true, .reason = WAITING_NOTHING};
    enum standing standing = chunk ? standing_of(chunk) : STANDS_NOWHERE;
    switch (standing) {
    case STANDS_NOWHERE:
        break;
    case STANDS_RUNNING:
        told.reason = WAITING_RUNS;
        break;
    case STANDS_BACK:
        explain_back(s, chunk, &told);
        break;
    case STANDS_GRANTED:
        told.position = (uint32_t)grants_ahead(s, chunk);
        if (!explain_limit(s, chunk, &told))
            explain_room(s, &told);
        break;
    case STANDS_IN_TURN:
        told.position = (uint32_t)(grants_ahead(s, chunk) + queue_ahead_of(&s->queue, chunk));
        if (explain_hold(s, book_user_of(book_turn_of(chunk)), &told))
            break;
        if (user_is_served(s, book_user_of(book_turn_of(chunk))))
            told.reason = WAITING_OWN;
        else if (!explain_limit(s, chunk, &told))
            explain_room(s, &told);
        break;
    }
    return told;
}

void explain_on_ask(struct scheduler *s, const struct event *event)
{
    if (!lead_is_held(s))
        return; /* who does not lead stays silent */
    struct action *action = say(s, ACTION_EXPLAIN);
    strcpy(action->explain.job_id, event->waiting.job_id);
    strcpy(action->explain.reply, event->waiting.reply);
    struct job *job = book_job(&s->book, event->waiting.job_id);
    if (job && job_status_is_terminal(job->status))
        action->explain.told = explain_chunk(s, NULL);
    else if (job)
        action->explain.told = explain_chunk(s, foremost(s, job));
}
