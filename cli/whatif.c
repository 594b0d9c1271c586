#include <argp.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "commands.h"
#include "outcome.h"
#include "recording.h"
#include "whatif_report.h"

#define MOST_USD 1000000.0
enum { MOST_SLOTS = 100000, MOST_REPLICAS = 1000 };

/* What is to be other than it was; 0 and negative = as it was. */
struct arguments {
    struct recording recording;
    int64_t users, calls, replicas, slots, requests, tokens;
    bool has_fairness;
    enum fairness fairness;
    double prompt_usd, completion_usd;
};

enum {
    KEY_USERS = 300,
    KEY_CALLS,
    KEY_RPM,
    KEY_TPM,
    KEY_REPLICAS,
    KEY_SLOTS,
    KEY_FAIRNESS,
    KEY_PRICE
};

static const struct argp_option OPTIONS[] = {
    {.name = "users",
     .key = KEY_USERS,
     .arg = "N",
     .doc = "users with a call at once (TP_MAX_ACTIVE_USERS)"},
    {.name = "calls",
     .key = KEY_CALLS,
     .arg = "N",
     .doc = "calls at once, whosever they are (TP_MAX_CALLS)"},
    {.name = "rpm",
     .key = KEY_RPM,
     .arg = "N",
     .doc = "requests per minute of the first endpoint; 500, 2k, or none"},
    {.name = "tpm",
     .key = KEY_TPM,
     .arg = "N",
     .doc = "tokens per minute of the first endpoint; 200k, 2M, or none"},
    {.name = "replicas", .key = KEY_REPLICAS, .arg = "N", .doc = "how many analyzers"},
    {.name = "slots", .key = KEY_SLOTS, .arg = "N", .doc = "slots of each analyzer"},
    {.name = "fairness",
     .key = KEY_FAIRNESS,
     .arg = "WORD",
     .doc = "fair_sojourn, round_robin or fifo"},
    {.name = "price",
     .key = KEY_PRICE,
     .arg = "P,C",
     .doc = "dollars for a million tokens sent, and answered, at every endpoint; to a tenth of a "
            "cent"},
    {0},
};

/* "500", "2k", "2M"; "none" is -1: no limit. */
static bool parse_amount(const char *text, int64_t *amount)
{
    char digits[24];
    size_t length = strlen(text);
    int64_t times = 1;
    if (strcmp(text, "none") == 0) {
        *amount = -1;
        return true;
    }
    if (length > 0 && strchr("kM", text[length - 1]))
        times = text[--length] == 'k' ? 1000 : 1000000;
    if (length == 0 || length >= sizeof digits)
        return false;
    memcpy(digits, text, length);
    digits[length] = '\0';
    if (!number_parse_int(digits, amount) || *amount < 1 || *amount > INT64_C(1000000000))
        return false;
    *amount *= times;
    return true;
}

static void take_number(const char *option, const char *value, int64_t most, int64_t *number,
                        struct argp_state *state)
{
    if (!number_parse_int(value, number) || *number < 1 || *number > most)
        argp_error(state, "%s is a whole number from 1 to %" PRId64 ", not %s", option, most,
                   value);
}

static void take_price(const char *value, struct arguments *arguments, struct argp_state *state)
{
    char prompt[32];
    const char *comma = strchr(value, ',');
    size_t length = comma ? (size_t)(comma - value) : sizeof prompt;
    if (length < sizeof prompt) {
        memcpy(prompt, value, length);
        prompt[length] = '\0';
        if (number_parse_double(prompt, &arguments->prompt_usd) &&
            number_parse_double(comma + 1, &arguments->completion_usd) &&
            arguments->prompt_usd >= 0 && arguments->prompt_usd <= MOST_USD &&
            arguments->completion_usd >= 0 && arguments->completion_usd <= MOST_USD)
            return;
    }
    argp_error(state, "--price is two prices up to %.0f, as in 0.15,0.6, not %s", MOST_USD, value);
}

static void take_fairness(const char *value, struct arguments *arguments, struct argp_state *state)
{
    static const char *const NAMES[] = {[FAIRNESS_SOJOURN] = "fair_sojourn",
                                        [FAIRNESS_ROUND_ROBIN] = "round_robin",
                                        [FAIRNESS_FIFO] = "fifo"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (strcmp(value, NAMES[i]) == 0) {
            arguments->has_fairness = true;
            arguments->fairness = (enum fairness)i;
            return;
        }
    }
    argp_error(state, "--fairness is fair_sojourn, round_robin or fifo, not %s", value);
}

