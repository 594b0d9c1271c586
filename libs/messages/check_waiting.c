#include "messages/checks.h"

enum { CALLS_MAX = 100000 };

bool check_waiting_ask(const Tp__WaitingAsk *message, struct error *why)
{
    return check_uuid("job_id", message->job_id, why);
}

bool check_waiting_reply(const Tp__WaitingReply *message, struct error *why)
{
    if (!message->is_known)
        return true;
    return check_set("reason", message->reason, why) &&
           check_range("calls", message->calls, 0, CALLS_MAX, why) &&
           check_range("most_calls", message->most_calls, 0, CALLS_MAX, why) &&
           check_name_or_empty("scope_name", message->scope_name, NAME_MAX_BYTES, why) &&
           check_name_or_empty("message", message->message, LINE_MAX_BYTES, why);
}
