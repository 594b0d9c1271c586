#include "analyzer.h"

#include <malloc.h>
#include <string.h>

#include "base/check.h"
#include "calls.h"
#include "core/flow.h"
#include "http/http.h"
#include "log/log.h"
#include "lookups.h"
#include "metrics.h"
#include "metrics/metrics.h"
#include "shell.h"

enum {
    PREFETCH = 2,
    ASK_REPEAT_MS = 800,
    PERMIT_LIFE_MS = 2000, /* longer than any leader gives, for asks without an answer */
    ATTEMPTS_REMEMBERED = 4096,
    BEAT_MS = 1000,
    WEIGH_MS = 100,
    WEIGH_FULL_MS = 1000,   /* the heap is combed each time */
    WORKING_MS = 10 * 1000, /* a third of the broker's patience */
    PULSE_MS = 10 * 1000,
    DRAIN_RESERVE_MS = 5 * 1000, /* for the last outcomes, within the process's own limit */
    ACTIONS_MAX = 32,            /* in a turn of the loop: requests leave before more are written */
    OVER_MAX = 100,              /* outcomes on their way beyond which nothing more is taken */
    LOG_EVERY_TRIES = 10,
    STACK_BYTES = 512 * 1024,
    NEAR_PART = 4, /* of the memory for results goes to the texts they are of */
};

/* ---- what is in hand ---- */

static void forget(struct analyzer *analyzer, struct work *work)
{
    inquiries_end(work);
    work_leave(work, work->delivery != NULL ? &analyzer->outgoing : &analyzer->works);
    work_close(&work);
}

/* ---- what the core wants done ---- */

static void perform(struct analyzer *analyzer, const struct flow_action *action)
{
    struct work *work = action->load;
    work->item = action->item;
    switch (action->kind) {
    case FLOW_LOOK_UP:
        lookups_begin(work);
        break;
    case FLOW_ASK:
        if (action->ask_number > 0)
            analyzer_metrics_ask(ASK_REPEATED);
        outbox_ask(&analyzer->outbox, work->dispatch, action, bus_trace(work->message));
        break;
    case FLOW_CALL:
        calls_begin(work);
        break;
    case FLOW_PUBLISH:
        calls_publish(work);
        break;
    case FLOW_ANALYSE:
        calls_analyse(work);
        break;
    case FLOW_ABORT:
        calls_abort(work);
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
    for (int i = 0; i < ACTIONS_MAX && flow_next(analyzer->flow, clock_now(), &action); i++)
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
        letter_free(&letter);
    }
}

