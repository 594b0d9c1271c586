#include "whatif_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define FAR_OFF_PERCENT 30.0

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
FIGURE(jobs, (double)f->jobs)
FIGURE(calls, (double)f->calls)
FIGURE(failed_calls, (double)f->failed_calls)
FIGURE(tokens, (double)f->tokens)
FIGURE(cost, f->usd)
#undef FIGURE

static const struct {
    const char *name, *unit, *key;
    double (*of)(const struct figures *figures);
    int digits; /* behind the point */
} ROWS[] = {
    {"jobs finished", "", "jobs", jobs, 0},
    {"first result, mean", "s", "first_mean_s", first_mean, 3},
    {"first result, P50", "s", "first_p50_s", first_p50, 3},
    {"first result, P90", "s", "first_p90_s", first_p90, 3},
    {"first result, P99", "s", "first_p99_s", first_p99, 3},
    {"finish, mean", "s", "finish_mean_s", finish_mean, 3},
    {"finish, P50", "s", "finish_p50_s", finish_p50, 3},
    {"finish, P90", "s", "finish_p90_s", finish_p90, 3},
    {"finish, P99", "s", "finish_p99_s", finish_p99, 3},
    {"makespan", "s", "makespan_s", makespan, 3},
    {"slots in use", "%", "slots_percent", slots_used, 3},
    {"requests of their limit", "%", "requests_percent", requests_used, 3},
    {"tokens of their limit", "%", "tokens_percent", tokens_used, 3},
    {"calls", "", "calls", calls, 0},
    {"calls that failed", "", "failed_calls", failed_calls, 0},
    {"tokens", "", "tokens", tokens, 0},
    {"cost", "USD", "usd", cost, 6},
};
enum { ROW_COUNT = sizeof ROWS / sizeof ROWS[0] };

/* How far the model is from life, by the mean finish; in percent. */
static double off(const struct whatif_report *report)
{
    double was = report->recorded.finish.mean_s;
    return was > 0 ? 100 * (report->baseline.finish.mean_s - was) / was : 0;
}

static void print_limit(const char *name, uint64_t limit)
{
    if (limit > 0)
        printf(", %" PRIu64 " %s a minute", limit, name);
    else
        printf(", no limit of %s", name);
}

static void print_setting(const char *name, const struct whatif_setting *setting)
{
    const struct scheduler_config *config = &setting->config;
    const struct limits *limits = &config->endpoints[0].limits;
    printf("%-9s %" PRIu32 " users, %" PRIu32 " analyzers of %" PRIu32 " slots", name,
           config->max_active_users, setting->analyzers, setting->slots);
    print_limit("requests", limits->requests_per_minute);
    print_limit("tokens", limits->tokens_per_minute);
    puts(limits->is_shadow ? " (counted only)" : "");
}

static void print_doubt(const char *what, uint64_t count, const char *so)
{
    if (count > 0)
        printf("%s: %" PRIu64 ". %s\n", what, count, so);
}

/* What was not as the setting says, or cannot be known. */
static void print_doubts(const struct history *history)
{
    const struct history_setting *setting = &history->setting;
    if (!setting->is_config_known)
        puts("No chapter begins in the trace: its settings are not known, and taken as the "
             "defaults.");
    print_doubt("Steps missing in the trace", history->lost_steps, "Some work may be missing too.");
    print_doubt("Batches missing in the trace", history->lost_batches,
                "Some work may be missing too.");
    if (setting->least_analyzers < setting->most_analyzers)
        printf("Analyzers at once: %" PRIu32 " to %" PRIu32 ". The model has as many as were there "
               "on the average.\n",
               setting->least_analyzers, setting->most_analyzers);
    print_doubt("Changes of limits or other settings", setting->changes,
                "The model has those of the end.");
    print_doubt("Times that operators held something or kept it from the LLM", setting->stops,
                "The model holds nothing but\nendpoints that were held at the end.");
}

static void print_doubts_of_calls(const struct history *history)
{
    const struct history_use *use = &history->use;
    print_doubt("Calls without an outcome in the trace", use->unheard,
                "They are charged as booked, and not repeated.");
    print_doubt("Calls that did not tell their usage", use->without_usage,
                "They are charged as booked.");
    print_doubt("Calls whose endpoint is not in the trace", use->without_price,
                "They are priced as by the first.");
    print_doubt("Times that the embedded analysis stood in", use->embedded,
                "The model calls, if it can.");
    print_doubt("Chunks whose calls' length is not known", history->drawn,
                "It is drawn from the others.");
}

