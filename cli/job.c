#include "job.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "interrupt.h"
#include "sse/sse.h"
#include "waiting.h"

enum {
    PATIENCE_MS = 60000,
    STREAM_SILENCE_MS = 45000, /* the service pings every 15 s */
    RECONNECT_MS = 500,
};

static int64_t count_of(const json_t *document, const char *name, int64_t fallback)
{
    const json_t *value = json_object_get(document, name);
    if (!value)
        value = json_object_get(json_object_get(document, "progress"), name);
    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

static void read_waiting(const json_t *document, struct job_view *job)
{
    SCOPED(text_free) struct text words = {0};
    const json_t *waiting = json_object_get(document, "waiting");
    const char *reason = json_string_value(json_object_get(waiting, "reason"));
    if (!waiting && json_object_get(document, "event"))
        return;
    waiting_tell(document, &words);
    snprintf(job->waiting, sizeof job->waiting, "%s", words.length > 0 ? words.chars : "");
    snprintf(job->reason, sizeof job->reason, "%s", reason ? reason : "");
}

void job_read(const json_t *document, struct job_view *job)
{
    const char *id = json_string_value(json_object_get(document, "id"));
    const char *state = json_string_value(json_object_get(document, "state"));
    const json_t *number = json_object_get(document, "number");
    if (json_is_integer(number) && json_integer_value(number) < job->event_number)
        return;
    job->event_number = count_of(document, number ? "number" : "event_number", job->event_number);
    if (id)
        snprintf(job->id, sizeof job->id, "%s", id);
    if (state)
        snprintf(job->state, sizeof job->state, "%s", state);
    job->total = count_of(document, "total_posts", job->total);
    job->processed = count_of(document, "processed_posts", job->processed);
    job->failed = count_of(document, "failed_posts", job->failed);
    read_waiting(document, job);
}

bool job_is_over(const struct job_view *job)
{
    static const char *const OVER[] = {"completed", "failed", "cancelled", "expired"};
    for (size_t i = 0; i < sizeof OVER / sizeof *OVER; i++) {
        if (strcmp(job->state, OVER[i]) == 0)
            return true;
    }
    return false;
}

static bool exchange(struct api *api, const struct api_call *call, struct job_view *job,
                     json_t **document, struct error *why)
{
    SCOPED(json_free) json_t *answer = NULL;
    if (!api_send(api, call, &answer, why))
        return false;
    job_read(answer, job);
    if (document)
        *document = TAKE(answer);
    return true;
}

bool job_fetch(struct api *api, const char *id, struct job_view *job, json_t **document,
               struct error *why)
{
    SCOPED(text_free) struct text path = {0};
    text_format(&path, "/v1/jobs/%s", id);
    const struct api_call call = {.method = "GET", .path = path.chars, .patience_ms = PATIENCE_MS};
    return exchange(api, &call, job, document, why);
}

bool job_cancel(struct api *api, const char *id, struct job_view *job, json_t **document,
                struct error *why)
{
    SCOPED(text_free) struct text path = {0};
    text_format(&path, "/v1/jobs/%s/cancel", id);
    const struct api_call call = {.method = "POST", .path = path.chars, .patience_ms = PATIENCE_MS};
    return exchange(api, &call, job, document, why);
}

/* One job of a row of them being watched. */
struct watch {
    struct console *console;
    struct job_view *jobs;
    size_t count, current;
    struct instant began;
    struct instant last_heard;
    struct sse sse;
};

static void draw(struct watch *watch)
{
    struct progress progress = {
        .elapsed_ms = instant_ms_between(watch->began, clock_now()),
        .state = watch->jobs[watch->current].state,
        .waiting = watch->jobs[watch->current].waiting,
        .reason = watch->jobs[watch->current].reason,
    };
    for (size_t i = 0; i < watch->count; i++) {
        progress.total += watch->jobs[i].total;
        progress.processed += watch->jobs[i].processed;
        progress.failed += watch->jobs[i].failed;
    }
    console_draw(watch->console, &progress);
}

static bool heard_event(void *context, const char *data, size_t length)
{
    struct watch *watch = context;
    SCOPED(json_free) json_t *event = NULL;
    struct error why;
    watch->last_heard = clock_now();
    if (!json_parse(data, length, &event, &why))
        return true;
    struct job_view *job = &watch->jobs[watch->current];
    char id[JOB_ID_SIZE];
    memcpy(id, job->id, sizeof id);
    job_read(event, job);
    memcpy(job->id, id, sizeof id);
    draw(watch);
    return !job_is_over(job);
}

static bool heard_bytes(void *context, const char *bytes, size_t length)
{
    struct watch *watch = context;
    return sse_feed(&watch->sse, bytes, length);
}

/* Listens until the job is over or the stream ends; the latter is an error only if it is final. */
static bool listen_once(struct api *api, struct watch *watch, const char *id, struct error *why)
{
    SCOPED(text_free) struct text path = {0};
    text_format(&path, "/v1/jobs/%s/events", id);
    const struct api_call call = {
        .method = "GET",
        .path = path.chars,
        .accept = "text/event-stream",
        .last_event_id = *watch->sse.last_id ? watch->sse.last_id : NULL,
        .patience_ms = PATIENCE_MS,
        .silence_ms = STREAM_SILENCE_MS,
        .sink = heard_bytes,
        .sink_context = watch,
    };
    sse_restart(&watch->sse);
    json_t *none;
    if (api_send(api, &call, &none, why) || job_is_over(&watch->jobs[watch->current]))
        return true;
    bool is_lost = why->kind == ERROR_TIMEOUT || why->kind == ERROR_UNAVAILABLE;
    return is_lost && instant_ms_between(watch->last_heard, clock_now()) < PATIENCE_MS;
}

static bool follow_one(struct api *api, struct watch *watch, struct error *why)
{
    struct job_view *job = &watch->jobs[watch->current];
    watch->last_heard = clock_now();
    watch->sse = (struct sse){.heard = heard_event, .context = watch};
    bool ok = job_fetch(api, job->id, job, NULL, why);
    while (ok && !job_is_over(job)) {
        draw(watch);
        ok = listen_once(api, watch, job->id, why);
        if (ok && !job_is_over(job)) {
            ok = !interrupt_during(RECONNECT_MS, 0) ||
                 error_set(why, ERROR_CANCELLED, "interrupted");
        }
        /* Also after a stream without news: the truth is the job itself. */
        ok = ok && job_fetch(api, job->id, job, NULL, why);
    }
    sse_free(&watch->sse);
    return ok;
}

bool job_follow(struct api *api, struct console *console, struct job_view *jobs, size_t count,
                struct error *why)
{
    struct watch watch = {.console = console, .jobs = jobs, .count = count, .began = clock_now()};
    for (watch.current = 0; watch.current < count; watch.current++) {
        if (!follow_one(api, &watch, why)) {
            console_end_drawing(console);
            return false;
        }
        draw(&watch);
    }
    console_end_drawing(console);
    return true;
}
