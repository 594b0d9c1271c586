#include "messages/checks.h"

enum { THIRDS = 3 };
/* The year 2200, so that sums of times cannot overflow. */
#define LAST_WALL_MS UINT64_C(7258118400000)

bool check_audit_query(const Tp__AuditQuery *message, struct error *why)
{
    return check_range("from_ms", (uint64_t)message->from_ms, 0, LAST_WALL_MS, why);
}

static bool check_third(const Tp__AuditThird *third, struct error *why)
{
    return check_range("agreed", third->agreed, 0, third->posts, why);
}

static bool check_line(const Tp__AuditLine *line, struct error *why)
{
    if (!check_name_or_empty("model", line->model, NAME_MAX_BYTES, why) ||
        !check_name_or_empty("prompt_version", line->prompt_version, NAME_MAX_BYTES, why) ||
        !check_range("thirds", line->n_thirds, THIRDS, THIRDS, why))
        return false;
    for (size_t i = 0; i < THIRDS; i++) {
        if (!check_third(line->thirds[i], why))
            return error_prefix(why, "thirds[%zu]", i);
    }
    if (!(line->score_distance >= 0 && line->score_distance <= 2))
        return error_set(why, ERROR_INVALID, "score_distance: must be 0 to 2");
    if (!(line->names_overlap >= 0 && line->names_overlap <= 1))
        return error_set(why, ERROR_INVALID, "names_overlap: must be 0 to 1");
    return true;
}

bool check_audit_reply(const Tp__AuditReply *message, struct error *why)
{
    if (!check_range("lines", message->n_lines, 0, AUDIT_MAX_LINES, why))
        return false;
    for (size_t i = 0; i < message->n_lines; i++) {
        if (!check_line(message->lines[i], why))
            return error_prefix(why, "lines[%zu]", i);
    }
    return true;
}
