#include "waiting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "states.h"

enum { RETRY_LEAST_S = 1, RETRY_MOST_S = 30, NEWS_LEAST_MS = 2000, DAY_MS = 24 * 3600 * 1000 };

static const char *reason_name(Tp__WaitingReason reason)
{
    switch (reason) {
    case TP__WAITING_REASON__RUNS:
        return "runs";
    case TP__WAITING_REASON__BEING_GRANTED:
        return "being_granted";
    case TP__WAITING_REASON__OWN_CHUNK_RUNS:
        return "own_chunk_runs";
    case TP__WAITING_REASON__ALL_USERS_SERVED:
        return "all_users_served";
    case TP__WAITING_REASON__OTHERS_FIRST:
        return "others_first";
    case TP__WAITING_REASON__WAITS_FOR_RETRY:
        return "waits_for_retry";
    case TP__WAITING_REASON__NO_ANALYZER:
        return "no_analyzer";
    case TP__WAITING_REASON__HELD_BACK:
        return "held";
    case TP__WAITING_REASON__LIMIT_REACHED:
        return "limit_reached";
    case TP__WAITING_REASON__ENDPOINT_DOWN:
        return "endpoint_down";
    case TP__WAITING_REASON__ENDPOINT_PAUSED:
        return "endpoint_paused";
    case TP__WAITING_REASON__SYSTEM_REDUCED:
        return "reduced";
    case TP__WAITING_REASON__ENDPOINT_HELD:
        return "endpoint_held";
    case TP__WAITING_REASON__NO_REASON:
    case TP__WAITING_REASON__NOTHING_WAITS:
    case _TP__WAITING_REASON_IS_INT_SIZE:
        break;
    }
    return NULL; /* nothing of it waits */
}

static const char *scope_name(Tp__ControlScope scope)
{
    switch (scope) {
    case TP__CONTROL_SCOPE__SYSTEM:
        return "system";
    case TP__CONTROL_SCOPE__ENDPOINT:
        return "endpoint";
    case TP__CONTROL_SCOPE__TENANT:
        return "tenant";
    case TP__CONTROL_SCOPE__USER:
        return "user";
    case TP__CONTROL_SCOPE__NO_SCOPE:
    case _TP__CONTROL_SCOPE_IS_INT_SIZE:
        break;
    }
    return NULL;
}

static const struct {
    Tp__LimitKind kind;
    const char *name, *words;
} LIMITS[] = {
    {TP__LIMIT_KIND__REQUESTS_PER_MINUTE, "requests_per_minute", "requests per minute"},
    {TP__LIMIT_KIND__TOKENS_PER_MINUTE, "tokens_per_minute", "tokens per minute"},
    {TP__LIMIT_KIND__CALLS_IN_FLIGHT, "calls_in_flight", "calls in flight"},
    {TP__LIMIT_KIND__MONEY_PER_DAY, "usd_per_day", "money per day"},
};
static const size_t LIMIT_COUNT = sizeof LIMITS / sizeof *LIMITS;

static const char *limit_name(Tp__LimitKind kind)
{
    for (size_t i = 0; i < LIMIT_COUNT; i++)
        if (LIMITS[i].kind == kind)
            return LIMITS[i].name;
    return NULL;
}

static const char *limit_words(Tp__LimitKind kind)
{
    for (size_t i = 0; i < LIMIT_COUNT; i++)
        if (LIMITS[i].kind == kind)
            return LIMITS[i].words;
    return "a limit";
}

/* " until 12:00:31Z", with the date if it is not within a day; nothing if it is not known. */
static void add_until(const Tp__WaitingReply *waiting, int64_t now_ms, struct text *out)
{
    char time[CLOCK_TEXT_SIZE];
    if (waiting->retry_in_ms == 0)
        return;
    clock_format_wall(now_ms + waiting->retry_in_ms, time);
    if (waiting->retry_in_ms < DAY_MS)
        text_format(out, " until %.8sZ", time + strlen("2026-11-22T"));
    else
        text_format(out, " until %.16sZ", time);
}

