#include "metrics.h"

#include <stdio.h>

#include "metrics/metrics.h"

static struct metric_family *requests(void)
{
    return metrics_counter("tweetpulse_http_requests_total", "Requests answered.",
                           METRIC_LABELS("method", "route", "code"));
}

static struct metric_family *durations(void)
{
    return metrics_duration("tweetpulse_http_request_duration_seconds",
                            "From a request's headers to the end of its answer.",
                            METRIC_LABELS("method", "route", "code"));
}

static struct metric *streams(void)
{
    return metrics_plain(metrics_gauge("tweetpulse_http_streams",
                                       "Event streams and WebSockets open.", METRIC_NO_LABELS));
}

static struct metric *jobs(void)
{
    return metrics_plain(metrics_counter("tweetpulse_jobs_submitted_total",
                                         "Jobs taken, repeats not counted.", METRIC_NO_LABELS));
}

static struct metric *posts(void)
{
    return metrics_plain(metrics_counter("tweetpulse_posts_submitted_total",
                                         "Posts of the jobs taken.", METRIC_NO_LABELS));
}

void gateway_metrics_open(void)
{
    metric_set(streams(), 0);
    metric_add(jobs(), 0);
    metric_add(posts(), 0);
}

void gateway_metrics_answered(const char *method, const char *route, int status, double seconds)
{
    char code[12];
    snprintf(code, sizeof code, "%d", status);
    struct metric_labels values = METRIC_VALUES(method, *route ? route : "none", code);
    metric_add(metrics_with(requests(), values), 1);
    metric_observe(metrics_with(durations(), values), seconds);
}

void gateway_metrics_submitted(size_t count)
{
    metric_add(jobs(), 1);
    metric_add(posts(), (double)count);
}

void gateway_metrics_stream(int opened_or_closed)
{
    metric_add(streams(), opened_or_closed);
}
