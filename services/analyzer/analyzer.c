#include "analyzer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/check.h"
#include "base/uuid.h"
#include "flow.h"
#include "http/http.h"
#include "inbox.h"
#include "log/log.h"
#include "metrics.h"
#include "outcome.h"
#include "prompt.h"
#include "stream.h"
#include "work.h"

enum {
    PREFETCH = 2,
    ASK_REPEAT_MS = 800,
    PERMIT_LIFE_MS = 2000, /* longer than any leader gives, for asks without an answer */
    ATTEMPTS_REMEMBERED = 4096,
    BEAT_MS = 1000,
    WORKING_MS = 10 * 1000, /* a third of the broker's patience */
    PULSE_MS = 10 * 1000,
    DRAIN_RESERVE_MS = 5 * 1000, /* for the last outcomes, within the process's own limit */
    OVER_MAX = 100,              /* outcomes on their way beyond which nothing more is taken */
    ANALYSIS_CAP_BYTES = 128 << 20,
    LOG_EVERY_TRIES = 10,
    STACK_BYTES = 512 * 1024,
};

struct analyzer {
    const struct analyzer_settings *settings;
    struct bus *bus;
    struct pulse *pulse;
    struct http_client *client;
    struct llm *llms[ENDPOINTS_MAX]; /* the chain; none = the embedded analysis does it all */
    size_t llm_count;
    struct inbox *inbox;
    struct outbox outbox;
    struct flow *flow;
    struct work *works; /* all in hand */
    int over;           /* of them, with an outcome on its way */
    struct instant beat_at, working_at;
    int announced; /* slots, as last told */
    char instance_id[UUID_TEXT_SIZE];
    atomic_bool is_ending;
    pthread_t thread;
};

/* Any thread. */
static void wake(void *context)
{
    struct analyzer *analyzer = context;
    http_wake(analyzer->client);
}

/* ---- what is in hand ---- */

static void forget(struct analyzer *analyzer, struct work *work)
{
    struct work **at = &analyzer->works;
    while (*at != work) {
        CHECK(*at);
        at = &(*at)->next;
    }
    *at = work->next;
    work_close(&work);
}

static double seconds_since(struct instant then, struct instant now)
{
    return (double)(now.ns - then.ns) / 1e9;
}

/* An outcome is there: the slot is free, and the outcome goes out until it is stored. */
static void conclude(struct work *work, const Tp__Outcome *outcome)
{
    struct analyzer *analyzer = work->analyzer;
    analyzer_metrics_outcome(outcome);
    log_debug("chunk.analysed", LOG_WORK(work),
              LOG_TEXT("outcome", outcome_class_name(outcome->outcome_class)),
              LOG_INT("posts", outcome->n_results), LOG_INT("call_ms", outcome->call_ms));
    work->delivery = delivery_new(analyzer->bus, outcome, bus_trace(work->message), wake, analyzer);
    flow_over(analyzer->flow, work->item);
    analyzer->over++;
}

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
    analyzer_metrics_call(outcome, llm_model(work->llm), seconds_since(work->called_at, now));
    if (outcome->outcome_class != TP__OUTCOME_CLASS__OK)
        log_failure(work, outcome);
}

static Tp__Outcome *outcome_of_reply(const struct work *work, const struct reply *said,
                                     bool is_sent, struct arena *arena)
{
    const struct analyzer *analyzer = work->analyzer;
    struct reply reply = *said;
    reply.body = stream_whole(said->body, arena);
    struct verdict verdict = classify(&reply, clock_wall_ms());
    if (verdict.outcome_class == TP__OUTCOME_CLASS__OK) {
        struct answer answer;
        const struct asked asked = {work->dispatch->n_posts, prompt_least_tokens(work->dispatch)};
        answer_read(reply.body, &asked, arena, &answer);
        return outcome_of_answer(work->dispatch, analyzer->instance_id, llm_model(work->llm),
                                 &answer, arena);
    }
    Tp__Outcome *outcome =
        outcome_new(work->dispatch, analyzer->instance_id, verdict.outcome_class, arena);
    outcome->was_called = is_sent;
    outcome->usage->is_known = !is_sent;
    outcome->retry_after_ms = verdict.retry_after_ms;
    outcome->detail = arena_string(arena, verdict.detail);
    return outcome;
}

