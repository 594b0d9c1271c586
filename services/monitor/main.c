/* monitor: sees all, decides about alerts, changes nothing.
 *
 * Hears        tp.telemetry.> of every service; HTTP GET of /metrics, /v1/alerts, /v1/fleet
 * Says         notifications to TP_ALERT_WEBHOOK_URL, in the shape of Alertmanager's webhook
 * Keeps        the latest telemetry of each instance and the state of the alerts, in memory
 * If it dies   nothing else notices; the next one knows the fleet after one telemetry interval,
 *              and alerts that still hold fire anew after their for-duration
 */
#include <stdio.h>
#include <sysexits.h>

#include "base/scoped.h"
#include "inbox.h"
#include "letters.h"
#include "log/log.h"
#include "metrics.h"
#include "monitor.h"
#include "pages.h"

int main(int argc, char **argv)
{
    struct monitor_settings settings;
    process_configure(&MONITOR_PROGRAM, argc, argv, &settings);
    struct error why;
    if (!monitor_settings_check(&settings, &why)) {
        fprintf(stderr, "monitor: %s\n", why.message);
        return EX_CONFIG;
    }
    SCOPED(process_end) struct process *process =
        process_begin(&MONITOR_PROGRAM, &settings.process);
    monitor_metrics_open();

    SCOPED(mailbox_free) struct mailbox *mailbox = mailbox_new(MAILBOX_CAPACITY);
    SCOPED(monitor_close) struct monitor *monitor = NULL;
    SCOPED(pages_close) struct pages *pages = NULL;
    SCOPED(inbox_close) struct inbox *inbox = NULL;
    if (!pages_open(settings.address, settings.port, mailbox, &pages, &why)) {
        log_error("pages.unavailable", LOG_TEXT("setting", "TP_MONITOR_PORT"), LOG_WHY(&why));
        return EX_CONFIG;
    }
    monitor = monitor_open(&settings, process, mailbox, pages_port(pages));
    if (!inbox_open(process_bus(process), mailbox, &inbox, &why)) {
        log_error("inbox.unavailable", LOG_WHY(&why));
        return 1;
    }
    log_info("pages.listening", LOG_TEXT("address", settings.address),
             LOG_INT("port", pages_port(pages)));
    process_ready(process);
    process_wait(process);
    return 0;
}
