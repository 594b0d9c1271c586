#include "calls.h"

#include <stdlib.h>
#include <sys/random.h>

#include "answer/answer.h"
#include "answer/server_limits.h"
#include "answer/stream.h"
#include "answer/usage.h"
#include "base/check.h"
#include "log/log.h"
#include "metrics.h"
#include "outcome.h"
#include "question/ids.h"
#include "question/prompt.h"
#include "shell.h"
#include "summary.h"

/* A token has a byte of the request at least; a server may put words of its own around it, and
 * count the end of an answer. */
enum { PROMPT_SLACK_TOKENS = 2000, COMPLETION_SLACK_TOKENS = 16 };

/* An outcome is there: the slot is free, and the outcome goes out until it is stored. */
static void conclude(struct work *work, const Tp__Outcome *outcome)
{
    struct analyzer *analyzer = work->analyzer;
    inquiries_settle(work);
    analyzer_metrics_outcome(outcome);
    log_debug("chunk.analysed", LOG_WORK(work),
              LOG_TEXT("outcome", outcome_class_name(outcome->outcome_class)),
              LOG_INT("posts", outcome->n_results), LOG_INT("call_ms", outcome->call_ms));
    work->delivery =
        delivery_new(analyzer->bus, outcome, bus_trace(work->message), shell_wake, analyzer);
    flow_over(analyzer->flow, work->item);
    work_leave(work, &analyzer->works);
    work_join(work, &analyzer->outgoing);
    analyzer->over++;
    work_drop_dispatch(work);
}

/* ---- without a call ---- */

static const struct topic_set *topics_of(const struct work *work)
{
    return topic_sets_find(work->analyzer->topics, work->dispatch->tenant_id);
}

void calls_analyse(struct work *work)
{
    SCOPED(arena_close) struct arena *arena = arena_open(ANALYSIS_CAP_BYTES);
    conclude(work, outcome_by_embedded(work->dispatch, topics_of(work), work->analyzer->instance_id,
                                       arena));
}

/* Another chain than the scheduler's: to it the endpoint is one that cannot be reached. */
static void refuse_endpoint(struct work *work)
{
    SCOPED(arena_close) struct arena *arena = arena_open(ANALYSIS_CAP_BYTES);
    Tp__Outcome *outcome = outcome_new(work->dispatch, work->analyzer->instance_id,
                                       TP__OUTCOME_CLASS__CONNECTION, arena);
    outcome->usage->is_known = true; /* nothing was called */
    outcome->detail = arena_string(arena, "the analyzer has no such endpoint");
    log_error("endpoint.unknown", LOG_WORK(work), LOG_TEXT("endpoint", work->dispatch->endpoint));
    conclude(work, outcome);
}

/* ---- what came of a call ---- */

/* Who must know of a call that failed: nobody, whoever looks, or somebody at once. */
static void log_failure(const struct work *work, const Tp__Outcome *outcome)
{
    const char *name = outcome_class_name(outcome->outcome_class);
    bool needs_somebody = outcome->outcome_class == TP__OUTCOME_CLASS__AUTH ||
                          outcome->outcome_class == TP__OUTCOME_CLASS__QUOTA_EXHAUSTED;
    if (needs_somebody)
        log_error("llm.refused", LOG_WORK(work), LOG_TEXT("outcome", name),
                  LOG_TEXT("detail", outcome->detail));
    else
        log_warn("llm.failed", LOG_WORK(work), LOG_TEXT("outcome", name),
                 LOG_TEXT("detail", outcome->detail),
                 LOG_INT("retry_after_ms", outcome->retry_after_ms));
}

static void note_call(struct work *work, Tp__Outcome *outcome, struct arena *arena)
{
    struct instant now = clock_now();
    outcome->call_ms = (uint32_t)instant_ms_between(work->called_at, now);
    outcome->endpoint = arena_string(arena, llm_name(work->llm));
    outcome->model = arena_string(arena, llm_model(work->llm));
    analyzer_metrics_call(outcome, llm_model(work->llm), seconds_since(work->called_at, now));
    if (outcome->outcome_class != TP__OUTCOME_CLASS__OK)
        log_failure(work, outcome);
}

