#include "waiting.h"

#include "base/scoped.h"

enum { MINUTE_S = 60, HOUR_S = 3600, EXACT_S = 120 };

void waiting_add_duration(struct text *out, int64_t seconds)
{
    long long minutes = (seconds + MINUTE_S - 1) / MINUTE_S;
    if (seconds < EXACT_S)
        text_format(out, "%lld s", (long long)seconds);
    else if (seconds < HOUR_S)
        text_format(out, "%lld min", minutes);
    else
        text_format(out, "%lld h %02lld min", minutes / 60, minutes % 60);
}

static void add_eta(const json_t *document, struct text *out)
{
    const json_t *eta = json_object_get(document, "eta");
    const json_t *half = json_object_get(eta, "p50_seconds");
    const json_t *most = json_object_get(eta, "p90_seconds");
    if (!json_is_integer(half) || !json_is_integer(most))
        return;
    text_add(out, out->length > 0 ? ", " : "");
    text_add(out, json_is_true(json_object_get(eta, "is_rough")) ? "roughly " : "about ");
    waiting_add_duration(out, json_integer_value(half));
    text_add(out, " (90 %: ");
    waiting_add_duration(out, json_integer_value(most));
    text_add(out, ")");
}

void waiting_tell(const json_t *document, struct text *out)
{
    const char *detail =
        json_string_value(json_object_get(json_object_get(document, "waiting"), "detail"));
    long long position = json_integer_value(json_object_get(document, "position"));
    SCOPED(text_free) struct text head = {0};
    if (!detail)
        return;
    if (position > 0)
        text_format(&head, "position %lld", position);
    add_eta(document, &head);
    text_format(out, "%s%s%s", head.length > 0 ? head.chars : "", head.length > 0 ? ": " : "",
                detail);
}