void whatif_report_table(const struct history *history, const struct whatif_report *report)
{
    printf("%zu jobs, %" PRIu64 " chunks, %" PRIu64 " of them or their parts all cached\n",
           history->job_count, history->chunks, history->use.cached);
    print_setting("baseline", &report->was);
    print_setting("changed", &report->is);
    printf("\n%-24s %12s %12s %12s\n", "", "recorded", "baseline", "changed");
    for (size_t i = 0; i < ROW_COUNT; i++)
        printf("%-24s %12.*f %12.*f %12.*f %s\n", ROWS[i].name, ROWS[i].digits,
               ROWS[i].of(&report->recorded), ROWS[i].digits, ROWS[i].of(&report->baseline),
               ROWS[i].digits, ROWS[i].of(&report->changed), ROWS[i].unit);
    printf("\nThe model's baseline finishes %.1f %% %s than recorded, by the mean.\n",
           fabs(off(report)), off(report) < 0 ? "sooner" : "later");
    if (report->recorded.usd > 0)
        printf("It costs %.1f %% of what was recorded.\n",
               100 * report->baseline.usd / report->recorded.usd);
    if (fabs(off(report)) > FAR_OFF_PERCENT)
        puts("That is far off: it knows no lost calls, holds, deadlines or takeovers. Compare the "
             "changed\ncolumn with the baseline alone, and believe neither to the second.");
    if (report->recorded.failed_calls > 0)
        puts("Calls that failed fail again in the model, with what they took and the waits after "
             "them.");
    print_doubts(history);
    print_doubts_of_calls(history);
}

static void print_figures(const char *name, const struct figures *figures)
{
    printf("\"%s\":{", name);
    for (size_t i = 0; i < ROW_COUNT; i++)
        printf("%s\"%s\":%.12g", i > 0 ? "," : "", ROWS[i].key, ROWS[i].of(figures));
    printf("},");
}

static void print_json_setting(const char *name, const struct whatif_setting *setting)
{
    const struct limits *limits = &setting->config.endpoints[0].limits;
    printf("\"%s\":{\"users\":%" PRIu32 ",\"analyzers\":%" PRIu32 ",\"slots\":%" PRIu32
           ",\"requests_per_minute\":%" PRIu32 ",\"tokens_per_minute\":%" PRIu64 "},",
           name, setting->config.max_active_users, setting->analyzers, setting->slots,
           limits->requests_per_minute, limits->tokens_per_minute);
}

void whatif_report_json(const struct history *history, const struct whatif_report *report)
{
    const struct history_setting *setting = &history->setting;
    const struct history_use *use = &history->use;
    printf("{\"jobs\":%zu,\"chunks\":%" PRIu64 ",", history->job_count, history->chunks);
    print_figures("recorded", &report->recorded);
    print_figures("baseline", &report->baseline);
    print_figures("changed", &report->changed);
    print_json_setting("setting", &report->was);
    print_json_setting("changed_setting", &report->is);
    printf("\"least_analyzers\":%" PRIu32 ",\"most_analyzers\":%" PRIu32
           ",\"setting_changes\":%" PRIu32 ",\"stops\":%" PRIu32 ",\"cached\":%" PRIu64
           ",\"embedded\":%" PRIu64 ",\"drawn\":%" PRIu64 ",",
           setting->least_analyzers, setting->most_analyzers, setting->changes, setting->stops,
           use->cached, use->embedded, history->drawn);
    printf("\"calls_without_outcome\":%" PRIu64 ",\"calls_without_usage\":%" PRIu64
           ",\"calls_without_price\":%" PRIu64 ",\"lost_steps\":%" PRIu64
           ",\"lost_batches\":%" PRIu64 ",",
           use->unheard, use->without_usage, use->without_price, history->lost_steps,
           history->lost_batches);
    printf("\"baseline_off_percent\":%.3g,\"settings_known\":%s}\n", off(report),
           setting->is_config_known ? "true" : "false");
}
