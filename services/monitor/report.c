#include "report.h"

#include <inttypes.h>

enum { DESCRIPTION_SIZE = 200 };
#define LAST_WALL_MS INT64_C(253402300799999) /* the end of the year 9999 */

/* Null for none, and for what is no time of ours. */
static void add_time(struct text *out, const char *name, int64_t wall_ms)
{
    if (wall_ms <= 0 || wall_ms > LAST_WALL_MS) {
        text_format(out, ",\"%s\":null", name);
        return;
    }
    char time[CLOCK_TEXT_SIZE];
    clock_format_wall(wall_ms, time);
    text_add_json_member(out, name, time);
}

static double seconds(struct instant from, struct instant to)
{
    return (double)instant_ms_between(from, to) / 1000;
}

static void add_alert(struct text *out, const struct alerts *alerts, enum alert_kind kind,
                      struct instant now)
{
    const struct alert *alert = &alerts->list[kind];
    const struct alert_rule *rule = &alerts->options.rules[kind];
    bool has_begun = alert->state == ALERT_FIRING || alert->state == ALERT_RESOLVED;
    char description[DESCRIPTION_SIZE];
    alert_describe(kind, alert->value, rule->threshold, description, sizeof description);
    text_add_char(out, '{');
    text_add_json_member(out, "name", alert_name(kind));
    text_add_json_member(out, "severity", alert_severity(kind));
    text_add_json_member(out, "state", alert_state_name(alert->state));
    text_add_json_member(out, "summary", description);
    add_time(out, "starts_at", has_begun ? alert->starts_wall_ms : 0);
    add_time(out, "ends_at", has_begun ? alert->ends_wall_ms : 0);
    text_format(out,
                ",\"value\":%.15g,\"threshold\":%.15g,\"for_seconds\":%.15g,"
                "\"state_seconds\":%.3f}",
                alert->value, rule->threshold, (double)rule->for_ms / 1000,
                alert->state == ALERT_INACTIVE ? 0 : seconds(alert->since, now));
}

void report_alerts(const struct watch *watch, struct instant now, struct text *out)
{
    const struct notifier *notifier = watch_notifier(watch);
    text_add(out, "{\"alerts\":[");
    for (int kind = 0; kind < ALERT_KINDS; kind++) {
        text_add(out, kind == 0 ? "" : ",");
        add_alert(out, watch_alerts(watch), (enum alert_kind)kind, now);
    }
    text_format(out, "],\"notification\":{\"waiting\":%s,\"sending\":%s,\"failures\":%d}}",
                notifier->has_news ? "true" : "false", notifier->is_sending ? "true" : "false",
                notifier->failures);
}

struct fleet_report {
    struct text *out;
    struct instant now;
    bool is_first;
};

static void add_instance(void *context, const struct fleet_member *member)
{
    struct fleet_report *report = context;
    struct text *out = report->out;
    text_add(out, report->is_first ? "{" : ",{");
    report->is_first = false;
    text_add_json_member(out, "service", member->service);
    text_add_json_member(out, "instance", member->instance);
    text_add_json_member(out, "version", member->telemetry->version);
    add_time(out, "started_at", (int64_t)member->telemetry->started_ms);
    text_format(out, ",\"up\":%s,\"ready\":%s,\"heard_seconds_ago\":%.3f}",
                member->is_up ? "true" : "false",
                member->is_up && member->telemetry->is_ready ? "true" : "false",
                seconds(member->heard, report->now));
}

void report_fleet(const struct watch *watch, struct instant now, struct text *out)
{
    struct fleet_report report = {out, now, true};
    text_add(out, "{\"instances\":[");
    fleet_visit(watch_fleet(watch), add_instance, &report);
    text_add(out, "]}");
}
