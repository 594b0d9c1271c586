/* What every service is made of: settings, log, signals, health, metrics, telemetry, drain.
 *
 *   static const struct setting SETTINGS[] = {PROCESS_SETTINGS(struct x_settings, process), ...};
 *   static const struct program PROGRAM = {.name = "store", ...};
 *   int main(int argc, char **argv)
 *   {
 *       struct x_settings settings;
 *       process_configure(&PROGRAM, argc, argv, &settings);
 *       SCOPED(process_end) struct process *process = process_begin(&PROGRAM, &settings.process);
 *       ... make parts with process_bus(process) ...
 *       process_ready(process);
 *       process_wait(process);          until SIGTERM or SIGINT; /readyz says 503 from then on
 *       ... stop taking work, finish or hand back what is in hand ...
 *       return 0;
 *   }
 *
 * The ops listener serves /healthz (alive: the process is up and its pulses beat), /readyz (all
 * checks pass and not draining; else 503 and the reasons) and /metrics, on threads of its own.
 * Telemetry publishes the registry to tp.telemetry.<service>.<instance>.
 * Three checks are built in: started, staying (not asked to end) and broker.
 * The drain is bounded: drain_s after the first signal, or at a second one, the process exits 1.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "settings/settings.h"

struct bus;

struct process_settings {
    const char *nats_url;
    const char *nats_user, *nats_password; /* "" = none */
    const char *ops_address;
    int64_t ops_port; /* 0 = any free one; the log line ops.listening tells it */
    const char *log_level, *log_format;
    const char *instance; /* "" = made from the host name and random digits */
    int64_t drain_s, telemetry_ms;
};

#define PROCESS_SETTING_(owner, member, field)                                                     \
    (offsetof(owner, member) + offsetof(struct process_settings, field))
#define PROCESS_SETTINGS(owner, member)                                                            \
    {.name = "TP_NATS_URL",                                                                        \
     .type = SETTING_TEXT,                                                                         \
     .fallback = "nats://127.0.0.1:4222",                                                          \
     .offset = PROCESS_SETTING_(owner, member, nats_url),                                          \
     .min = 1,                                                                                     \
     .max = 1000,                                                                                  \
     .help = "where the broker is; several URLs separated by commas"},                             \
        {.name = "TP_NATS_USER",                                                                   \
         .type = SETTING_TEXT,                                                                     \
         .fallback = "",                                                                           \
         .max = 200,                                                                               \
         .offset = PROCESS_SETTING_(owner, member, nats_user),                                     \
         .help = "user at the broker"},                                                            \
        {.name = "TP_NATS_PASSWORD",                                                               \
         .type = SETTING_SECRET,                                                                   \
         .fallback = "",                                                                           \
         .max = 1000,                                                                              \
         .offset = PROCESS_SETTING_(owner, member, nats_password),                                 \
         .help = "password at the broker"},                                                        \
        {.name = "TP_OPS_ADDRESS",                                                                 \
         .type = SETTING_TEXT,                                                                     \
         .fallback = "127.0.0.1",                                                                  \
         .min = 1,                                                                                 \
         .max = 60,                                                                                \
         .offset = PROCESS_SETTING_(owner, member, ops_address),                                   \
         .help = "IPv4 address of /healthz, /readyz and /metrics"},                                \
        {.name = "TP_OPS_PORT",                                                                    \
         .type = SETTING_INT,                                                                      \
         .fallback = "0",                                                                          \
         .min = 0,                                                                                 \
         .max = 65535,                                                                             \
         .offset = PROCESS_SETTING_(owner, member, ops_port),                                      \
         .help = "port of /healthz, /readyz and /metrics; 0 takes a free one"},                    \
        {.name = "TP_LOG_LEVEL",                                                                   \
         .type = SETTING_CHOICE,                                                                   \
         .fallback = "info",                                                                       \
         .choices = "debug info warn error",                                                       \
         .offset = PROCESS_SETTING_(owner, member, log_level),                                     \
         .help = "least level that is logged"},                                                    \
        {.name = "TP_LOG_FORMAT",                                                                  \
         .type = SETTING_CHOICE,                                                                   \
         .fallback = "auto",                                                                       \
         .choices = "auto logfmt json",                                                            \
         .offset = PROCESS_SETTING_(owner, member, log_format),                                    \
         .help = "auto is logfmt on a terminal and JSON elsewhere"},                               \
        {.name = "TP_INSTANCE",                                                                    \
         .type = SETTING_TEXT,                                                                     \
         .fallback = "",                                                                           \
         .max = 60,                                                                                \
         .offset = PROCESS_SETTING_(owner, member, instance),                                      \
         .help = "name of this replica in logs and metrics; made up if empty"},                    \
        {.name = "TP_DRAIN_SECONDS",                                                               \
         .type = SETTING_INT,                                                                      \
         .fallback = "35",                                                                         \
         .min = 1,                                                                                 \
         .max = 600,                                                                               \
         .unit = "s",                                                                              \
         .offset = PROCESS_SETTING_(owner, member, drain_s),                                       \
         .help = "how long a stop may take before it is forced"},                                  \
        {.name = "TP_TELEMETRY_INTERVAL_MS",                                                       \
         .type = SETTING_INT,                                                                      \
         .fallback = "2000",                                                                       \
         .min = 100,                                                                               \
         .max = 60000,                                                                             \
         .unit = "ms",                                                                             \
         .offset = PROCESS_SETTING_(owner, member, telemetry_ms),                                  \
         .help = "how often metrics go to the monitor"}

/* Something a program does instead of serving: `store --migrate`. */
struct program_command {
    const char *option;   /* "--create-key" */
    const char *argument; /* "TENANT"; NULL = takes none */
    const char *help;
    int (*run)(const void *settings, const char *argument); /* returns the exit code */
};

struct program {
    const char *name;    /* "store" */
    const char *summary; /* one line for --help */
    const struct setting *settings;
    size_t setting_count;
    const struct program_command *commands;
    size_t command_count;
    bool hears_in_order; /* is_in_order of its bus */
};

/* Reads arguments and settings. Exits by itself: 0 after --help, --version, --print-settings and
 * --describe-settings (JSON); 64 for wrong usage; 78 for bad settings, all faults on stderr; a
 * command's own code after a command. Serving sees only faultless settings. A TP_ variable that is
 * nearly the name of a setting is warned of. */
void process_configure(const struct program *program, int argc, char **argv, void *settings);

/* For what the table cannot say: prints `faults`, a line for each, and exits 78. */
_Noreturn void process_refuse(const struct program *program, const struct text *faults);

struct process;

/* Opens log, signals, ops listener and broker connection (which may be away: it keeps trying).
 * Exits 78 if the ops port cannot be had. */
struct process *process_begin(const struct program *program,
                              const struct process_settings *settings);
void process_end(struct process **process);

struct bus *process_bus(struct process *process);

/* A readiness check, asked at each /readyz and telemetry; on false it says why. Thread-safe
 * functions only; name and context live as long as the process. Checks and pulses are added by one
 * thread. */
void process_check(struct process *process, const char *name,
                   bool (*is_ok)(void *context, struct error *why), void *context);

/* A pulse: a loop that must beat at least every limit_ms, else /healthz fails. */
struct pulse;
struct pulse *process_pulse(struct process *process, const char *name, int64_t limit_ms);
void pulse_beat(struct pulse *pulse);

/* Start-up is over: /readyz may say 200 and telemetry begins. */
void process_ready(struct process *process);

/* Sleeps until a signal asks for the end. */
void process_wait(struct process *process);