static struct asked asked_by(const struct work *work)
{
    return (struct asked){.posts = work->sent->n_posts,
                          .ids = work->ids,
                          .least_prompt_tokens = prompt_least_tokens(work->sent),
                          .most_prompt_tokens = work->sent_bytes + PROMPT_SLACK_TOKENS,
                          .most_completion_tokens = prompt_answer_tokens(&work->brief, work->sent) +
                                                    COMPLETION_SLACK_TOKENS,
                          .tasks = work->brief.tasks,
                          .schema = work->brief.schema};
}

/* It counts as what was booked for the call. */
static void note_absurd_usage(const struct work *work)
{
    analyzer_metrics_absurd_usage(llm_name(work->llm));
    log_warn("llm.usage_not_believed", LOG_WORK(work), LOG_TEXT("endpoint", llm_name(work->llm)));
}

static Tp__Outcome *outcome_of_reply(const struct work *work, const struct reply *said,
                                     bool is_sent, struct arena *arena)
{
    const struct analyzer *analyzer = work->analyzer;
    struct reply reply = *said;
    struct readable whole = stream_whole(said->body, arena);
    reply.body = whole.bytes;
    struct verdict verdict = classify(&reply, clock_wall_ms());
    if (verdict.outcome_class == TP__OUTCOME_CLASS__OK) {
        struct answer answer;
        const struct asked asked = asked_by(work);
        answer_read(whole, &asked, arena, &answer);
        if (answer.is_usage_absurd)
            note_absurd_usage(work);
        Tp__Outcome *outcome =
            outcome_of_answer(work->sent, analyzer->instance_id, llm_model(work->llm), &answer,
                              outcome_share(work->dispatch->n_posts), arena);
        usage_apportion(work->sent, &answer, work->sent_bytes, outcome);
        return outcome;
    }
    Tp__Outcome *outcome =
        outcome_new(work->sent, analyzer->instance_id, verdict.outcome_class, arena);
    outcome->was_called = is_sent;
    outcome->usage->is_known = !is_sent;
    outcome->retry_after_ms = verdict.retry_after_ms;
    outcome->detail = arena_string(arena, verdict.detail);
    return outcome;
}

/* Whoever waits for a post of this call is told of it once all of them have landed or are lost. */
static void land(struct work *work, const Tp__Outcome *outcome)
{
    struct single_flight *flights = work->analyzer->flights;
    for (size_t i = 0; i < work->dispatch->n_posts; i++) {
        struct planned *post = &work->plan.posts[i];
        if (!post->is_flying)
            continue;
        const Tp__PostResult *result = plan_result(&work->plan, outcome, i);
        post->is_flying = false;
        if (result != NULL && result->cache_key.len > 0) {
            single_flight_land(flights, post->key, work, result);
            work_note_landed(work, i);
        } else {
            single_flight_lose(flights, post->key, work);
        }
    }
}

static void note_news(struct work *work)
{
    if (work->has_news)
        return;
    work->has_news = true;
    work->next_news = work->analyzer->news;
    work->analyzer->news = work;
}

static void hear_arrival(const struct arrival *arrival)
{
    struct work *work = arrival->passenger.crew;
    struct planned *post = &work->plan.posts[arrival->passenger.nth];
    CHECK(post->origin == ORIGIN_AWAITED);
    if (arrival->result == NULL || !plan_know(&work->plan, arrival->passenger.nth, arrival->result))
        post->origin = work->sent != NULL ? ORIGIN_LOST : ORIGIN_UNKNOWN;
    note_news(work);
}

/* One after the other: the first of several who lost the same post asks for it, and the others wait
 * for that. */
static void tell_who_waits(struct analyzer *analyzer)
{
    struct arrival arrival;
    while (single_flight_next(analyzer->flights, &arrival))
        hear_arrival(&arrival);
    struct work *work;
    while ((work = analyzer->news) != NULL) {
        analyzer->news = work->next_news;
        work->has_news = false;
        calls_go_on(work);
    }
}

