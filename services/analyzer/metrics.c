#include "metrics.h"

#include "base/check.h"
#include "metrics/metrics.h"

enum provenance_series {
    BY_LLM,
    BY_REPAIR,
    BY_CACHE,
    BY_NEAR_DUPLICATE,
    BY_EMBEDDED,
    NOT_ANALYSED,
    PROVENANCES
};

/* The process's own registry holds the values; here is what we look up once. */
static struct {
    struct metric_family *calls, *tokens, *in_flight, *absurd;
    struct metric *slots, *full, *busy, *chunk, *refused;
    struct metric *posts[PROVENANCES], *asks[ASK_REPEATED + 1];
    struct metric *hits[CACHE_LEVELS], *misses[CACHE_LEVELS], *lookup_seconds[CACHE_LEVELS];
    struct metric *cache_bytes, *cache_results, *evictions;
    struct metric *joined[JOINED_ELSEWHERE + 1], *waits[WAIT_GIVEN_UP + 1];
} series;

static void open_flight_series(void)
{
    struct metric_family *joined = metrics_counter(
        "tweetpulse_cache_joined_posts_total",
        "Posts not asked for because another call did, of this replica or of another.",
        METRIC_LABELS("replica"));
    series.joined[JOINED_HERE] = metrics_with(joined, METRIC_VALUES("same"));
    series.joined[JOINED_ELSEWHERE] = metrics_with(joined, METRIC_VALUES("other"));
    struct metric_family *waits = metrics_counter(
        "tweetpulse_cache_waits_total",
        "Posts that were waited for because another replica asked for them, by the wait's end: "
        "answered, lost with their call, or given up. The last two are asked for after all.",
        METRIC_LABELS("end"));
    series.waits[WAIT_ANSWERED] = metrics_with(waits, METRIC_VALUES("answered"));
    series.waits[WAIT_LOST] = metrics_with(waits, METRIC_VALUES("lost"));
    series.waits[WAIT_GIVEN_UP] = metrics_with(waits, METRIC_VALUES("given_up"));
}

static void open_cache_series(void)
{
    static const char *const names[] = {"chunk", "memory", "near_duplicate", "redis"};
    struct metric_family *lookups = metrics_counter(
        "tweetpulse_cache_lookups_total",
        "Posts looked up before they are asked for, by where: in their own chunk, in the memory of "
        "the replica, there by what they say, in Redis.",
        METRIC_LABELS("level", "result"));
    struct metric_family *seconds =
        metrics_duration("tweetpulse_cache_lookup_duration_seconds", "Time to look a chunk up.",
                         METRIC_LABELS("level"));
    for (size_t i = 0; i < CACHE_LEVELS; i++) {
        series.hits[i] = metrics_with(lookups, METRIC_VALUES(names[i], "hit"));
        series.misses[i] = metrics_with(lookups, METRIC_VALUES(names[i], "miss"));
        if (i != LEVEL_CHUNK)
            series.lookup_seconds[i] = metrics_with(seconds, METRIC_VALUES(names[i]));
    }
    series.cache_bytes = metrics_plain(metrics_gauge(
        "tweetpulse_cache_bytes",
        "Memory taken by results kept in it and by what finds near duplicates of their posts.",
        METRIC_NO_LABELS));
    series.cache_results = metrics_plain(
        metrics_gauge("tweetpulse_cache_results", "Results kept in memory.", METRIC_NO_LABELS));
    series.evictions = metrics_plain(metrics_counter("tweetpulse_cache_evictions_total",
                                                     "Results that had to make room in memory.",
                                                     METRIC_NO_LABELS));
    open_flight_series();
}

