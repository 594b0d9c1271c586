#include "settings.h"

#include <string.h>

#include "endpoints/endpoints.h"

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
#define COUNT(name_, member, max_, help_)                                                          \
    {.name = name_,                                                                                \
     .type = SETTING_INT,                                                                          \
     .fallback = "0",                                                                              \
     PLACE(member),                                                                                \
     .min = 0,                                                                                     \
     .max = max_,                                                                                  \
     .help = help_}
#define DOLLARS(name_, member, max_, help_)                                                        \
    {.name = name_,                                                                                \
     .type = SETTING_DOUBLE,                                                                       \
     .fallback = "0",                                                                              \
     PLACE(member),                                                                                \
     .min = 0,                                                                                     \
     .max = max_,                                                                                  \
     .unit = "USD",                                                                                \
     .help = help_}

static const struct setting SETTINGS[] = {
    PROCESS_SETTINGS(struct scheduler_settings, process),
    {.name = "TP_MAX_ACTIVE_USERS",
     .type = SETTING_INT,
     .fallback = "10",
     PLACE(max_active_users),
     .min = 1,
     .max = 10000,
     .help = "how many calls may run at once: one of each user, unless TP_USER_BURST says more"},
    {.name = "TP_MAX_CALLS",
     .type = SETTING_INT,
     .fallback = "0",
     PLACE(max_calls),
     .min = 0,
     .max = 10000,
     .help = "a lower cap on the calls that run at once; 0 = as TP_MAX_ACTIVE_USERS says"},
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
    MILLISECONDS("TP_LEAD_LEASE_MS", lead_lease_ms, "2500", 500, 60000,
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
    {.name = "TP_LLM_ENDPOINTS",
     .type = SETTING_TEXT,
     .fallback = "",
     PLACE(endpoints),
     .max = 1000,
     .help =
         "JSON file with the chain of LLM endpoints, the same as the analyzers'; if empty, there "
         "is one, main, with the limits and prices of TP_LLM_*"},
    COUNT("TP_LLM_REQUESTS_PER_MINUTE", llm.requests_per_minute, 1e6,
          "calls that main may get in any minute; 0 = no limit"),
    COUNT("TP_LLM_TOKENS_PER_MINUTE", llm.tokens_per_minute, 1e12,
          "tokens that main may be asked for in any minute; 0 = no limit"),
    COUNT("TP_LLM_CALLS_IN_FLIGHT", llm.calls_in_flight, 10000,
          "calls that may run at main at once; 0 = no limit"),
    DOLLARS("TP_LLM_USD_PER_DAY", llm.usd_per_day, ENDPOINT_MAX_USD_PER_DAY,
            "what main may cost in any 24 hours; 0 = no limit"),
    DOLLARS("TP_LLM_PROMPT_USD_PER_MILLION", prompt_usd_per_million, ENDPOINT_MAX_USD_PER_MILLION,
            "price of a million tokens that main is sent"),
    DOLLARS("TP_LLM_COMPLETION_USD_PER_MILLION", completion_usd_per_million,
            ENDPOINT_MAX_USD_PER_MILLION, "price of a million tokens that main answers"),
    COUNT("TP_TENANT_REQUESTS_PER_MINUTE", tenant.requests_per_minute, 1e6,
          "calls that each tenant may make in any minute; 0 = no limit"),
    COUNT("TP_TENANT_TOKENS_PER_MINUTE", tenant.tokens_per_minute, 1e12,
          "tokens that each tenant may use in any minute; 0 = no limit"),
    COUNT("TP_TENANT_CALLS_IN_FLIGHT", tenant.calls_in_flight, 10000,
          "calls that may run at once for each tenant; 0 = no limit"),
    DOLLARS("TP_TENANT_USD_PER_DAY", tenant.usd_per_day, ENDPOINT_MAX_USD_PER_DAY,
            "what each tenant may spend in any 24 hours; 0 = no limit"),
    {.name = "TP_LIMITS_SHADOW",
     .type = SETTING_BOOL,
     .fallback = "false",
     PLACE(has_shadow_limits),
     .help = "the limits of endpoints and tenants are counted and told, not enforced"},
    {.name = "TP_USER_BURST",
     .type = SETTING_INT,
     .fallback = "1",
     PLACE(user_burst),
     .min = 1,
     .max = 62,
     .help = "chunks of one user that may run at once while nobody else waits; 1 = never more"},
    {.name = "TP_FALLBACK",
     .type = SETTING_CHOICE,
     .fallback = "embedded",
     .choices = "embedded wait",
     PLACE(fallback),
     .help =
         "while no endpoint may be called: embedded has the embedded analysis stand in, and its "
         "results healed later; wait has the chunks wait"},
    MILLISECONDS("TP_BREAKER_OPEN_MS", breaker_open_ms, "60000", 100, 3600000,
                 "how long an endpoint that fails is left alone before it is probed"),
    {.name = "TP_BREAKER_PERCENT",
     .type = SETTING_INT,
     .fallback = "50",
     PLACE(breaker_percent),
     .min = 1,
     .max = 100,
     .unit = "percent",
     .help = "an endpoint is left alone when so many of its recent calls failed"},
    {.name = "TP_BREAKER_CALLS",
     .type = SETTING_INT,
     .fallback = "20",
     PLACE(breaker_calls),
     .min = 1,
     .max = 1000,
     .help = "how many recent calls of an endpoint that is judged by"},
    MILLISECONDS("TP_HEAL_MS", heal_ms, "5000", 100, 3600000,
                 "how often the store is asked for results to heal, while an endpoint is there"),
    {.name = "TP_TRACE",
     .type = SETTING_BOOL,
     .fallback = "true",
     PLACE(has_trace),
     .help = "while it leads, what it is told and decides is kept for a day in stream TRACE, for "
             "tweetpulse replay and whatif"},
};

const struct program SCHEDULER_PROGRAM = {
    .name = "scheduler",
    .summary = "Decides who is next: grants, permits, retries and limits, as one of several leads.",
    .settings = SETTINGS,
    .setting_count = sizeof SETTINGS / sizeof SETTINGS[0],
    /* A commit that overtook its outcome would end the attempt before what it used is known. */
    .hears_in_order = true,
};

static enum fairness fairness_of(const char *name)
{
    if (strcmp(name, "fifo") == 0)
        return FAIRNESS_FIFO;
    return strcmp(name, "round_robin") == 0 ? FAIRNESS_ROUND_ROBIN : FAIRNESS_SOJOURN;
}

/* ---- from settings to the core's words ---- */

static struct limits limits_of(const struct limit_settings *settings, bool is_shadow)
{
    return (struct limits){.requests_per_minute = (uint32_t)settings->requests_per_minute,
                           .tokens_per_minute = (uint64_t)settings->tokens_per_minute,
                           .calls_in_flight = (uint32_t)settings->calls_in_flight,
                           .micros_per_day = endpoint_micros_of_usd(settings->usd_per_day),
                           .is_shadow = is_shadow};
}

static struct endpoint_config main_of(const struct scheduler_settings *settings)
{
    return (struct endpoint_config){
        .name = "main",
        .limits = limits_of(&settings->llm, settings->has_shadow_limits),
        .prompt_nanos = endpoint_nanos_of_usd_per_million(settings->prompt_usd_per_million),
        .completion_nanos = endpoint_nanos_of_usd_per_million(settings->completion_usd_per_million),
    };
}

static struct endpoint_config config_of(const struct endpoint *endpoint, bool is_shadow)
{
    struct endpoint_config config = {
        .limits = {.requests_per_minute = endpoint->requests_per_minute,
                   .tokens_per_minute = endpoint->tokens_per_minute,
                   .calls_in_flight = endpoint->calls_in_flight,
                   .micros_per_day = endpoint->micros_per_day,
                   .is_shadow = is_shadow},
        .prompt_nanos = endpoint->prompt_nanos,
        .completion_nanos = endpoint->completion_nanos,
    };
    strcpy(config.name, endpoint->name);
    return config;
}
_Static_assert((int)ENDPOINT_NAME_MAX_BYTES < (int)ENDPOINT_NAME_SIZE, "names of endpoints");
_Static_assert((int)ENDPOINTS_MAX <= (int)MOST_ENDPOINTS, "endpoints");

static bool set_endpoints(const struct scheduler_settings *settings,
                          struct scheduler_config *config, struct text *faults)
{
    if (settings->endpoints[0] == '\0') {
        config->endpoints[0] = main_of(settings);
        config->endpoint_count = 1;
        return true;
    }
    SCOPED(endpoints_close) struct endpoints endpoints = {0};
    if (!endpoints_load("TP_LLM_ENDPOINTS", settings->endpoints, &endpoints, faults))
        return false;
    for (size_t i = 0; i < endpoints.count; i++)
        config->endpoints[i] = config_of(&endpoints.list[i], settings->has_shadow_limits);
    config->endpoint_count = (uint32_t)endpoints.count;
    return true;
}

/* ---- what would silently do nothing ---- */

static bool has_price(const struct endpoint_config *endpoint)
{
    return endpoint->prompt_nanos > 0 || endpoint->completion_nanos > 0;
}

/* Without a price nothing is ever spent. */
static void refuse_money_without_price(const struct scheduler_settings *settings,
                                       const struct scheduler_config *config, struct text *faults)
{
    bool has_any_price = false;
    for (uint32_t i = 0; i < config->endpoint_count; i++) {
        const struct endpoint_config *endpoint = &config->endpoints[i];
        has_any_price = has_any_price || has_price(endpoint);
        if (endpoint->limits.micros_per_day == 0 || has_price(endpoint))
            continue;
        if (settings->endpoints[0] == '\0')
            text_add(faults, "TP_LLM_USD_PER_DAY: needs TP_LLM_PROMPT_USD_PER_MILLION or "
                             "TP_LLM_COMPLETION_USD_PER_MILLION to count money by\n");
        else
            text_format(faults,
                        "TP_LLM_ENDPOINTS: endpoints[%u].limits.usd_per_day: needs a price to "
                        "count money by\n",
                        i);
    }
    if (config->tenant_limits.micros_per_day > 0 && !has_any_price)
        text_add(faults, "TP_TENANT_USD_PER_DAY: no endpoint has a price to count money by\n");
}

static bool is_sensible(const struct scheduler_settings *settings,
                        const struct scheduler_config *config, struct text *faults)
{
    size_t before = faults->length;
    if (config->max_calls > config->max_active_users)
        text_add(faults, "TP_MAX_CALLS: is more than TP_MAX_ACTIVE_USERS, which bounds the calls "
                         "that run: raise that\n");
    refuse_money_without_price(settings, config, faults);
    return faults->length == before;
}

bool settings_of_core(const struct scheduler_settings *settings, struct scheduler_config *config,
                      struct text *faults)
{
    *config = (struct scheduler_config){
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
        .user_burst = (uint32_t)settings->user_burst,
        .tenant_limits = limits_of(&settings->tenant, settings->has_shadow_limits),
        .has_fallback = strcmp(settings->fallback, "embedded") == 0,
        .breaker_open_ms = settings->breaker_open_ms,
        .breaker_percent = (uint32_t)settings->breaker_percent,
        .breaker_calls = (uint32_t)settings->breaker_calls,
        .heal_ms = settings->heal_ms,
    };
    for (int i = 0; i < CLASSES; i++)
        config->weights[i] = (uint32_t)settings->weights[i];
    /* A permit that outlived the lease could never be given. */
    if (config->permit_life_ms > config->lead_lease_ms / 2)
        config->permit_life_ms = config->lead_lease_ms / 2;
    return set_endpoints(settings, config, faults) && is_sensible(settings, config, faults);
}