static void hear_reply(void *context, const struct reply *reply, bool is_sent)
{
    struct work *work = context;
    work->sent_bytes = llm_call_bytes(TAKE(work->call));
    work->answer_arena = arena_open(ANALYSIS_CAP_BYTES);
    Tp__Outcome *outcome = outcome_of_reply(work, reply, is_sent, work->answer_arena);
    outcome->server_limits = arena_new(work->answer_arena, sizeof *outcome->server_limits);
    if (!server_limits_read(&reply->limits, outcome->server_limits))
        outcome->server_limits = NULL;
    note_call(work, outcome, work->answer_arena);
    plan_sign(&work->plan, outcome);
    land(work, outcome);
    work->answered = outcome;
    note_news(work);
    tell_who_waits(work->analyzer);
}

/* ---- a call ---- */

static enum origin origin_of(struct work *work, size_t nth)
{
    struct analyzer *analyzer = work->analyzer;
    struct planned *post = &work->plan.posts[nth];
    if (!work->plan.has_keys)
        return ORIGIN_SENT;
    const Tp__PostResult *found = memory_find(analyzer->memory, post->key);
    if (found != NULL && plan_know(&work->plan, nth, found)) {
        analyzer_metrics_lookups(LEVEL_MEMORY, 1, 0);
        return ORIGIN_KNOWN;
    }
    switch (
        single_flight_board(analyzer->flights, post->key, &(struct passenger){work, nth}, &found)) {
    case BOARDING_FLIES:
        post->is_flying = true;
        return ORIGIN_SENT;
    case BOARDING_WAITS:
        analyzer_metrics_joined(JOINED_HERE, 1);
        return ORIGIN_AWAITED;
    case BOARDING_LANDED:
        if (!plan_know(&work->plan, nth, found))
            return ORIGIN_SENT;
        analyzer_metrics_joined(JOINED_HERE, 1);
        return ORIGIN_KNOWN;
    }
    CHECK_UNREACHABLE();
}

static uint32_t *new_ids(size_t count, struct arena *arena)
{
    uint64_t seed;
    CHECK(getrandom(&seed, sizeof seed, 0) == (ssize_t)sizeof seed);
    uint32_t *ids = arena_array(arena, uint32_t, count);
    ids_draw(seed, count, ids);
    return ids;
}

static void ask_for_rest(struct work *work)
{
    for (size_t i = 0; i < work->dispatch->n_posts; i++) {
        struct planned *post = &work->plan.posts[i];
        if (post->origin == ORIGIN_UNKNOWN)
            post->origin = origin_of(work, i);
    }
    if (plan_count(&work->plan, ORIGIN_SENT) == 0)
        return;
    work->sent = plan_dispatch(&work->plan, work->plan_arena);
    work->ids = new_ids(work->sent->n_posts, work->plan_arena);
    work->llm = shell_llm_of(work->analyzer, work->dispatch);
    work->called_at = clock_now();
    analyzer_metrics_call_begins(llm_name(work->llm));
    const struct llm_question question = {&work->brief, work->sent, work->ids,
                                          bus_trace(work->message)};
    work->call = llm_start(work->llm, &question, hear_reply, work);
}

/* The line of a call about few of the posts says little of the chunk. */
static bool needs_summary(const struct work *work)
{
    return task_set_has(work->brief.tasks, TASK_SUMMARY) &&
           (work->sent == NULL || 2 * work->sent->n_posts < work->dispatch->n_posts);
}

/* Nobody was called. */
static Tp__Outcome *uncalled(struct work *work)
{
    struct arena *arena = work->answer_arena;
    bool has_lost = plan_count(&work->plan, ORIGIN_LOST) > 0; /* what it may not ask for itself */
    Tp__Outcome *outcome =
        outcome_new(work->dispatch, work->analyzer->instance_id,
                    has_lost ? TP__OUTCOME_CLASS__ABORTED : TP__OUTCOME_CLASS__OK, arena);
    outcome->usage->is_known = true;
    const struct llm *llm = shell_llm_of(work->analyzer, work->dispatch);
    outcome->model = arena_string(arena, llm_model(llm)); /* by which they were once answered */
    if (has_lost)
        outcome->detail = arena_string(arena, "another replica's call for it came to nothing");
    return outcome;
}