static void add_held(const Tp__WaitingReply *waiting, struct text *out)
{
    switch (waiting->scope) {
    case TP__CONTROL_SCOPE__SYSTEM:
        text_add(out, "held by maintenance");
        break;
    case TP__CONTROL_SCOPE__ENDPOINT:
        text_format(out, "endpoint %s is held by an operator", waiting->scope_name);
        break;
    case TP__CONTROL_SCOPE__TENANT:
        text_add(out, "your tenant is paused by an administrator");
        break;
    case TP__CONTROL_SCOPE__USER:
        text_add(out, "paused by your administrator");
        break;
    case TP__CONTROL_SCOPE__NO_SCOPE:
    case _TP__CONTROL_SCOPE_IS_INT_SIZE:
        text_add(out, "held back by an operator");
        break;
    }
}

static void add_limit(const Tp__WaitingReply *waiting, int64_t now_ms, struct text *out)
{
    text_add(out, limit_words(waiting->limit));
    if (waiting->scope == TP__CONTROL_SCOPE__ENDPOINT && *waiting->scope_name)
        text_format(out, " of endpoint %s", waiting->scope_name);
    else if (waiting->scope == TP__CONTROL_SCOPE__TENANT)
        text_add(out, " of your tenant");
    else if (waiting->scope == TP__CONTROL_SCOPE__USER)
        text_add(out, " of this user");
    text_add(out, " used up");
    add_until(waiting, now_ms, out);
}

static void add_endpoint_down(const Tp__WaitingReply *waiting, int64_t now_ms, struct text *out)
{
    if (!*waiting->scope_name)
        text_add(out, "no endpoint of the LLM can be called");
    else if (waiting->retry_in_ms > 0)
        text_format(out, "breaker of endpoint %s open", waiting->scope_name);
    else
        text_format(out, "endpoint %s cannot be called", waiting->scope_name);
    add_until(waiting, now_ms, out);
}

/* The reason in words, for people. */
static void add_detail(const Tp__WaitingReply *waiting, int64_t now_ms, struct text *out)
{
    switch (waiting->reason) {
    case TP__WAITING_REASON__RUNS:
        text_add(out, "it is being analysed");
        return;
    case TP__WAITING_REASON__BEING_GRANTED:
        text_add(out, "its turn has come");
        return;
    case TP__WAITING_REASON__OWN_CHUNK_RUNS:
        text_add(out, "your own chunk runs");
        return;
    case TP__WAITING_REASON__ALL_USERS_SERVED:
        text_format(out, "%u of %u calls are running", waiting->calls, waiting->most_calls);
        return;
    case TP__WAITING_REASON__OTHERS_FIRST:
        text_format(out, "%u chunk%s of others come%s before", waiting->position,
                    waiting->position == 1 ? "" : "s", waiting->position == 1 ? "s" : "");
        return;
    case TP__WAITING_REASON__WAITS_FOR_RETRY:
        text_format(out, "it failed and is tried again in %u s",
                    waiting->retry_in_ms / 1000 + (waiting->retry_in_ms % 1000 > 0));
        return;
    case TP__WAITING_REASON__NO_ANALYZER:
        text_add(out, "no analyzer is there");
        return;
    case TP__WAITING_REASON__HELD_BACK:
    case TP__WAITING_REASON__ENDPOINT_HELD:
        add_held(waiting, out);
        return;
    case TP__WAITING_REASON__SYSTEM_REDUCED:
        text_add(out, "no LLM is called by an operator's word");
        return;
    case TP__WAITING_REASON__LIMIT_REACHED:
        add_limit(waiting, now_ms, out);
        return;
    case TP__WAITING_REASON__ENDPOINT_DOWN:
        add_endpoint_down(waiting, now_ms, out);
        return;
    case TP__WAITING_REASON__ENDPOINT_PAUSED:
        text_format(out, "endpoint %s asked to wait", waiting->scope_name);
        add_until(waiting, now_ms, out);
        return;
    case TP__WAITING_REASON__NO_REASON:
    case TP__WAITING_REASON__NOTHING_WAITS:
    case _TP__WAITING_REASON_IS_INT_SIZE:
        return;
    }
}

/* ---- as JSON ---- */

static void add_known(struct text *out, const char *name, const char *value)
{
    if (value && *value)
        text_add_json_member(out, name, value);
}

static void add_time(struct text *out, const char *name, int64_t wall_ms)
{
    char time[CLOCK_TEXT_SIZE];
    clock_format_wall(wall_ms, time);
    text_add_json_member(out, name, time);
}

