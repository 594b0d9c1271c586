#include "messages/checks.h"

#define USAGE_MAX_MS (400 * UINT64_C(24) * 3600 * 1000)
/* The year 2200, so that sums of times cannot overflow. */
#define LAST_WALL_MS UINT64_C(7258118400000)

bool check_usage_query(const Tp__UsageQuery *message, struct error *why)
{
    if (message->to_ms < message->from_ms)
        return error_set(why, ERROR_INVALID, "to_ms: must not be before from_ms");
    return (message->tenant_id[0] == '\0' || check_token("tenant_id", message->tenant_id, why)) &&
           check_name_or_empty("user_id", message->user_id, USER_ID_MAX_BYTES, why) &&
           check_range("from_ms", (uint64_t)message->from_ms, 0, LAST_WALL_MS, why) &&
           check_range("to_ms", (uint64_t)message->to_ms, 0,
                       (uint64_t)message->from_ms + USAGE_MAX_MS, why) &&
           check_set("group", message->group, why) &&
           check_length("after_key", message->after_key, LINE_MAX_BYTES, why) &&
           check_range("limit", message->limit, 1, USAGE_MAX_LIMIT, why);
}

bool check_usage_reply(const Tp__UsageReply *message, struct error *why)
{
    if (!check_range("rows", message->n_rows, 0, USAGE_MAX_LIMIT, why))
        return false;
    for (size_t i = 0; i < message->n_rows; i++) {
        if (!check_length("key", message->rows[i]->key, LINE_MAX_BYTES, why))
            return error_prefix(why, "rows[%zu]", i);
    }
    return true;
}
