#include "settings.h"

#include <string.h>

#define PLACE(member) .offset = offsetof(struct scheduler_settings, member)
#define WEIGHT(class_, place_, default_)                                                           \
    {.name = "TP_WEIGHT_" class_,                                                                  \
     .type = SETTING_INT,                                                                          \
     .fallback = default_,                                                                         \
     PLACE(weights[place_]),                                                                       \
     .min = 1,                                                                                     \
     .max = 1000,                                                                                  \
     .help = "share of this service class among those that have work"}
#define MILLISECONDS(name_, member, default_, min_, max_, help_)                                   \
    {.name = name_,                                                                                \
     .type = SETTING_INT,                                                                          \
     .fallback = default_,                                                                         \
     PLACE(member),                                                                                \
     .min = min_,                                                                                  \
     .max = max_,                                                                                  \
     .unit = "ms",                                                                                 \
     .help = help_}

static const struct setting SETTINGS[] = {
    PROCESS_SETTINGS(struct scheduler_settings, process),
    {.name = "TP_MAX_ACTIVE_USERS",
     .type = SETTING_INT,
     .fallback = "10",
     PLACE(max_active_users),
     .min = 1,
     .max = 10000,
     .help = "how many users may have a call running at once"},
    {.name = "TP_MAX_CALLS",
     .type = SETTING_INT,
     .fallback = "0",
     PLACE(max_calls),
     .min = 0,
     .max = 10000,
     .help = "how many calls may run at once, whosever they are; 0 = as TP_MAX_ACTIVE_USERS says"},
    {.name = "TP_FAIRNESS",
     .type = SETTING_CHOICE,
     .fallback = "fair_sojourn",
     .choices = "fair_sojourn round_robin fifo",
     PLACE(fairness),
     .help = "fair_sojourn: nobody later than under equal sharing, most much earlier; round_robin: "
             "users take turns, chunk by chunk; fifo: a user keeps the slot for its job"},
    {.name = "TP_FIRST_CHUNK_FIRST",
     .type = SETTING_BOOL,
     .fallback = "true",
     PLACE(has_first_chunks_first),
     .help = "under fair_sojourn a user who comes gets its first result soon"},
    WEIGHT("INTERACTIVE", CLASS_INTERACTIVE, "8"),
    WEIGHT("PREMIUM", CLASS_PREMIUM, "4"),
    WEIGHT("STANDARD", CLASS_STANDARD, "2"),
    WEIGHT("BACKGROUND", CLASS_BACKGROUND, "1"),
    MILLISECONDS("TP_LEAD_LEASE_MS", lead_lease_ms, "3000", 500, 60000,
                 "how long the lead lasts without renewal; a standby takes over after it"),
    MILLISECONDS("TP_PERMIT_LIFE_MS", permit_life_ms, "1200", 200, 30000,
                 "how long after its ask a permit may be used; at most half of TP_LEAD_LEASE_MS"),
    MILLISECONDS("TP_CALL_LIMIT_MS", call_limit_ms, "30000", 100, 600000,
                 "the longest call; its grant's lease leaves room for it"),
    MILLISECONDS("TP_GRANT_WAIT_MS", grant_wait_ms, "6000", 500, 120000,
                 "how long a granted chunk may wait for its permit before it is taken back"),
    MILLISECONDS("TP_REPUBLISH_MS", republish_ms, "3000", 100, 60000,
                 "a dispatch that no analyzer asks for is published again after so long"),
    MILLISECONDS(
        "TP_REREAD_MS", reread_ms, "2000", 100, 60000,
        "how often what changed in the database is read again, for wake-ups that got lost"),
    MILLISECONDS("TP_REREAD_OVERLAP_MS", reread_overlap_ms, "6000", 100, 120000,
                 "overlap of re-reading; longer than any transaction, see "
                 "TP_DB_STATEMENT_TIMEOUT_MS"),
    MILLISECONDS("TP_ANALYZER_SILENT_MS", silent_ms, "3500", 500, 60000,
                 "slots of an analyzer not heard for so long no longer count"),
};

const struct program SCHEDULER_PROGRAM = {
    .name = "scheduler",
    .summary = "Decides who is next: grants, permits, retries and limits, as one of several leads.",
    .settings = SETTINGS,
    .setting_count = sizeof SETTINGS / sizeof SETTINGS[0],
};

static enum fairness fairness_of(const char *name)
{
    if (strcmp(name, "fifo") == 0)
        return FAIRNESS_FIFO;
    return strcmp(name, "round_robin") == 0 ? FAIRNESS_ROUND_ROBIN : FAIRNESS_SOJOURN;
}

struct scheduler_config settings_of_core(const struct scheduler_settings *settings, uint64_t seed)
{
    struct scheduler_config config = {
        .max_active_users = (uint32_t)settings->max_active_users,
        .max_calls = (uint32_t)settings->max_calls,
        .fairness = fairness_of(settings->fairness),
        .has_first_chunks_first = settings->has_first_chunks_first,
        .lead_lease_ms = settings->lead_lease_ms,
        .permit_life_ms = settings->permit_life_ms,
        .call_limit_ms = settings->call_limit_ms,
        .grant_wait_ms = settings->grant_wait_ms,
        .republish_ms = settings->republish_ms,
        .reread_ms = settings->reread_ms,
        .reread_overlap_ms = settings->reread_overlap_ms,
        .silent_ms = settings->silent_ms,
        .seed = seed,
    };
    for (int i = 0; i < CLASSES; i++)
        config.weights[i] = (uint32_t)settings->weights[i];
    /* A permit that outlived the lease could never be given. */
    if (config.permit_life_ms > config.lead_lease_ms / 2)
        config.permit_life_ms = config.lead_lease_ms / 2;
    return config;
}
