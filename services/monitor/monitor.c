#include "monitor.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "courier.h"
#include "exposition.h"
#include "letters.h"
#include "log/log.h"
#include "metrics.h"
#include "report.h"
#include "watch.h"

enum { PULSE_LIMIT_MS = 90 * 1000, WEBHOOK_TIMEOUT_MS = 10 * 1000, URL_SIZE = 300 };
enum { ALERT_STALE_MS = 5 * 60 * 1000, ALERT_LINGER_MS = 15 * 60 * 1000 };

struct monitor {
    const struct monitor_settings *settings;
    struct mailbox *mailbox;
    struct pulse *pulse;
    struct courier *courier; /* NULL = no webhook */
    struct watch *watch;
    char url[URL_SIZE];
    struct instant next_look;
    pthread_t owner;
};

/* ---- letters ---- */

static void hear(struct monitor *monitor, struct letter *letter, struct instant now)
{
    bool is_taken = watch_hear(monitor->watch, letter->arena, letter->telemetry, now);
    if (is_taken)
        letter->arena = NULL;
    monitor_metrics_telemetry(is_taken ? TELEMETRY_TAKEN : TELEMETRY_REFUSED);
}

static void answer(const struct monitor *monitor, struct question *question, struct instant now)
{
    switch (question->page) {
    case PAGE_METRICS:
        exposition_write(watch_fleet(monitor->watch), &question->answer);
        break;
    case PAGE_ALERTS:
        report_alerts(monitor->watch, now, &question->answer);
        break;
    case PAGE_FLEET:
        report_fleet(monitor->watch, now, &question->answer);
        break;
    }
    CHECK(mailbox_post(question->answered, question));
}

static void note_delivery(struct monitor *monitor, const struct delivery *delivery,
                          struct instant now)
{
    if (delivery->is_delivered) {
        watch_told(monitor->watch, now);
        monitor_metrics_notification(NOTIFICATION_DELIVERED);
        log_info("notification.delivered");
        return;
    }
    bool is_given_up = watch_not_told(monitor->watch, delivery->may_retry, delivery->wait_ms, now);
    monitor_metrics_notification(is_given_up ? NOTIFICATION_GIVEN_UP : NOTIFICATION_FAILED);
    if (is_given_up)
        log_error("notification.given_up", LOG_WHY(&delivery->why));
    else
        log_warn("notification.failed", LOG_WHY(&delivery->why));
}

/* False at the letter that ends it all. */
static bool open_letter(struct monitor *monitor, struct letter *letter, struct instant now)
{
    switch (letter->kind) {
    case LETTER_TELEMETRY:
        hear(monitor, letter, now);
        return true;
    case LETTER_QUESTION:
        answer(monitor, letter->question, now);
        return true;
    case LETTER_DELIVERY:
        note_delivery(monitor, &letter->delivery, now);
        return true;
    case LETTER_END:
        return false;
    }
    CHECK_UNREACHABLE();
}

/* ---- the loop ---- */

static void note_gone(void *context, const struct fleet_member *member)
{
    (void)context;
    log_warn("instance.gone", LOG_TEXT("of", member->service), LOG_TEXT("which", member->instance));
}

static void note_change(const struct monitor *monitor, enum alert_kind kind)
{
    const struct alerts *alerts = watch_alerts(monitor->watch);
    const struct alert *alert = &alerts->list[kind];
    char line[200];
    alert_describe(kind, alert->value, alerts->options.rules[kind].threshold, line, sizeof line);
    if (alert->state == ALERT_FIRING)
        log_error("alert.firing", LOG_TEXT("alert", alert_name(kind)), LOG_TEXT("summary", line));
    else
        log_info("alert.resolved", LOG_TEXT("alert", alert_name(kind)), LOG_TEXT("summary", line));
}

static void look(struct monitor *monitor, struct instant now)
{
    struct alert_changes changes =
        watch_look(monitor->watch, now, clock_wall_ms(), note_gone, NULL);
    for (size_t i = 0; i < changes.count; i++)
        note_change(monitor, changes.which[i]);
    monitor_metrics_alerts(watch_alerts(monitor->watch));
    monitor->next_look = instant_plus_ms(now, monitor->settings->interval_ms);
}

