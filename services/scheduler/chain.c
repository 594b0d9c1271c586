#include "chain.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "log/log.h"
#include "messages/messages.h"
#include "messages/subjects.h"

#define QUEUE_GROUP "schedulers"

struct chain {
    struct bus *bus;
    struct endpoint_config endpoints[MOST_ENDPOINTS];
    uint32_t count;
    struct arena *arena; /* of the subscription's thread */
    struct bus_subscription *subscription;
};

static Tp__Control *control_of(struct arena *arena, const struct endpoint_config *endpoint)
{
    Tp__Limits *limits = arena_new(arena, sizeof *limits);
    Tp__Control *control = arena_new(arena, sizeof *control);
    *limits = (Tp__Limits)TP__LIMITS__INIT;
    limits->requests_per_minute = endpoint->limits.requests_per_minute;
    limits->tokens_per_minute = endpoint->limits.tokens_per_minute;
    limits->calls_in_flight = endpoint->limits.calls_in_flight;
    limits->micros_per_day = endpoint->limits.micros_per_day;
    limits->is_shadow = endpoint->limits.is_shadow;
    *control = (Tp__Control)TP__CONTROL__INIT;
    control->scope = TP__CONTROL_SCOPE__ENDPOINT;
    control->state = TP__CONTROL_STATE__OPEN;
    control->name = endpoint->name;
    control->limits = limits;
    control->has_price = endpoint->prompt_nanos > 0 || endpoint->completion_nanos > 0;
    return control;
}

static void answer(void *context, struct bus_message *message)
{
    struct chain *chain = context;
    Tp__ControlsReply reply = TP__CONTROLS_REPLY__INIT;
    reply.schema_version = SCHEMA_VERSION;
    reply.n_controls = chain->count;
    reply.controls = arena_array(chain->arena, Tp__Control *, chain->count);
    for (uint32_t i = 0; i < chain->count; i++)
        reply.controls[i] = control_of(chain->arena, &chain->endpoints[i]);
    if (!bus_reply(chain->bus, message, pack_controls_reply(chain->arena, &reply)))
        log_debug("endpoints.untold");
    arena_reset(chain->arena);
}

bool chain_open(struct bus *bus, const struct scheduler_config *config, struct chain **out,
                struct error *why)
{
    SCOPED(chain_close) struct chain *chain = calloc(1, sizeof *chain);
    CHECK(chain);
    chain->bus = bus;
    chain->count = config->endpoint_count;
    memcpy(chain->endpoints, config->endpoints, sizeof chain->endpoints);
    chain->arena = arena_open(UNPACK_CAP_BYTES);
    if (!bus_subscribe(bus, RPC_SCHEDULER_ENDPOINTS, QUEUE_GROUP, answer, chain,
                       &chain->subscription, why))
        return false;
    *out = TAKE(chain);
    return true;
}

void chain_close(struct chain **chain)
{
    if (*chain == NULL)
        return;
    if ((*chain)->subscription != NULL)
        bus_unsubscribe(&(*chain)->subscription);
    arena_close(&(*chain)->arena);
    free(*chain);
    *chain = NULL;
}
