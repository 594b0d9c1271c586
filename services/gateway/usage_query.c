#include "usage_query.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/number.h"
#include "messages/subjects.h"
#include "views.h"

enum { FIRST_YEAR = 1970 - 1900, LAST_YEAR = 2199 - 1900, MS_PER_S = 1000 };

static const struct {
    Tp__UsageGroup group;
    const char *name;
} GROUPS[] = {
    {TP__USAGE_GROUP__USAGE_BY_TENANT, "tenant"}, {TP__USAGE_GROUP__USAGE_BY_USER, "user"},
    {TP__USAGE_GROUP__USAGE_BY_MODEL, "model"},   {TP__USAGE_GROUP__USAGE_BY_ENDPOINT, "endpoint"},
    {TP__USAGE_GROUP__USAGE_BY_CLASS, "class"},   {TP__USAGE_GROUP__USAGE_BY_DAY, "day"},
    {TP__USAGE_GROUP__USAGE_BY_HOUR, "hour"},
};
static const size_t GROUP_COUNT = sizeof GROUPS / sizeof *GROUPS;

bool usage_time_parse(const char *text, int64_t *wall_ms)
{
    struct tm at = {0};
    const char *rest = strptime(text, "%Y-%m-%d", &at);
    if (rest && *rest != '\0')
        rest = strptime(rest, "T%H:%M:%SZ", &at);
    if (!rest || *rest != '\0' || at.tm_year < FIRST_YEAR || at.tm_year > LAST_YEAR)
        return false;
    struct tm again = at;
    time_t seconds = timegm(&again);
    *wall_ms = (int64_t)seconds * MS_PER_S;
    return again.tm_mday == at.tm_mday && again.tm_sec == at.tm_sec; /* there is such a day */
}

bool usage_group_parse(const char *name, Tp__UsageGroup *group)
{
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        if (strcmp(name, GROUPS[i].name) == 0) {
            *group = GROUPS[i].group;
            return true;
        }
    }
    return false;
}

const char *usage_group_name(Tp__UsageGroup group)
{
    for (size_t i = 0; i < GROUP_COUNT; i++)
        if (GROUPS[i].group == group)
            return GROUPS[i].name;
    return "unknown";
}

static void add_key(const Tp__UsageRow *row, Tp__UsageGroup group, struct text *out)
{
    int64_t number;
    const char *key = row->key, *rest = "";
    if (group == TP__USAGE_GROUP__USAGE_BY_CLASS && number_parse_int(key, &number))
        key = class_name((Tp__ServiceClass)number);
    else if (group == TP__USAGE_GROUP__USAGE_BY_HOUR)
        rest = ":00:00Z";
    text_format(out, "{\"%s\":", usage_group_name(group));
    if (*key == '\0') {
        text_add(out, "null");
        return;
    }
    SCOPED(text_free) struct text whole = {0};
    text_format(&whole, "%s%s", key, rest);
    text_add_json(out, whole.chars, whole.length);
}

void view_usage_row(const Tp__UsageRow *row, Tp__UsageGroup group, struct text *out)
{
    add_key(row, group, out);
    text_format(out,
                ",\"llm_calls\":%" PRIu64 ",\"unknown_calls\":%" PRIu64
                ",\"prompt_tokens\":%" PRIu64 ",\"completion_tokens\":%" PRIu64 ",\"usd\":",
                row->calls, row->unknown_calls, row->prompt_tokens, row->completion_tokens);
    view_usd(row->micros, out);
    text_format(out,
                ",\"posts\":{\"llm\":%" PRIu64 ",\"cache\":%" PRIu64 ",\"near_duplicate\":%" PRIu64
                ",\"repaired\":%" PRIu64 ",\"embedded\":%" PRIu64 "}}",
                row->posts_from_llm, row->posts_from_cache, row->posts_from_near_duplicate,
                row->posts_from_repair, row->posts_from_embedded);
}

static const char *chunk_state_name(Tp__ChunkStatus status)
{
    switch (status) {
    case TP__CHUNK_STATUS__READY:
        return "ready";
    case TP__CHUNK_STATUS__IN_FLIGHT:
        return "in_flight";
    case TP__CHUNK_STATUS__DONE:
        return "done";
    case TP__CHUNK_STATUS__NO_CHUNK_STATUS:
    case _TP__CHUNK_STATUS_IS_INT_SIZE:
        break;
    }
    return "unknown";
}

void view_chunk(const Tp__ChunkRow *row, struct text *out)
{
    text_format(out,
                "{\"number\":%u,\"state\":\"%s\",\"open_posts\":%u,\"attempts\":%u,\"tries\":%u,"
                "\"depth\":%u,\"endpoint\":",
                row->chunk_number, chunk_state_name(row->status), row->open_posts, row->attempts,
                row->tries, row->depth);
    if (*row->endpoint != '\0')
        text_add_json(out, row->endpoint, strlen(row->endpoint));
    else
        text_add(out, "null");
    text_format(out,
                ",\"call_ms\":%" PRIu64 ",\"usage\":{\"prompt_tokens\":%" PRIu64
                ",\"completion_tokens\":%" PRIu64 ",\"llm_calls\":%u,\"usd\":",
                row->call_ms, row->prompt_tokens, row->completion_tokens, row->llm_calls);
    view_usd(row->micros, out);
    text_add(out, "}}");
}
