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
#include "whatif/whatif.h"

#define FAR_OFF_PERCENT 30.0
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
     .doc = "dollars for a million tokens sent, and answered"},
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
            arguments->prompt_usd >= 0 && arguments->completion_usd >= 0)
            return;
    }
    argp_error(state, "--price is two prices, as in 0.15,0.6, not %s", value);
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
           "first submission to the last finish. The model knows no failures, pauses, caches or "
           "takeovers: hold its baseline against what was recorded before you believe the rest.",
    .children = RECORDING,
};

static bool change(const struct arguments *arguments, struct whatif_setting *setting,
                   struct error *why)
{
    struct scheduler_config *config = &setting->config;
    struct limits *limits = &config->endpoints[0].limits;
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
    if (arguments->requests > UINT32_MAX)
        return error_set(why, ERROR_INVALID, "--rpm is at most %" PRIu32, UINT32_MAX);
    if (arguments->requests != 0)
        limits->requests_per_minute = arguments->requests > 0 ? (uint32_t)arguments->requests : 0;
    if (arguments->tokens != 0)
        limits->tokens_per_minute = arguments->tokens > 0 ? (uint64_t)arguments->tokens : 0;
    if (arguments->prompt_usd >= 0) {
        setting->prompt_usd = arguments->prompt_usd;
        setting->completion_usd = arguments->completion_usd;
    }
    if (arguments->has_fairness)
        config->fairness = arguments->fairness;
    return true;
}

/* ---- what is printed ---- */
struct told {
    struct figures recorded, baseline, changed;
};

static void print_row(const char *name, const struct told *told,
                      double (*of)(const struct figures *), const char *unit)
{
    printf("%-24s %10.3f %10.3f %10.3f %s\n", name, of(&told->recorded), of(&told->baseline),
           of(&told->changed), unit);
}

#define FIGURE(name, expression)                                                                   \
    static double name(const struct figures *f)                                                    \
    {                                                                                              \
        return expression;                                                                         \
    }
FIGURE(first_mean, f->first.mean_s)
FIGURE(first_p50, f->first.p50_s)
FIGURE(first_p90, f->first.p90_s)
FIGURE(first_p99, f->first.p99_s)
FIGURE(finish_mean, f->finish.mean_s)
FIGURE(finish_p50, f->finish.p50_s)
FIGURE(finish_p90, f->finish.p90_s)
FIGURE(finish_p99, f->finish.p99_s)
FIGURE(makespan, f->makespan_s)
FIGURE(slots_used, 100 * f->slots_part)
FIGURE(requests_used, 100 * f->requests_part)
FIGURE(tokens_used, 100 * f->tokens_part)
FIGURE(cost, f->usd)
#undef FIGURE

static const struct {
    const char *name, *unit, *key;
    double (*of)(const struct figures *figures);
} ROWS[] = {
    {"first result, mean", "s", "first_mean_s", first_mean},
    {"first result, P50", "s", "first_p50_s", first_p50},
    {"first result, P90", "s", "first_p90_s", first_p90},
    {"first result, P99", "s", "first_p99_s", first_p99},
    {"finish, mean", "s", "finish_mean_s", finish_mean},
    {"finish, P50", "s", "finish_p50_s", finish_p50},
    {"finish, P90", "s", "finish_p90_s", finish_p90},
    {"finish, P99", "s", "finish_p99_s", finish_p99},
    {"makespan", "s", "makespan_s", makespan},
    {"slots in use", "%", "slots_percent", slots_used},
    {"requests of their limit", "%", "requests_percent", requests_used},
    {"tokens of their limit", "%", "tokens_percent", tokens_used},
    {"cost", "USD", "usd", cost},
};
enum { ROW_COUNT = sizeof ROWS / sizeof ROWS[0] };

/* How far the model is from life, by the mean finish; in percent. */
static double off(const struct told *told)
{
    double was = told->recorded.finish.mean_s;
    return was > 0 ? 100 * (told->baseline.finish.mean_s - was) / was : 0;
}

static void print_table(const struct history *history, const struct told *told)
{
    printf("%zu jobs, %" PRIu64 " chunks\n\n%-24s %10s %10s %10s\n", history->job_count,
           history->chunks, "", "recorded", "baseline", "changed");
    for (size_t i = 0; i < ROW_COUNT; i++)
        print_row(ROWS[i].name, told, ROWS[i].of, ROWS[i].unit);
    printf("\nThe model's baseline finishes %.1f %% %s than recorded, by the mean.\n",
           fabs(off(told)), off(told) < 0 ? "sooner" : "later");
    if (fabs(off(told)) > FAR_OFF_PERCENT)
        puts("That is far off: it knows no failures, pauses, caches or takeovers. Compare the "
             "changed column\nwith the baseline alone, and believe neither to the second.");
    if (!history->setting.is_config_known)
        puts("No chapter begins in the trace: its settings are not known, and taken as the "
             "defaults.");
    if (history->lost_steps + history->lost_batches > 0)
        puts("Parts of the trace are missing, and with them some work.");
    if (history->chunks_without_usage > 0)
        printf("The tokens of %" PRIu64 " chunks are not known, and estimated from their text.\n",
               history->chunks_without_usage);
}

static void print_figures(const char *name, const struct figures *figures)
{
    printf("\"%s\":{\"jobs\":%zu", name, figures->jobs);
    for (size_t i = 0; i < ROW_COUNT; i++)
        printf(",\"%s\":%.6g", ROWS[i].key, ROWS[i].of(figures));
    putchar('}');
}

static void print_json(const struct history *history, const struct told *told)
{
    printf("{\"jobs\":%zu,\"chunks\":%" PRIu64 ",", history->job_count, history->chunks);
    print_figures("recorded", &told->recorded);
    putchar(',');
    print_figures("baseline", &told->baseline);
    putchar(',');
    print_figures("changed", &told->changed);
    printf(",\"baseline_off_percent\":%.3g,\"settings_known\":%s}\n", off(told),
           history->setting.is_config_known ? "true" : "false");
}

static bool run(const struct arguments *arguments, struct history *history, struct error *why)
{
    SCOPED(trace_close) struct trace *trace = NULL;
    if (!trace_open(arguments->recording.path, &trace, why))
        return false;
    struct error fault;
    if (!history_read(trace, history, &fault))
        return error_set(why, fault.kind, "%s: %s", arguments->recording.path, fault.message);
    struct whatif_setting was = whatif_setting(history), changed = was;
    if (!change(arguments, &changed, why))
        return false;
    struct told told = {.recorded = whatif_recorded(history, &was),
                        .baseline = whatif_run(history, &was),
                        .changed = whatif_run(history, &changed)};
    if (arguments->recording.is_json)
        print_json(history, &told);
    else
        print_table(history, &told);
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
