/* gateway: the one door for clients.
 *
 * Hears        HTTP and WebSocket of clients; tp.event.> as wake-ups for those who follow a job
 * Says         questions to the store (tp.rpc.store.*), each for one request; to the leading
 *              scheduler, why a job waits (tp.rpc.scheduler.waiting)
 * Keeps        nothing but a short memory of known keys: any replica serves any client
 * If it dies   its open requests fail and its streams end; clients repeat by their idempotency key
 *              and resume by their last event, at another replica or the next incarnation
 */
#include <sysexits.h>

#include "gateway.h"
#include "log/log.h"
#include "metrics.h"
#include "process/process.h"

enum { DRAIN_MARGIN_MS = 2000 };

int main(int argc, char **argv)
{
    struct gateway_settings settings;
    process_configure(&GATEWAY_PROGRAM, argc, argv, &settings);
    SCOPED(process_end) struct process *process =
        process_begin(&GATEWAY_PROGRAM, &settings.process);
    gateway_metrics_open();

    struct error why;
    SCOPED(gateway_close) struct gateway *gateway = NULL;
    if (!gateway_open(&settings, process_bus(process), &gateway, &why)) {
        log_error("http.unavailable", LOG_TEXT("setting", "TP_HTTP_ADDRESS TP_HTTP_PORT"),
                  LOG_WHY(&why));
        return EX_CONFIG;
    }
    log_info("http.listening", LOG_TEXT("address", settings.address),
             LOG_INT("port", web_port(gateway->web)));
    process_ready(process);
    process_wait(process);
    gateway_drain(gateway, settings.process.drain_s * 1000 - DRAIN_MARGIN_MS);
    return 0;
}
