#include "payload.h"

#include <inttypes.h>
#include <string.h>

#include "base/scoped.h"

#define RECEIVER "tweetpulse"

enum { DESCRIPTION_SIZE = 200 };

static void add_string(struct text *out, const char *string)
{
    text_add_json(out, string, strlen(string));
}

static void add_hash(uint64_t *hash, const char *string)
{
    for (const char *c = string; *c != '\0'; c++)
        *hash = (*hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    *hash = (*hash ^ 0xff) * UINT64_C(0x100000001b3);
}

uint64_t payload_fingerprint(enum alert_kind kind)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    add_hash(&hash, "alertname");
    add_hash(&hash, alert_name(kind));
    add_hash(&hash, "severity");
    add_hash(&hash, alert_severity(kind));
    return hash;
}

static void add_time(struct text *out, int64_t wall_ms)
{
    char time[CLOCK_TEXT_SIZE] = "0001-01-01T00:00:00Z"; /* Alertmanager's way to say: not yet */
    if (wall_ms > 0)
        clock_format_wall(wall_ms, time);
    add_string(out, time);
}

static void add_alert(struct text *out, const struct alerts *alerts, enum alert_kind kind,
                      const char *external_url)
{
    const struct alert *alert = &alerts->list[kind];
    char description[DESCRIPTION_SIZE];
    alert_describe(kind, alert->value, alerts->options.rules[kind].threshold, description,
                   sizeof description);
    text_format(out,
                "{\"status\":\"%s\",\"labels\":{\"alertname\":\"%s\",\"severity\":\"%s\"},"
                "\"annotations\":{\"summary\":",
                alert->state == ALERT_FIRING ? "firing" : "resolved", alert_name(kind),
                alert_severity(kind));
    add_string(out, description);
    text_add(out, "},\"startsAt\":");
    add_time(out, alert->starts_wall_ms);
    text_add(out, ",\"endsAt\":");
    add_time(out, alert->ends_wall_ms);
    text_add(out, ",\"generatorURL\":");
    SCOPED(text_free) struct text url = {0};
    text_format(&url, "%s/v1/alerts", external_url);
    add_string(out, url.chars);
    text_format(out, ",\"fingerprint\":\"%016" PRIx64 "\"}", payload_fingerprint(kind));
}

/* Labels and annotations that all alerts of the notification share. */
static void add_common(struct text *out, const struct alerts *alerts, const enum alert_kind *told,
                       size_t count)
{
    bool same_severity = count > 0;
    for (size_t i = 1; i < count; i++)
        same_severity =
            same_severity && strcmp(alert_severity(told[i]), alert_severity(told[0])) == 0;
    text_add(out, "\"commonLabels\":{");
    if (count == 1)
        text_format(out, "\"alertname\":\"%s\",", alert_name(told[0]));
    if (same_severity)
        text_format(out, "\"severity\":\"%s\"", alert_severity(told[0]));
    text_add(out, "},\"commonAnnotations\":{");
    if (count == 1) {
        char description[DESCRIPTION_SIZE];
        alert_describe(told[0], alerts->list[told[0]].value,
                       alerts->options.rules[told[0]].threshold, description, sizeof description);
        text_add(out, "\"summary\":");
        add_string(out, description);
    }
    text_add(out, "},");
}

void payload_write(const struct alerts *alerts, const bool resolved[ALERT_KINDS],
                   const char *external_url, struct text *out)
{
    enum alert_kind told[ALERT_KINDS];
    size_t count = 0;
    bool is_firing = false;
    for (int kind = 0; kind < ALERT_KINDS; kind++) {
        bool fires = alerts->list[kind].state == ALERT_FIRING;
        is_firing = is_firing || fires;
        if (fires || resolved[kind])
            told[count++] = (enum alert_kind)kind;
    }
    text_format(out, "{\"receiver\":\"" RECEIVER "\",\"status\":\"%s\",\"alerts\":[",
                is_firing ? "firing" : "resolved");
    for (size_t i = 0; i < count; i++) {
        text_add(out, i == 0 ? "" : ",");
        add_alert(out, alerts, told[i], external_url);
    }
    text_add(out, "],\"groupLabels\":{},");
    add_common(out, alerts, told, count);
    text_add(out, "\"externalURL\":");
    add_string(out, external_url);
    text_add(out, ",\"version\":\"4\",\"groupKey\":\"{}:{}\",\"truncatedAlerts\":0}");
}
