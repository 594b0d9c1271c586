#include "metrics.h"

#include <pthread.h>

static struct store_metrics made;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make(void)
{
    const struct metric_labels none = METRIC_NO_LABELS;
    made = (struct store_metrics){
        .rpc_seconds = metrics_duration("tweetpulse_store_rpc_duration_seconds",
                                        "Time from taking a question to its answer.",
                                        METRIC_LABELS("question", "outcome")),
        .outcomes = metrics_counter("tweetpulse_store_outcomes_total",
                                    "Outcomes of attempts, by what became of them.",
                                    METRIC_LABELS("result")),
        .cost_usd = metrics_counter("tweetpulse_llm_cost_usd_total",
                                    "What calls of the LLM cost, by the prices at their grants.",
                                    METRIC_LABELS("endpoint", "model")),
        .db_errors = metrics_counter("tweetpulse_db_errors_total",
                                     "Statements and connections to Postgres that failed.",
                                     METRIC_LABELS("kind")),
        .jobs = metrics_gauge("tweetpulse_jobs", "Unfinished jobs.", METRIC_LABELS("status")),
        .redis = metrics_counter("tweetpulse_redis_requests_total",
                                 "Look-ups and writes in Redis, by what became of them.",
                                 METRIC_LABELS("result")),
        .redis_seconds = metrics_duration("tweetpulse_redis_duration_seconds",
                                          "Time of a round trip for many results of posts.",
                                          METRIC_LABELS("command")),
        .audits = metrics_counter("tweetpulse_audits_total",
                                  "Quality audits begun, compared, and dropped without an answer.",
                                  METRIC_LABELS("result")),
        .audit_posts = metrics_counter(
            "tweetpulse_audit_posts_total",
            "Posts asked twice, by the third of the call in which they stood at first and by "
            "whether both answers have the same sentiment.",
            METRIC_LABELS("model", "prompt_version", "position", "result")),
        .db_in_use = metrics_plain(metrics_gauge(
            "tweetpulse_db_pool_in_use", "Postgres connections running a statement.", none)),
        .db_size = metrics_plain(metrics_gauge(
            "tweetpulse_db_pool_size", "Postgres connections this replica may have.", none)),
        .outbox_unpublished =
            metrics_plain(metrics_gauge("tweetpulse_outbox_unpublished",
                                        "Events committed and not yet marked as published.", none)),
        .events_published = metrics_plain(metrics_counter("tweetpulse_events_published_total",
                                                          "Events the broker has taken.", none)),
        .duplicate_calls = metrics_plain(metrics_counter(
            "tweetpulse_llm_duplicate_calls_total",
            "LLM calls whose attempt had been given up before their outcome came.", none)),
        .commit_seconds =
            metrics_plain(metrics_duration("tweetpulse_store_commit_duration_seconds",
                                           "Time to commit a batch of outcomes.", none)),
    };
    made.db_error_connect = metrics_with(made.db_errors, METRIC_VALUES("connect"));
}

const struct store_metrics *metrics_of_store(void)
{
    pthread_once(&once, make);
    return &made;
}

struct metric *metrics_of_db_error(enum error_kind kind)
{
    return metrics_with(metrics_of_store()->db_errors, METRIC_VALUES(error_kind_name(kind)));
}

struct metric *metrics_of_audits(const char *result)
{
    return metrics_with(metrics_of_store()->audits, METRIC_VALUES(result));
}