static bool is_about_endpoint(const Tp__WaitingReply *waiting)
{
    return waiting->scope == TP__CONTROL_SCOPE__ENDPOINT ||
           waiting->reason == TP__WAITING_REASON__ENDPOINT_DOWN ||
           waiting->reason == TP__WAITING_REASON__ENDPOINT_PAUSED;
}

static void add_reason(const Tp__WaitingReply *waiting, int64_t now_ms, struct text *out)
{
    SCOPED(text_free) struct text detail = {0};
    add_detail(waiting, now_ms, &detail);
    if (*waiting->message)
        text_format(&detail, ": %s", waiting->message);
    text_format(out, "{\"reason\":\"%s\"", reason_name(waiting->reason));
    add_known(out, "detail", detail.chars);
    if (waiting->retry_in_ms > 0)
        add_time(out, "until", now_ms + waiting->retry_in_ms);
    add_known(out, "limit", limit_name(waiting->limit));
    add_known(out, "scope", scope_name(waiting->scope));
    if (is_about_endpoint(waiting))
        add_known(out, "endpoint", waiting->scope_name);
    add_known(out, "message", waiting->message);
    text_add(out, "}");
}

static uint32_t whole_seconds(uint32_t ms)
{
    return ms / 1000 + (ms % 1000 > 0);
}

static void add_eta(const Tp__WaitingReply *waiting, int64_t now_ms, struct text *out)
{
    text_format(out, ",\"eta_seconds\":%u,\"eta\":{\"p50_seconds\":%u,\"p90_seconds\":%u",
                whole_seconds(waiting->finish_p50_ms), whole_seconds(waiting->finish_p50_ms),
                whole_seconds(waiting->finish_p90_ms));
    add_time(out, "p50_at", now_ms + waiting->finish_p50_ms);
    add_time(out, "p90_at", now_ms + waiting->finish_p90_ms);
    text_format(out, ",\"is_rough\":%s}", waiting->is_finish_rough ? "true" : "false");
}

static bool is_told(const Tp__WaitingReply *waiting)
{
    return waiting && waiting->is_known && reason_name(waiting->reason);
}

void waiting_add(const Tp__WaitingReply *waiting, int64_t now_ms, struct text *out)
{
    if (!is_told(waiting))
        return;
    text_format(out, ",\"position\":%u,\"waiting\":", waiting->position);
    add_reason(waiting, now_ms, out);
    if (waiting->has_finish)
        add_eta(waiting, now_ms, out);
}

bool waiting_event(const char *job_id, Tp__JobStatus status, const Tp__WaitingReply *waiting,
                   int64_t now_ms, struct text *out)
{
    if (!is_told(waiting))
        return false;
    text_format(out, "{\"job_id\":\"%s\",\"event\":\"waiting\"", job_id);
    text_add_json_member(out, "state", state_name(status));
    add_time(out, "at", now_ms);
    waiting_add(waiting, now_ms, out);
    text_add(out, "}");
    return true;
}

int waiting_retry_after_s(const Tp__WaitingReply *waiting)
{
    if (!is_told(waiting))
        return RETRY_LEAST_S;
    uint32_t ms = waiting->has_finish ? waiting->finish_p50_ms : waiting->retry_in_ms;
    uint32_t seconds = ms > RETRY_LEAST_S * 1000 ? whole_seconds(ms) : RETRY_LEAST_S;
    return seconds < RETRY_MOST_S ? (int)seconds : RETRY_MOST_S;
}

/* ---- what is news ---- */

struct waiting_told waiting_told_of(const Tp__WaitingReply *waiting, int64_t now_ms)
{
    return (struct waiting_told){
        .reason = waiting->reason,
        .scope = waiting->scope,
        .limit = waiting->limit,
        .position = waiting->position,
        .finish_ms = waiting->has_finish ? now_ms + waiting->finish_p50_ms : 0,
    };
}

bool waiting_is_news(const struct waiting_told *last, const struct waiting_told *next,
                     int64_t now_ms)
{
    if (last->reason != next->reason || last->scope != next->scope || last->limit != next->limit ||
        last->position != next->position || (last->finish_ms == 0) != (next->finish_ms == 0))
        return true;
    int64_t tenth_ms = (next->finish_ms - now_ms) / 10;
    return llabs(next->finish_ms - last->finish_ms) >
           (tenth_ms > NEWS_LEAST_MS ? tenth_ms : NEWS_LEAST_MS);
}
