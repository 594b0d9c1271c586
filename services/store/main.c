/* store: the only one that opens Postgres and Redis.
 *
 * Hears    tp.rpc.store.* (questions of gateways and of the leading scheduler), RESULTS (outcomes).
 * Says     answers; EVENTS, each event after the commit that made it; tp.cancel.<job>; tp.control.
 * Keeps    everything, in Postgres; in Redis only what can be read again from there.
 * If it dies  nothing is lost: questions are asked again, outcomes delivered again, events
 *             published from the table by whoever is left. Replicas share all of it.
 */
#include "commands.h"
#include "settings.h"
#include "store.h"

static const struct program_command COMMANDS[] = {
    {.option = "--migrate",
     .help = "bring the database schema to this version and exit",
     .run = command_migrate},
    {.option = "--create-key",
     .argument = "TENANT[:role[:name]]",
     .help = "make an API key, print it and exit; role is user, admin or operator",
     .run = command_create_key},
};

int main(int argc, char **argv)
{
    const struct program program = {
        .name = "store",
        .summary = "keeps jobs, posts and results, and grants work",
        .settings = STORE_SETTINGS,
        .setting_count = STORE_SETTING_COUNT,
        .commands = COMMANDS,
        .command_count = sizeof COMMANDS / sizeof COMMANDS[0],
    };
    struct store_settings settings;
    process_configure(&program, argc, argv, &settings);
    SCOPED(process_end) struct process *process = process_begin(&program, &settings.process);
    struct store *store = store_start(process, &settings);
    process_ready(process);
    process_wait(process);
    store_stop(&store);
    return 0;
}