void analyzer_metrics_open(void)
{
    series.calls =
        metrics_duration("tweetpulse_llm_request_duration_seconds", "Time of a call to the LLM.",
                         METRIC_LABELS("endpoint", "model", "outcome"));
    series.tokens =
        metrics_counter("tweetpulse_llm_tokens_total", "Tokens as the LLM counted them.",
                        METRIC_LABELS("endpoint", "model", "direction"));
    series.absurd = metrics_counter("tweetpulse_llm_usage_not_believed_total",
                                    "Answers whose usage no such call can have: counted as booked.",
                                    METRIC_LABELS("endpoint"));
    series.in_flight = metrics_gauge("tweetpulse_llm_requests_in_flight",
                                     "Calls to the LLM running now.", METRIC_LABELS("endpoint"));
    series.busy = metrics_plain(metrics_gauge("tweetpulse_analyzer_busy_slots",
                                              "Permitted calls running now.", METRIC_NO_LABELS));
    series.slots = metrics_plain(metrics_gauge(
        "tweetpulse_analyzer_slots", "Calls this replica can run at once.", METRIC_NO_LABELS));
    series.full = metrics_plain(metrics_gauge(
        "tweetpulse_analyzer_memory_full",
        "1 while its memory is above its ceiling, and nothing more is taken.", METRIC_NO_LABELS));
    struct metric_family *posts =
        metrics_counter("tweetpulse_analyzer_posts_total",
                        "Posts in outcomes, by what became of them.", METRIC_LABELS("provenance"));
    series.posts[BY_LLM] = metrics_with(posts, METRIC_VALUES("llm"));
    series.posts[BY_REPAIR] = metrics_with(posts, METRIC_VALUES("repaired"));
    series.posts[BY_CACHE] = metrics_with(posts, METRIC_VALUES("cache"));
    series.posts[BY_NEAR_DUPLICATE] = metrics_with(posts, METRIC_VALUES("near_duplicate"));
    series.posts[BY_EMBEDDED] = metrics_with(posts, METRIC_VALUES("embedded"));
    series.posts[NOT_ANALYSED] = metrics_with(posts, METRIC_VALUES("none"));
    struct metric_family *asks =
        metrics_counter("tweetpulse_analyzer_asks_total", "Permits asked for, by verdict.",
                        METRIC_LABELS("verdict"));
    series.asks[ASK_PERMITTED] = metrics_with(asks, METRIC_VALUES("permitted"));
    series.asks[ASK_FREE] = metrics_with(asks, METRIC_VALUES("free"));
    series.asks[ASK_DROPPED] = metrics_with(asks, METRIC_VALUES("dropped"));
    series.asks[ASK_REPEATED] = metrics_with(asks, METRIC_VALUES("repeated"));
    series.chunk = metrics_plain(metrics_duration(
        "tweetpulse_chunk_duration_seconds",
        "Time from a dispatch's arrival until its outcome is stored.", METRIC_NO_LABELS));
    series.refused = metrics_plain(metrics_counter(
        "tweetpulse_analyzer_refused_total", "Messages that could not be read.", METRIC_NO_LABELS));
    open_cache_series();
}

void analyzer_metrics_full(bool is_full)
{
    metric_set(series.full, is_full);
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

static void add_tokens(const char *endpoint, const char *model, const char *direction,
                       uint32_t count)
{
    metric_add(metrics_with(series.tokens, METRIC_VALUES(endpoint, model, direction)), count);
}

void analyzer_metrics_call(const Tp__Outcome *outcome, const char *model, double seconds)
{
    const char *endpoint = outcome->endpoint;
    const char *name = outcome_class_name(outcome->outcome_class);
    metric_add(metrics_with(series.in_flight, METRIC_VALUES(endpoint)), -1);
    metric_observe(metrics_with(series.calls, METRIC_VALUES(endpoint, model, name)), seconds);
    add_tokens(endpoint, model, "prompt", outcome->usage->prompt_tokens);
    add_tokens(endpoint, model, "completion", outcome->usage->completion_tokens);
}

void analyzer_metrics_absurd_usage(const char *endpoint)
{
    metric_add(metrics_with(series.absurd, METRIC_VALUES(endpoint)), 1);
}

void analyzer_metrics_lookups(enum cache_level level, size_t hits, size_t misses)
{
    metric_add(series.hits[level], (double)hits);
    metric_add(series.misses[level], (double)misses);
}

void analyzer_metrics_lookup_time(enum cache_level level, double seconds)
{
    metric_observe(series.lookup_seconds[level], seconds);
}

void analyzer_metrics_joined(enum joined where, size_t posts)
{
    metric_add(series.joined[where], (double)posts);
}

void analyzer_metrics_waited(enum wait_end end)
{
    metric_add(series.waits[end], 1);
}

void analyzer_metrics_memory(const struct memory *memory, const struct near *near,
                             uint64_t *evictions_told)
{
    metric_set(series.cache_bytes, (double)(memory_bytes(memory) + near_bytes(near)));
    metric_set(series.cache_results, (double)memory_count(memory));
    metric_add(series.evictions, (double)(memory_evictions(memory) - *evictions_told));
    *evictions_told = memory_evictions(memory);
}

static enum provenance_series series_of(Tp__Provenance provenance)
{
    switch (provenance) {
    case TP__PROVENANCE__FROM_EMBEDDED:
        return BY_EMBEDDED;
    case TP__PROVENANCE__FROM_CACHE:
        return BY_CACHE;
    case TP__PROVENANCE__FROM_NEAR_DUPLICATE:
        return BY_NEAR_DUPLICATE;
    case TP__PROVENANCE__FROM_REPAIR:
        return BY_REPAIR;
    case TP__PROVENANCE__FROM_LLM:
        return BY_LLM;
    case TP__PROVENANCE__NO_PROVENANCE:
        return NOT_ANALYSED;
    case _TP__PROVENANCE_IS_INT_SIZE:
        break;
    }
    CHECK_UNREACHABLE();
}

void analyzer_metrics_outcome(const Tp__Outcome *outcome)
{
    for (size_t i = 0; i < outcome->n_results; i++)
        metric_add(series.posts[series_of(outcome->results[i]->provenance)], 1);
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
