#include "messages/checks.h"

bool check_trace_batch(const Tp__TraceBatch *message, struct error *why)
{
    return check_name("instance_id", message->instance_id, NAME_MAX_BYTES, why) &&
           check_range("number", message->number, 1, INT64_MAX, why) &&
           check_range("format", message->format, 1, UINT32_MAX, why) &&
           check_range("step_count", message->step_count, 1, message->steps.len, why);
}
