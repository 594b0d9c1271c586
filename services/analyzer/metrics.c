#include "metrics.h"

#include "base/check.h"
#include "metrics/metrics.h"

enum provenance_series { BY_LLM, BY_EMBEDDED, NOT_ANALYSED, PROVENANCES };

/* The process's own registry holds the values; here is what we look up once. */
static struct {
    const char *model;
    struct metric_family *calls;
    struct metric *tokens_in, *tokens_out, *slots, *in_flight, *chunk, *refused;
    struct metric *posts[PROVENANCES], *asks[ASK_REPEATED + 1];
} series;

void analyzer_metrics_open(const char *model)
{
    series.model = model;
    series.calls =
        metrics_duration("tweetpulse_llm_request_duration_seconds", "Time of a call to the LLM.",
                         METRIC_LABELS("model", "outcome"));
    struct metric_family *tokens =
        metrics_counter("tweetpulse_llm_tokens_total", "Tokens as the LLM counted them.",
                        METRIC_LABELS("direction"));
    series.tokens_in = metrics_with(tokens, METRIC_VALUES("prompt"));
    series.tokens_out = metrics_with(tokens, METRIC_VALUES("completion"));
    series.in_flight = metrics_plain(metrics_gauge(
        "tweetpulse_llm_requests_in_flight", "Permitted calls running now.", METRIC_NO_LABELS));
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
    metric_set(series.in_flight, busy);
}

void analyzer_metrics_ask(enum ask_verdict verdict)
{
    metric_add(series.asks[verdict], 1);
}

void analyzer_metrics_call(Tp__OutcomeClass outcome_class, double seconds)
{
    metric_observe(
        metrics_with(series.calls, METRIC_VALUES(series.model, outcome_class_name(outcome_class))),
        seconds);
}

void analyzer_metrics_outcome(const Tp__Outcome *outcome)
{
    for (size_t i = 0; i < outcome->n_results; i++) {
        bool is_embedded = outcome->results[i]->provenance == TP__PROVENANCE__FROM_EMBEDDED;
        metric_add(series.posts[is_embedded ? BY_EMBEDDED : BY_LLM], 1);
    }
    metric_add(series.posts[NOT_ANALYSED], (double)outcome->n_missing);
    metric_add(series.tokens_in, outcome->usage->prompt_tokens);
    metric_add(series.tokens_out, outcome->usage->completion_tokens);
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