static void finish(struct work *work)
{
    if (work->answer_arena == NULL)
        work->answer_arena = arena_open(ANALYSIS_CAP_BYTES);
    struct arena *arena = work->answer_arena;
    Tp__Outcome *outcome = work->answered != NULL ? work->answered : uncalled(work);
    plan_merge(&work->plan, outcome, arena);
    if (outcome->n_results > 0 && needs_summary(work))
        outcome->summary = summary_of_results(work->dispatch, outcome, topics_of(work), arena);
    conclude(work, outcome);
}

static enum patience_kind patience_of(const struct work *work)
{
    if (work->is_free)
        return PATIENCE_FREE;
    return work->call != NULL ? PATIENCE_CALLING : PATIENCE_PERMITTED;
}

void calls_go_on(struct work *work)
{
    if (work->sent == NULL && !work->is_free)
        ask_for_rest(work);
    if (plan_count(&work->plan, ORIGIN_ABROAD) > 0)
        inquiries_watch(work, patience_of(work));
    else if (work->call == NULL && plan_count(&work->plan, ORIGIN_AWAITED) == 0)
        finish(work);
}

void calls_begin(struct work *work)
{
    struct analyzer *analyzer = work->analyzer;
    work->called_at = clock_now();
    analyzer_metrics_ask(ASK_PERMITTED);
    if (analyzer->llm_count == 0)
        calls_analyse(work);
    else if (shell_llm_of(analyzer, work->dispatch) == NULL)
        refuse_endpoint(work);
    else
        calls_go_on(work);
}

void calls_publish(struct work *work)
{
    analyzer_metrics_ask(ASK_FREE);
    work->is_free = true;
    calls_go_on(work);
}

/* ---- the end of one ---- */

static void leave_flights(struct work *work)
{
    struct single_flight *flights = work->analyzer->flights;
    for (size_t i = 0; i < work->dispatch->n_posts; i++) {
        struct planned *post = &work->plan.posts[i];
        if (post->is_flying)
            single_flight_lose(flights, post->key, work);
        post->is_flying = false;
        if (post->origin == ORIGIN_AWAITED)
            single_flight_leave(flights, post->key, &(struct passenger){work, i});
        if (post->origin == ORIGIN_AWAITED || post->origin == ORIGIN_ABROAD)
            post->origin = ORIGIN_LOST;
    }
}

static Tp__Outcome *aborted(struct work *work, bool was_called)
{
    struct arena *arena = work->answer_arena = arena_open(ANALYSIS_CAP_BYTES);
    Tp__Outcome *outcome =
        outcome_new(work->dispatch, work->analyzer->instance_id, TP__OUTCOME_CLASS__ABORTED, arena);
    outcome->was_called = was_called;
    outcome->usage->is_known = !was_called;
    outcome->detail = arena_string(arena, "cancelled, out of time, or stopping");
    if (was_called)
        note_call(work, outcome, arena);
    return outcome;
}

/* What has been paid for is told all the same. */
void calls_abort(struct work *work)
{
    bool was_called = work->call != NULL;
    llm_cancel(&work->call);
    leave_flights(work);
    if (work->answered == NULL)
        work->answered = aborted(work, was_called);
    finish(work);
    tell_who_waits(work->analyzer);
}

void calls_stored(struct work *work)
{
    struct analyzer *analyzer = work->analyzer;
    for (size_t i = 0; i < work->landed_count; i++) {
        const struct landed *landed = &work->landed[i];
        struct kept *kept;
        single_flight_close(analyzer->flights, landed->key, work, &kept);
        memory_keep(analyzer->memory, landed->key, &kept);
    }
    work->landed_count = 0;
}