static void hear_reply(void *context, const struct reply *reply, bool is_sent)
{
    struct work *work = context;
    work->call = NULL;
    SCOPED(arena_close) struct arena *arena = arena_open(ANALYSIS_CAP_BYTES);
    Tp__Outcome *outcome = outcome_of_reply(work, reply, is_sent, arena);
    Tp__ServerLimits limits;
    if (server_limits_read(&reply->limits, &limits))
        outcome->server_limits = &limits;
    note_call(work, outcome, arena);
    conclude(work, outcome);
}

/* ---- what the core wants done ---- */

static void analyse(struct work *work)
{
    SCOPED(arena_close) struct arena *arena = arena_open(ANALYSIS_CAP_BYTES);
    conclude(work, outcome_by_embedded(work->dispatch, work->analyzer->instance_id, arena));
}

/* The endpoint that was granted; without a name the first one. */
static struct llm *llm_of(const struct analyzer *analyzer, const Tp__Dispatch *dispatch)
{
    for (size_t i = 0; i < analyzer->llm_count; i++)
        if (dispatch->endpoint[0] == '\0' ||
            strcmp(dispatch->endpoint, llm_name(analyzer->llms[i])) == 0)
            return analyzer->llms[i];
    return NULL;
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

static void call(struct work *work)
{
    struct analyzer *analyzer = work->analyzer;
    work->called_at = clock_now();
    analyzer_metrics_ask(ASK_PERMITTED);
    struct llm *llm = llm_of(analyzer, work->dispatch);
    if (analyzer->llm_count == 0) {
        analyse(work);
    } else if (llm == NULL) {
        refuse_endpoint(work);
    } else {
        work->llm = llm;
        analyzer_metrics_call_begins(llm_name(llm));
        work->call = llm_start(llm, work->dispatch, bus_trace(work->message), hear_reply, work);
    }
}

static void abort_call(struct work *work)
{
    llm_cancel(&work->call);
    SCOPED(arena_close) struct arena *arena = arena_open(ANALYSIS_CAP_BYTES);
    Tp__Outcome *outcome =
        outcome_new(work->dispatch, work->analyzer->instance_id, TP__OUTCOME_CLASS__ABORTED, arena);
    outcome->was_called = true;
    outcome->detail = arena_string(arena, "cancelled, out of time, or stopping");
    note_call(work, outcome, arena);
    conclude(work, outcome);
}

static void perform(struct analyzer *analyzer, const struct flow_action *action)
{
    struct work *work = action->load;
    work->item = action->item;
    switch (action->kind) {
    case FLOW_ASK:
        if (action->ask_number > 0)
            analyzer_metrics_ask(ASK_REPEATED);
        outbox_ask(&analyzer->outbox, work->dispatch, action->ask_number, bus_trace(work->message));
        break;
    case FLOW_CALL:
        call(work);
        break;
    case FLOW_ANALYSE:
        analyse(work);
        break;
    case FLOW_ABORT:
        abort_call(work);
        break;
    case FLOW_DROP:
        analyzer_metrics_ask(ASK_DROPPED);
        bus_ack(analyzer->bus, work->message);
        forget(analyzer, work);
        break;
    case FLOW_RETURN:
        bus_nak(analyzer->bus, work->message, 0);
        forget(analyzer, work);
        break;
    }
}

static void perform_all(struct analyzer *analyzer)
{
    struct flow_action action;
    while (flow_next(analyzer->flow, clock_now(), &action))
        perform(analyzer, &action);
}

/* ---- what comes in ---- */

static void read_letters(struct analyzer *analyzer)
{
    struct letter *letter;
    while ((letter = inbox_letter(analyzer->inbox)) != NULL) {
        switch (letter->kind) {
        case LETTER_PERMIT:
            flow_answered(analyzer->flow, &letter->permit, clock_now());
            break;
        case LETTER_CANCEL:
            flow_cancelled(analyzer->flow, letter->job_id);
            break;
        }
        free(letter);
    }
}

static void keep(struct analyzer *analyzer, struct work *work, struct instant now)
{
    struct flow_dispatch dispatch = work_dispatch(work);
    switch (flow_take(analyzer->flow, &dispatch, work, now)) {
    case FLOW_TAKEN:
        work->analyzer = analyzer;
        work->next = analyzer->works;
        analyzer->works = work;
        return;
    case FLOW_DONE_BEFORE:
        bus_ack(analyzer->bus, work->message);
        break;
    case FLOW_HELD_ALREADY:
        break;
    }
    work_close(&work);
}

static void take_dispatches(struct analyzer *analyzer)
{
    if (!bus_is_connected(analyzer->bus))
        return;
    for (;;) {
        int room = analyzer->over < OVER_MAX ? flow_room(analyzer->flow) : 0;
        SCOPED(bus_message_free) struct bus_message *message =
            inbox_dispatch(analyzer->inbox, room);
        if (message == NULL)
            return;
        struct instant now = clock_now();
        struct work *work;
        struct error why;
        if (work_open(&message, now, &work, &why)) {
            keep(analyzer, work, now);
            continue;
        }
        analyzer_metrics_refused();
        log_error("dispatch.refused", LOG_WHY(&why));
        bus_terminate(analyzer->bus, message);
    }
}

/* ---- what goes out ---- */

static void deliver(struct analyzer *analyzer, struct work *work, struct instant now)
{
    bool has_failed;
    struct error why;
    if (delivery_move(work->delivery, now, &has_failed, &why)) {
        analyzer_metrics_chunk(seconds_since(work->taken_at, now));
        bus_ack(analyzer->bus, work->message);
        flow_close(analyzer->flow, &work->item);
        analyzer->over--;
        forget(analyzer, work);
    } else if (has_failed && delivery_tries(work->delivery) % LOG_EVERY_TRIES == 1) {
        log_warn("outcome.unstored", LOG_WORK(work),
                 LOG_INT("tries", delivery_tries(work->delivery)), LOG_WHY(&why));
    }
}

static void deliver_all(struct analyzer *analyzer)
{
    struct instant now = clock_now();
    for (struct work *work = analyzer->works, *next; work != NULL; work = next) {
        next = work->next;
        if (work->delivery != NULL)
            deliver(analyzer, work, now);
    }
}

static void beat(struct analyzer *analyzer)
{
    struct instant now = clock_now();
    int slots = flow_slots(analyzer->flow), busy = flow_busy(analyzer->flow);
    analyzer_metrics_slots(slots, busy);
    if (slots != analyzer->announced || !instant_is_before(now, analyzer->beat_at)) {
        outbox_beat(&analyzer->outbox, slots, busy);
        analyzer->announced = slots;
        analyzer->beat_at = instant_plus_ms(now, BEAT_MS);
        pulse_beat(analyzer->pulse);
    }
    if (instant_is_before(now, analyzer->working_at))
        return;
    for (const struct work *work = analyzer->works; work != NULL; work = work->next)
        bus_working(analyzer->bus, work->message);
    analyzer->working_at = instant_plus_ms(now, WORKING_MS);
}

/* ---- the loop ---- */

static struct instant next_at(const struct analyzer *analyzer)
{
    struct instant at = analyzer->beat_at, flow = flow_next_at(analyzer->flow);
    if (instant_is_before(flow, at))
        at = flow;
    for (const struct work *work = analyzer->works; work != NULL; work = work->next) {
        if (work->delivery == NULL)
            continue;
        struct instant delivery = delivery_next_at(work->delivery);
        if (instant_is_before(delivery, at))
            at = delivery;
    }
    return at;
}

static void begin_to_end(struct analyzer *analyzer)
{
    int64_t calls_ms = analyzer->settings->process.drain_s * 1000 - DRAIN_RESERVE_MS;
    flow_drain(analyzer->flow, instant_plus_ms(clock_now(), calls_ms > 0 ? calls_ms : 0));
    inbox_stop_pulling(analyzer->inbox); /* before anything is handed back, lest it comes again */
    log_info("analyzer.draining", LOG_INT("calls", flow_busy(analyzer->flow)));
}

static void *run(void *context)
{
    struct analyzer *analyzer = context;
    bool is_draining = false;
    while (!is_draining || !flow_is_empty(analyzer->flow)) {
        if (!is_draining && atomic_load(&analyzer->is_ending)) {
            begin_to_end(analyzer);
            is_draining = true;
        }
        deliver_all(analyzer); /* first: somebody waits for the place of a call that is over */
        read_letters(analyzer);
        take_dispatches(analyzer);
        perform_all(analyzer);
        deliver_all(analyzer);
        beat(analyzer);
        int64_t wait_ms = instant_ms_between(clock_now(), next_at(analyzer));
        http_poll(analyzer->client, wait_ms > 0 ? wait_ms : 0);
    }
    return NULL;
}

static void start(struct analyzer *analyzer)
{
    pthread_attr_t attributes;
    CHECK(pthread_attr_init(&attributes) == 0);
    CHECK(pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0);
    CHECK(pthread_create(&analyzer->thread, &attributes, run, analyzer) == 0);
    pthread_attr_destroy(&attributes);
    pthread_setname_np(analyzer->thread, "analyzer");
}

static void analyzer_free(struct analyzer **analyzer)
{
    if (*analyzer == NULL)
        return;
    inbox_close(&(*analyzer)->inbox);
    flow_free(&(*analyzer)->flow);
    for (size_t i = 0; i < (*analyzer)->llm_count; i++)
        llm_free(&(*analyzer)->llms[i]);
    http_client_free(&(*analyzer)->client);
    free(*analyzer);
    *analyzer = NULL;
}

bool analyzer_open(const struct analyzer_settings *settings, const struct endpoints *endpoints,
                   struct process *process, struct analyzer **analyzer, struct error *why)
{
    SCOPED(analyzer_free) struct analyzer *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    int slots = (int)settings->slots;
    made->settings = settings;
    made->bus = process_bus(process);
    made->client = http_client_new(slots + INTERACTIVE_EXTRA);
    uuid_new(made->instance_id);
    if (!inbox_open(made->bus, wake, made, &made->inbox, why))
        return false;
    made->outbox = (struct outbox){.bus = made->bus,
                                   .instance_id = made->instance_id,
                                   .reply_subject = inbox_reply_subject(made->inbox)};
    made->flow = flow_new(&(struct flow_config){.slots = slots,
                                                .prefetch = PREFETCH,
                                                .ask_repeat_ms = ASK_REPEAT_MS,
                                                .permit_life_ms = PERMIT_LIFE_MS,
                                                .call_max_ms = settings->timeout_ms,
                                                .memory = ATTEMPTS_REMEMBERED});
    for (; made->llm_count < endpoints->count; made->llm_count++)
        made->llms[made->llm_count] =
            llm_new(settings, &endpoints->list[made->llm_count], made->client);
    made->pulse = process_pulse(process, "loop", PULSE_MS);
    log_info("analyzer.started", LOG_TEXT("incarnation", made->instance_id),
             LOG_INT("slots", slots),
             LOG_TEXT("by", made->llm_count > 0 ? llm_model(made->llms[0]) : "embedded"),
             LOG_INT("endpoints", made->llm_count));
    start(made);
    *analyzer = TAKE(made);
    return true;
}

void analyzer_close(struct analyzer **analyzer)
{
    if (*analyzer == NULL)
        return;
    atomic_store(&(*analyzer)->is_ending, true);
    wake(*analyzer);
    CHECK(pthread_join((*analyzer)->thread, NULL) == 0);
    analyzer_free(analyzer);
}
