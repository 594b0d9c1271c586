#include "messages/checks.h"

enum { SLOTS_MAX = 100000 };

bool check_permit_ask(const Tp__PermitAsk *message, struct error *why)
{
    return check_place(message->job_id, message->chunk_number, why) &&
           check_attempt(message->attempt, why) &&
           check_name("instance_id", message->instance_id, NAME_MAX_BYTES, why);
}

bool check_permit_answer(const Tp__PermitAnswer *message, struct error *why)
{
    return check_place(message->job_id, message->chunk_number, why) &&
           check_attempt(message->attempt, why) && check_set("verdict", message->verdict, why) &&
           check_range("lease_left_ms", message->lease_left_ms, 0, LEASE_MAX_MS, why) &&
           check_range("life_ms", message->life_ms, 0, LEASE_MAX_MS, why);
}

bool check_heartbeat(const Tp__Heartbeat *message, struct error *why)
{
    return check_name("instance_id", message->instance_id, NAME_MAX_BYTES, why) &&
           check_range("slots", message->slots, 0, SLOTS_MAX, why) &&
           check_range("busy", message->busy, 0, SLOTS_MAX, why);
}