static void tell(struct monitor *monitor, struct instant now)
{
    SCOPED(text_free) struct text payload = {0};
    if (watch_must_tell(monitor->watch, monitor->url, now, &payload))
        courier_send(monitor->courier, &payload);
}

static struct instant wakes(const struct monitor *monitor)
{
    struct instant told = watch_wakes(monitor->watch, clock_now());
    bool is_sooner = monitor->courier != NULL && instant_is_before(told, monitor->next_look);
    return is_sooner ? told : monitor->next_look;
}

static void *run(void *context)
{
    struct monitor *monitor = context;
    for (bool is_on = true; is_on;) {
        SCOPED(letter_free) struct letter *letter = mailbox_take(monitor->mailbox, wakes(monitor));
        struct instant now = clock_now();
        if (letter != NULL)
            is_on = open_letter(monitor, letter, now);
        if (!instant_is_before(now, monitor->next_look))
            look(monitor, now);
        tell(monitor, now);
        pulse_beat(monitor->pulse);
    }
    return NULL;
}

/* ---- begin and end ---- */

static struct watch_options watch_options(const struct monitor_settings *settings)
{
    return (struct watch_options){
        .alerts =
            {.rules = {[ALERT_QUEUE_LONG] = {(double)settings->queue_length,
                                             settings->queue_for_s * 1000},
                       [ALERT_CHUNK_SLOW] = {settings->chunk_ratio, settings->chunk_for_s * 1000},
                       [ALERT_ERRORS_HIGH] = {settings->error_ratio, settings->error_for_s * 1000},
                       [ALERT_POOL_FULL] = {settings->pool_ratio, settings->pool_for_s * 1000},
                       [ALERT_ENDPOINT_DOWN] = {0, settings->endpoint_for_s * 1000},
                       [ALERT_LIMIT_USED] = {settings->limit_ratio, settings->limit_for_s * 1000}},
             .clear_ms = settings->clear_s * 1000,
             .stale_ms = ALERT_STALE_MS,
             .linger_ms = ALERT_LINGER_MS},
        .notifier = {.group_wait_ms = settings->group_wait_s * 1000,
                     .repeat_ms = settings->repeat_s * 1000,
                     .give_up_ms = settings->give_up_s * 1000},
        .window_ms = settings->window_s * 1000,
        .slow_chunk_s = settings->chunk_s,
        .least_calls = (double)settings->least_calls,
        .has_receiver = settings->webhook_url[0] != '\0',
        .began_wall_ms = (uint64_t)clock_wall_ms(),
    };
}

struct monitor *monitor_open(const struct monitor_settings *settings, struct process *process,
                             struct mailbox *mailbox, int port)
{
    struct monitor *monitor = calloc(1, sizeof *monitor);
    CHECK(monitor != NULL);
    monitor->settings = settings;
    monitor->mailbox = mailbox;
    if (settings->external_url[0] != '\0')
        snprintf(monitor->url, sizeof monitor->url, "%s", settings->external_url);
    else
        snprintf(monitor->url, sizeof monitor->url, "http://%s:%d", settings->address, port);
    struct watch_options options = watch_options(settings);
    monitor->watch = watch_new(&options, clock_now());
    monitor->next_look = instant_plus_ms(clock_now(), settings->interval_ms);
    monitor->pulse = process_pulse(process, "monitor", PULSE_LIMIT_MS);
    if (options.has_receiver)
        monitor->courier = courier_open(settings->webhook_url, WEBHOOK_TIMEOUT_MS, mailbox);
    CHECK(pthread_create(&monitor->owner, NULL, run, monitor) == 0);
    return monitor;
}

void monitor_close(struct monitor **monitor)
{
    if (*monitor == NULL)
        return;
    letter_post((*monitor)->mailbox, &(struct letter){.kind = LETTER_END});
    CHECK(pthread_join((*monitor)->owner, NULL) == 0);
    courier_close(&(*monitor)->courier);
    for (struct letter *left; (left = mailbox_try_take((*monitor)->mailbox)) != NULL;)
        letter_free(&left);
    watch_free(&(*monitor)->watch);
    free(*monitor);
    *monitor = NULL;
}