static void keep(struct analyzer *analyzer, struct work *work, struct instant now)
{
    struct flow_dispatch dispatch = work_dispatch(work);
    switch (flow_take(analyzer->flow, &dispatch, work, now)) {
    case FLOW_TAKEN:
        work->analyzer = analyzer;
        work_join(work, &analyzer->works);
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
        calls_stored(work);
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
    for (struct work *work = analyzer->outgoing, *next; work != NULL; work = next) {
        next = work->next;
        deliver(analyzer, work, now);
    }
}

/* The heap gives little back by itself: it is asked to before work is refused. */
static void weigh(struct analyzer *analyzer)
{
    struct instant now = clock_now();
    double ceiling = (double)(analyzer->settings->memory_mb << 20), used;
    if (ceiling <= 0 || instant_is_before(now, analyzer->weigh_at) ||
        !metrics_read_resident_bytes(&used))
        return;
    if (used > ceiling && malloc_trim(0) != 0 && !metrics_read_resident_bytes(&used))
        return;
    bool was_full = flow_is_full(analyzer->flow);
    flow_weigh(analyzer->flow, (size_t)used);
    bool is_full = flow_is_full(analyzer->flow);
    analyzer->weigh_at = instant_plus_ms(now, is_full ? WEIGH_FULL_MS : WEIGH_MS);
    if (is_full == was_full)
        return;
    analyzer_metrics_full(is_full);
    if (is_full)
        log_warn("analyzer.full", LOG_INT("resident_mb", (int64_t)used >> 20),
                 LOG_INT("ceiling_mb", analyzer->settings->memory_mb),
                 LOG_INT("calls", flow_busy(analyzer->flow)));
    else
        log_info("analyzer.has_room", LOG_INT("resident_mb", (int64_t)used >> 20));
}

static void tell_working(const struct analyzer *analyzer, const struct work *works)
{
    for (const struct work *work = works; work != NULL; work = work->next)
        bus_working(analyzer->bus, work->message);
}

static void beat(struct analyzer *analyzer)
{
    struct instant now = clock_now();
    int slots = flow_slots(analyzer->flow), busy = flow_busy(analyzer->flow);
    analyzer_metrics_slots(slots, busy);
    analyzer_metrics_memory(analyzer->memory, analyzer->near, &analyzer->evictions_told);
    if (slots != analyzer->announced || !instant_is_before(now, analyzer->beat_at)) {
        outbox_beat(&analyzer->outbox, slots, busy);
        analyzer->announced = slots;
        analyzer->beat_at = instant_plus_ms(now, BEAT_MS);
        pulse_beat(analyzer->pulse);
    }
    if (instant_is_before(now, analyzer->working_at))
        return;
    tell_working(analyzer, analyzer->works);
    tell_working(analyzer, analyzer->outgoing);
    analyzer->working_at = instant_plus_ms(now, WORKING_MS);
}

/* ---- the loop ---- */

static struct instant earlier(struct instant a, struct instant b)
{
    return instant_is_before(a, b) ? a : b;
}

static struct instant next_at(const struct analyzer *analyzer)
{
    struct instant at = earlier(analyzer->beat_at, flow_next_at(analyzer->flow));
    at = earlier(at, inquiries_next_at(analyzer->inquiries));
    for (const struct work *work = analyzer->outgoing; work != NULL; work = work->next)
        at = earlier(at, delivery_next_at(work->delivery));
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
        inquiries_tend(analyzer->inquiries);
        weigh(analyzer);
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
    inquiries_free(&(*analyzer)->inquiries);
    inbox_close(&(*analyzer)->inbox);
    single_flight_free(&(*analyzer)->flights);
    near_free(&(*analyzer)->near);
    memory_free(&(*analyzer)->memory);
    flow_free(&(*analyzer)->flow);
    for (size_t i = 0; i < (*analyzer)->llm_count; i++)
        llm_free(&(*analyzer)->llms[i]);
    http_client_free(&(*analyzer)->client);
    free(*analyzer);
    *analyzer = NULL;
}

bool analyzer_open(const struct analyzer_settings *settings, const struct endpoints *endpoints,
                   const struct topic_sets *topics, struct process *process,
                   struct analyzer **analyzer, struct error *why)
{
    SCOPED(analyzer_free) struct analyzer *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    int slots = (int)settings->slots;
    made->settings = settings;
    made->topics = topics;
    made->bus = process_bus(process);
    made->client = http_client_new(1); /* each endpoint has connections of its own */
    size_t cache_bytes = (size_t)settings->cache_memory_mb << 20;
    size_t near_bytes = settings->finds_near ? cache_bytes / NEAR_PART : 0;
    made->memory = memory_new(cache_bytes - near_bytes);
    made->near = near_new(near_bytes);
    made->flights = single_flight_new();
    made->inquiries = inquiries_new(
        made, &(struct inquiry_ends){.looked_up = lookups_conclude, .changed = calls_go_on});
    uuid_new(made->instance_id);
    if (!inbox_open(made->bus, shell_wake, made, &made->inbox, why))
        return false;
    made->outbox = (struct outbox){.bus = made->bus,
                                   .instance_id = made->instance_id,
                                   .reply_subject = inbox_reply_subject(made->inbox)};
    made->flow =
        flow_new(&(struct flow_config){.slots = slots,
                                       .prefetch = PREFETCH,
                                       .ask_repeat_ms = ASK_REPEAT_MS,
                                       .permit_life_ms = PERMIT_LIFE_MS,
                                       .call_max_ms = settings->timeout_ms,
                                       .memory = ATTEMPTS_REMEMBERED,
                                       .ceiling_bytes = (size_t)settings->memory_mb << 20});
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
    shell_wake(*analyzer);
    CHECK(pthread_join((*analyzer)->thread, NULL) == 0);
    analyzer_free(analyzer);
}
