#include "metrics.h"

#include "base/check.h"
#include "metrics/metrics.h"

enum provenance_series { BY_LLM, BY_EMBEDDED, NOT_ANALYSED, PROVENANCES };

/* The process's own registry holds the values; here is what we look up once. */
static struct {
    struct metric_family *calls, *tokens, *in_flight;
    struct metric *slots, *busy, *chunk, *refused;
    struct metric *posts[PROVENANCES], *asks[ASK_REPEATED + 1];
} series;

void analyzer_metrics_open(void)
{
    series.calls =
        metrics_duration("tweetpulse_llm_request_duration_seconds", "Time of a call to the LLM.",
                         METRIC_LABELS("endpoint", "model", "outcome"));
    series.tokens =
        metrics_counter("tweetpulse_llm_tokens_total", "Tokens as the LLM counted them.",
                        METRIC_LABELS("endpoint", "direction"));
    series.in_flight = metrics_gauge("tweetpulse_llm_requests_in_flight",
                                     "Calls to the LLM running now.", METRIC_LABELS("endpoint"));
    series.busy = metrics_plain(metrics_gauge("tweetpulse_analyzer_busy_slots",
                                              "Permitted calls running now.", METRIC_NO_LABELS));
    series.slots = metrics_plain(metrics_gauge(
        "tweetpulse_analyzer_slots", "Calls this replica can run at once.", METRIC_NO_LABELS));
    struct metric_family *posts =
        metrics_counter("tweetpulse_analyzer_posts_total",
                        "Posts in outcomes, by what became of them.", METRIC_LABELS("provenance"));
    series.posts[BY_LLM] = metrics_with(posts, METRIC_VALUES("llm"));
    series.posts[BY_EMBEDDED] = metrics_with(posts, METRIC_VALUES("embedded"));
    series.posts[NOT_ANALYSED] = metrics_with(posts, METRIC_VALUES("none"));
    struct metric_family *asks =
        metrics_counter("tweetpulse_analyzer_asks_total", "Permits asked for, by verdict.",
                        METRIC_LABELS("verdict"));
    series.asks[ASK_PERMITTED] = metrics_with(asks, METRIC_VALUES("permitted"));
    series.asks[ASK_DROPPED] = metrics_with(asks, METRIC_VALUES("dropped"));
    series.asks[ASK_REPEATED] = metrics_with(asks, METRIC_VALUES("repeated"));
    series.chunk = metrics_plain(metrics_duration(
        "tweetpulse_chunk_duration_seconds",
        "Time from a dispatch's arrival until its outcome is stored.", METRIC_NO_LABELS));
    series.refused = metrics_plain(metrics_counter(
        "tweetpulse_analyzer_refused_total", "Messages that could not be read.", METRIC_NO_LABELS));
}

void analyzer_metrics_slots(int slots, int busy)
{
    metric_set(series.slots, slots);
    metric_set(series.busy, busy);
}

void analyzer_metrics_ask(enum ask_verdict verdict)
{
    metric_add(series.asks[verdict], 1);
}

void analyzer_metrics_call_begins(const char *endpoint)
{
    metric_add(metrics_with(series.in_flight, METRIC_VALUES(endpoint)), 1);
}

static void add_tokens(const char *endpoint, const char *direction, uint32_t count)
{
    metric_add(metrics_with(series.tokens, METRIC_VALUES(endpoint, direction)), count);
}

void analyzer_metrics_call(const Tp__Outcome *outcome, const char *model, double seconds)
{
    const char *endpoint = outcome->endpoint;
    const char *name = outcome_class_name(outcome->outcome_class);
    metric_add(metrics_with(series.in_flight, METRIC_VALUES(endpoint)), -1);
    metric_observe(metrics_with(series.calls, METRIC_VALUES(endpoint, model, name)), seconds);
    add_tokens(endpoint, "prompt", outcome->usage->prompt_tokens);
    add_tokens(endpoint, "completion", outcome->usage->completion_tokens);
}

void analyzer_metrics_outcome(const Tp__Outcome *outcome)
{
    for (size_t i = 0; i < outcome->n_results; i++) {
        bool is_embedded = outcome->results[i]->provenance == TP__PROVENANCE__FROM_EMBEDDED;
        metric_add(series.posts[is_embedded ? BY_EMBEDDED : BY_LLM], 1);
    }
    metric_add(series.posts[NOT_ANALYSED], (double)outcome->n_missing);
}

void analyzer_metrics_chunk(double seconds)
{
    metric_observe(series.chunk, seconds);
}

void analyzer_metrics_refused(void)
{
    metric_add(series.refused, 1);
}

const char *outcome_class_name(Tp__OutcomeClass outcome_class)
{
    static const char *const names[] = {
        "none",       "ok",           "partial",        "rate_limited",   "quota_exhausted",
        "too_large",  "truncated",    "invalid_answer", "content_filter", "timeout",
        "connection", "server_error", "bad_request",    "auth",           "aborted"};
    CHECK((size_t)outcome_class < sizeof names / sizeof names[0]);
    return names[outcome_class];
}
