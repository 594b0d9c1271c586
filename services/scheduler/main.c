/* scheduler: the brain. It decides who is next, what may be called, and what follows a failure.
 *
 * Hears        tp.event.> (jobs), tp.result (outcomes as they pass), tp.rpc.scheduler.permit and
 *              .heartbeat (analyzers), .waiting (gateways), tp.control (what operators set), and
 *              the store's answers to tp.rpc.store.lease, .batch, .snapshot, .changed, .job_state,
 *              .heal
 * Says         dispatches to tp.work.<class>, permits to whoever asked for them, why a job waits
 * and when it will be done; what it was told and decided, to tp.trace Keeps        nothing durable:
 * a copy of the unfinished jobs, rebuilt from the store at each takeover; several replicas run, one
 * leads by a lease, the others stay silent If it dies   calls in flight finish; a standby leads
 * within a lease's length and grants new work as soon as older calls leave room
 */
#include "log/log.h"
#include "process/process.h"
#include "settings.h"
#include "shell.h"

enum { PULSE_LIMIT_MS = 10 * 1000 };

int main(int argc, char **argv)
{
    struct scheduler_settings settings;
    process_configure(&SCHEDULER_PROGRAM, argc, argv, &settings);
    struct scheduler_config config;
    SCOPED(text_free) struct text faults = {0};
    if (!settings_of_core(&settings, &config, &faults))
        process_refuse(&SCHEDULER_PROGRAM, &faults);
    SCOPED(process_end) struct process *process =
        process_begin(&SCHEDULER_PROGRAM, &settings.process);
    struct error why;
    SCOPED(shell_close) struct shell *shell = NULL;
    struct pulse *pulse = process_pulse(process, "decisions", PULSE_LIMIT_MS);
    struct shell_options options = {.config = &config,
                                    .bus = process_bus(process),
                                    .pulse = pulse,
                                    .has_trace = settings.has_trace};
    if (!shell_open(&options, &shell, &why)) {
        log_error("scheduler.unable", LOG_WHY(&why));
        return 1;
    }
    process_ready(process); /* a standby is ready: it can take the lead at any time */
    process_wait(process);
    return 0;
}
