#include "shell.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/uuid.h"
#include "chain.h"
#include "errands.h"
#include "inbox.h"
#include "letters.h"
#include "log/log.h"
#include "metrics.h"
#include "outbox.h"
#include "tape.h"

enum { LONGEST_SLEEP_MS = 1000, FIGURES_EVERY_MS = 200 };

struct shell {
    char holder[UUID_TEXT_SIZE]; /* one incarnation: a restart may not pass for its forerunner */
    struct mailbox *mailbox;
    struct scheduler *core;
    struct scheduler_metrics *metrics;
    struct errands *errands;
    struct outbox *outbox;
    struct forecaster *forecaster;
    struct inbox *inbox;
    struct chain *chain;
    struct tape *tape; /* NULL = nothing is recorded */
    struct pulse *pulse;
    struct instant figures_at;
    enum breaker_state breakers[MOST_ENDPOINTS]; /* as last logged */
    pthread_t owner;
};

static void decide(struct shell *shell, const struct event *event)
{
    struct instant now = clock_now();
    if (shell->tape)
        tape_begin(shell->tape, shell->core, event);
    const struct actions *actions = scheduler_step(shell->core, event, now);
    if (shell->tape)
        tape_end(shell->tape, shell->core, event, now, actions);
    for (size_t i = 0; i < actions->count; i++)
        outbox_perform(shell->outbox, &actions->list[i]);
    forecaster_tend(shell->forecaster, shell->core, event, now);
}

static void log_breaker(const struct endpoint_figures *endpoint)
{
    switch (endpoint->breaker) {
    case BREAKER_OPEN:
        log_warn("endpoint.left_alone", LOG_TEXT("endpoint", endpoint->name));
        return;
    case BREAKER_HALF_OPEN:
        log_info("endpoint.probed", LOG_TEXT("endpoint", endpoint->name));
        return;
    case BREAKER_CLOSED:
        log_info("endpoint.works", LOG_TEXT("endpoint", endpoint->name));
        return;
    }
}

static void log_breakers(struct shell *shell, const struct scheduler_figures *figures)
{
    for (uint32_t i = 0; i < figures->endpoint_count; i++) {
        if (figures->endpoints[i].breaker == shell->breakers[i])
            continue;
        shell->breakers[i] = figures->endpoints[i].breaker;
        log_breaker(&figures->endpoints[i]);
    }
}

static void show_figures(struct shell *shell)
{
    struct instant now = clock_now();
    if (instant_is_before(now, shell->figures_at))
        return;
    shell->figures_at = instant_plus_ms(now, FIGURES_EVERY_MS);
    struct scheduler_figures figures;
    scheduler_figures(shell->core, &figures);
    scheduler_metrics_set(shell->metrics, &figures);
    log_breakers(shell, &figures);
}

static struct instant wake_at(const struct shell *shell)
{
    struct instant wake = scheduler_next_wake(shell->core);
    struct instant latest = instant_plus_ms(clock_now(), LONGEST_SLEEP_MS);
    return instant_is_before(wake, latest) ? wake : latest;
}

static void *run(void *context)
{
    struct shell *shell = context;
    while (!scheduler_has_left(shell->core)) {
        SCOPED(letter_free) struct letter *letter = mailbox_take(shell->mailbox, wake_at(shell));
        if (letter != NULL) {
            outbox_keep(shell->outbox, letter);
            decide(shell, &letter->event);
        } else {
            decide(shell, &(struct event){.kind = EVENT_TIME});
        }
        show_figures(shell);
        if (shell->pulse != NULL)
            pulse_beat(shell->pulse);
    }
    return NULL;
}

static uint64_t seed_of(const char *holder)
{
    uint64_t seed = 0;
    for (; *holder; holder++)
        seed = seed * 31 + (unsigned char)*holder;
    return seed;
}

bool shell_open(const struct shell_options *options, struct shell **out, struct error *why)
{
    struct bus *bus = options->bus;
    struct shell *shell = calloc(1, sizeof *shell);
    CHECK(shell);
    uuid_new(shell->holder);
    struct scheduler_config seeded = *options->config;
    seeded.seed = seed_of(shell->holder);
    shell->mailbox = mailbox_new(MAILBOX_CAPACITY);
    shell->core = scheduler_new(&seeded, clock_now());
    shell->metrics = scheduler_metrics_new();
    shell->errands = errands_open(&(struct errands_options){.bus = bus,
                                                            .mailbox = shell->mailbox,
                                                            .holder = shell->holder,
                                                            .lead_lease_ms = seeded.lead_lease_ms});
    shell->forecaster = forecaster_open(bus, &seeded);
    shell->outbox = outbox_open(bus, shell->mailbox, shell->errands, shell->forecaster);
    if (options->has_trace)
        shell->tape = tape_open(bus, shell->holder, &seeded);
    shell->pulse = options->pulse;
    CHECK(pthread_create(&shell->owner, NULL, run, shell) == 0);
    *out = shell;
    if (inbox_open(bus, shell->mailbox, &shell->inbox, why) &&
        chain_open(bus, &seeded, &shell->chain, why))
        return true;
    shell_close(out);
    return false;
}

void shell_close(struct shell **shell_)
{
    struct shell *shell = *shell_;
    if (shell == NULL)
        return;
    *shell_ = NULL;
    letter_post(shell->mailbox, &(struct letter){.event = {.kind = EVENT_LEAVE}});
    CHECK(pthread_join(shell->owner, NULL) == 0);
    chain_close(&shell->chain);
    inbox_close(&shell->inbox);
    errands_close(&shell->errands);
    outbox_close(&shell->outbox);
    forecaster_close(&shell->forecaster);
    tape_close(&shell->tape);
    for (struct letter *left; (left = mailbox_try_take(shell->mailbox)) != NULL;)
        letter_free(&left);
    mailbox_free(&shell->mailbox);
    scheduler_free(&shell->core);
    scheduler_metrics_free(&shell->metrics);
    free(shell);
}
