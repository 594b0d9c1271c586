/* trace_export: writes to stdout what stream TRACE keeps of the scheduler's steps.
 *
 *   trace_export > FILE;  tweetpulse replay FILE;  tweetpulse whatif FILE --slots 20
 *
 * Hears  the broker, found as the services find it: TP_NATS_URL and its kin
 * Says   the trace on stdout, what it is on stderr; exit code 0, 1 if it could not, 78 wrong
 * settings Keeps  nothing, and takes nothing from the stream
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "export.h"
#include "settings/settings.h"

enum { CONNECT_TIMEOUT_MS = 5000 };

struct export_settings {
    const char *url, *user, *password;
};

static const struct setting SETTINGS[] = {
    {.name = "TP_NATS_URL",
     .type = SETTING_TEXT,
     .fallback = "nats://127.0.0.1:4222",
     .offset = offsetof(struct export_settings, url),
     .min = 1,
     .max = 1000,
     .help = "where the broker is; several URLs separated by commas"},
    {.name = "TP_NATS_USER",
     .type = SETTING_TEXT,
     .fallback = "",
     .offset = offsetof(struct export_settings, user),
     .max = 200,
     .help = "user at the broker"},
    {.name = "TP_NATS_PASSWORD",
     .type = SETTING_SECRET,
     .fallback = "",
     .offset = offsetof(struct export_settings, password),
     .max = 1000,
     .help = "password at the broker"},
};
enum { SETTING_COUNT = sizeof SETTINGS / sizeof SETTINGS[0] };

static int print_help(void)
{
    SCOPED(text_free) struct text described = {0};
    settings_describe(SETTINGS, SETTING_COUNT, &described);
    printf("Usage: trace_export > FILE\n"
           "Writes what stream TRACE keeps of the scheduler's steps, for tweetpulse replay and\n"
           "tweetpulse whatif. Ids of tenants and users are in it, texts of posts are not.\n\n%s",
           described.chars);
    return 0;
}

static int run(struct bus *bus)
{
    struct exported exported;
    struct error why;
    if (!bus_wait_connected(bus, CONNECT_TIMEOUT_MS)) {
        fputs("trace_export: the broker cannot be reached\n", stderr);
        return 1;
    }
    if (!export_trace(bus, stdout, &exported, &why)) {
        fprintf(stderr, "trace_export: %s\n", why.message);
        return 1;
    }
    fprintf(stderr, "trace_export: %" PRIu64 " batches, %" PRIu64 " bytes", exported.batches,
            exported.bytes);
    if (exported.missing > 0)
        fprintf(stderr, "; %" PRIu64 " were gone", exported.missing);
    fputc('\n', stderr);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return print_help();
    struct export_settings settings;
    SCOPED(text_free) struct text faults = {0};
    bool is_set = settings_load(SETTINGS, SETTING_COUNT, &settings, &faults);
    if (!is_set || argc > 1 || isatty(STDOUT_FILENO)) {
        fputs(is_set ? "Usage: trace_export > FILE\n" : faults.chars, stderr);
        return is_set ? EX_USAGE : EX_CONFIG;
    }
    struct bus_options options = {.url = settings.url,
                                  .user = settings.user,
                                  .password = settings.password,
                                  .name = "trace_export"};
    struct bus *bus = bus_open(&options);
    int code = run(bus);
    bus_close(&bus);
    return code;
}
