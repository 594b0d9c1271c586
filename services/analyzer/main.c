/* analyzer: stateless hands. One permit is one call; it never retries, sleeps or decides.
 *
 * Hears        dispatches of stream WORK, interactive ones first; tp.cancel.*; permits
 * Says         tp.rpc.scheduler.permit and .heartbeat; tp.rpc.store.cache_find; outcomes to
 * RESULTS; calls to the LLM, or none: then the embedded analysis does the work Keeps nothing: what
 * it holds is unacked in WORK until its outcome is stored; it remembers results that it can do
 * without If it dies   its calls are lost and granted again once their leases end
 */
#include "analyzer.h"
#include "log/log.h"
#include "metrics.h"

int main(int argc, char **argv)
{
    struct analyzer_settings settings;
    process_configure(&ANALYZER_PROGRAM, argc, argv, &settings);
    SCOPED(endpoints_close) struct endpoints endpoints = {0};
    SCOPED(text_free) struct text faults = {0};
    SCOPED(topic_sets_close) struct topic_sets *topics = NULL;
    bool are_endpoints_good = settings_of_endpoints(&settings, &endpoints, &faults);
    if (!settings_of_topics(&settings, &topics, &faults) || !are_endpoints_good)
        process_refuse(&ANALYZER_PROGRAM, &faults);
    SCOPED(process_end) struct process *process =
        process_begin(&ANALYZER_PROGRAM, &settings.process);
    analyzer_metrics_open();

    struct error why;
    SCOPED(analyzer_close) struct analyzer *analyzer = NULL;
    if (!analyzer_open(&settings, &endpoints, topics, process, &analyzer, &why)) {
        log_error("analyzer.unavailable", LOG_WHY(&why));
        return 1;
    }
    process_ready(process);
    process_wait(process);
    return 0;
}