static error_t take(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->recording;
        return 0;
    case KEY_USERS:
        take_number("--users", value, MOST_SLOTS, &arguments->users, state);
        return 0;
    case KEY_CALLS:
        take_number("--calls", value, MOST_SLOTS, &arguments->calls, state);
        return 0;
    case KEY_REPLICAS:
        take_number("--replicas", value, MOST_REPLICAS, &arguments->replicas, state);
        return 0;
    case KEY_SLOTS:
        take_number("--slots", value, MOST_SLOTS, &arguments->slots, state);
        return 0;
    case KEY_RPM:
    case KEY_TPM:
        if (!parse_amount(value, key == KEY_RPM ? &arguments->requests : &arguments->tokens))
            argp_error(state, "%s is an amount such as 500, 200k, 2M or none, not %s",
                       key == KEY_RPM ? "--rpm" : "--tpm", value);
        return 0;
    case KEY_FAIRNESS:
        take_fairness(value, arguments, state);
        return 0;
    case KEY_PRICE:
        take_price(value, arguments, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child RECORDING[] = {{.argp = &RECORDING_PARSER}, {0}};
static const struct argp PARSER = {
    .options = OPTIONS,
    .parser = take,
    .args_doc = "TRACE",
    .doc = "Runs the work recorded in a trace (see trace_export) through a model of the system, as "
           "it was set and as it might be.\vThree columns: what was recorded; the model under the "
           "settings of then (baseline); the model with what the options change (changed). First "
           "result and finish are of jobs, in seconds from their submission; makespan is from the "
           "first submission to the last finish. Each chunk takes the calls it took then, also "
           "those that failed. The model knows no lost calls, nothing held by operators, no "
           "deadlines and no takeovers: hold its baseline against what was recorded before you "
           "believe the rest.",
    .children = RECORDING,
};

static void change_prices(const struct arguments *arguments, struct scheduler_config *config)
{
    for (uint32_t i = 0; i < config->endpoint_count && arguments->prompt_usd >= 0; i++) {
        /* A dollar for a million is a thousand billionths for one. */
        config->endpoints[i].prompt_nanos = (uint32_t)lround(arguments->prompt_usd * 1e3);
        config->endpoints[i].completion_nanos = (uint32_t)lround(arguments->completion_usd * 1e3);
    }
}

static bool change_limits(const struct arguments *arguments, struct limits *limits,
                          struct error *why)
{
    if (arguments->requests > UINT32_MAX)
        return error_set(why, ERROR_INVALID, "--rpm is at most %" PRIu32, UINT32_MAX);
    if (arguments->requests != 0)
        limits->requests_per_minute = arguments->requests > 0 ? (uint32_t)arguments->requests : 0;
    if (arguments->tokens != 0)
        limits->tokens_per_minute = arguments->tokens > 0 ? (uint64_t)arguments->tokens : 0;
    if (arguments->requests != 0 || arguments->tokens != 0)
        limits->is_shadow = false; /* they are to be held */
    return true;
}

static bool change(const struct arguments *arguments, struct whatif_setting *setting,
                   struct error *why)
{
    struct scheduler_config *config = &setting->config;
    if (config->endpoint_count == 0)
        config->endpoint_count = 1;
    if (arguments->users > 0)
        config->max_active_users = (uint32_t)arguments->users;
    if (arguments->calls > 0)
        config->max_calls = (uint32_t)arguments->calls;
    if (arguments->replicas > 0)
        setting->analyzers = (uint32_t)arguments->replicas;
    if (arguments->slots > 0)
        setting->slots = (uint32_t)arguments->slots;
    if (arguments->has_fairness)
        config->fairness = arguments->fairness;
    change_prices(arguments, config);
    return change_limits(arguments, &config->endpoints[0].limits, why);
}

static bool run(const struct arguments *arguments, struct history *history, struct error *why)
{
    SCOPED(trace_close) struct trace *trace = NULL;
    if (!trace_open(arguments->recording.path, &trace, why))
        return false;
    struct error fault;
    if (!history_read(trace, history, &fault))
        return error_set(why, fault.kind, "%s: %s", arguments->recording.path, fault.message);
    struct whatif_report told = {.was = whatif_setting(history), .is = whatif_setting(history)};
    if (told.was.analyzers == 0)
        return error_set(why, ERROR_INVALID, "%s: no analyzer was there while work was",
                         arguments->recording.path);
    if (!change(arguments, &told.is, why))
        return false;
    told.recorded = whatif_recorded(history);
    told.baseline = whatif_run(history, &told.was);
    told.changed = whatif_run(history, &told.is);
    if (arguments->recording.is_json)
        whatif_report_json(history, &told);
    else
        whatif_report_table(history, &told);
    return true;
}

int command_whatif(int argc, char **argv)
{
    struct arguments arguments = {.prompt_usd = -1};
    if (argp_parse(&PARSER, argc, argv, 0, NULL, &arguments) != 0)
        return END_USAGE;
    SCOPED(history_free) struct history history = {0};
    struct error why;
    if (run(&arguments, &history, &why))
        return END_OK;
    fprintf(stderr, "tweetpulse: %s\n", why.message);
    return end_of_error(&why);
}
