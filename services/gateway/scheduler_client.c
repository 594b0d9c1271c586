#include "scheduler_client.h"

#include "messages/subjects.h"

bool scheduler_waiting(struct bus *bus, const char *job_id, int64_t timeout_ms, const char *trace,
                       struct arena *arena, const Tp__WaitingReply **reply, struct error *why)
{
    Tp__WaitingAsk ask = TP__WAITING_ASK__INIT;
    ask.schema_version = SCHEMA_VERSION;
    ask.job_id = job_id;
    struct bytes said;
    return bus_request(bus, RPC_SCHEDULER_WAITING, pack_waiting_ask(arena, &ask), timeout_ms, trace,
                       arena, &said, why) &&
           unpack_waiting_reply(arena, said, reply, why);
}

bool scheduler_endpoints(struct bus *bus, int64_t timeout_ms, const char *trace,
                         struct arena *arena, const Tp__ControlsReply **reply, struct error *why)
{
    Tp__ControlsQuery ask = TP__CONTROLS_QUERY__INIT;
    ask.schema_version = SCHEMA_VERSION;
    struct bytes said;
    return bus_request(bus, RPC_SCHEDULER_ENDPOINTS, pack_controls_query(arena, &ask), timeout_ms,
                       trace, arena, &said, why) &&
           unpack_controls_reply(arena, said, reply, why);
}
