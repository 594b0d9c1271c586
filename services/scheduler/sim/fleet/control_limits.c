/* Limits that operators lower for a while, of a tenant or an endpoint, and raise again to what is
 * configured: so what the LLM sees is never more than that. */
#include "controls.h"
#include "happenings.h"

struct deed {
    uint32_t number, place;
};

static const struct limits *configured(const struct sim *sim, uint32_t place)
{
    return &sim->limits[place >= CONTROL_OF_ENDPOINTS ? place - CONTROL_OF_ENDPOINTS : OF_TENANT];
}

static void set(struct sim *sim, uint32_t place, struct limits limits)
{
    struct model_control *control = &sim->store.controls[place];
    if (control->lifts_limits)
        return;
    control->has_limits = true;
    control->limits = limits;
    sim_tell(sim, STORE, "limits it to %u requests, %lu tokens, %u calls, %lu micros",
             limits.requests_per_minute, limits.tokens_per_minute, limits.calls_in_flight,
             limits.micros_per_day);
    controls_order(sim, place,
                   control->version && !control->is_removed ? control->state : CONTROL_OPEN, false);
}

static uint64_t part(uint64_t limit, uint64_t otherwise, int64_t percent)
{
    uint64_t part = (limit > 0 ? limit : otherwise) * (uint64_t)percent / 100;
    return part > 0 ? part : 1;
}

static void raise_again(struct sim *sim, void *what)
{
    const struct deed *deed = what;
    set(sim, deed->place, *configured(sim, deed->place));
}

static void lower(struct sim *sim, void *what)
{
    const struct deed *deed = what;
    const struct limits *here = configured(sim, deed->place);
    if (!sim_decide(sim, WORK_LOWER, deed->place, deed->number, 1000))
        return;
    int64_t percent = sim_severity(sim, 10, 60);
    set(sim, deed->place,
        (struct limits){.requests_per_minute =
                            (uint32_t)part(here->requests_per_minute, 30, percent),
                        .tokens_per_minute = part(here->tokens_per_minute, 30000, percent),
                        .calls_in_flight = (uint32_t)part(here->calls_in_flight, CALL_CAP, percent),
                        .micros_per_day =
                            here->micros_per_day > 0 ? part(here->micros_per_day, 0, percent) : 0});
    sim_after(sim, sim_severity(sim, 4 * SECOND, 25 * SECOND), NULL, raise_again, what);
}

void control_limits_plan(struct sim *sim)
{
    enum { APART = 5000 }; /* from other numbers of such traits */
    int64_t at = 0;
    for (uint32_t number = 1; sim->counts[WORK_LIMITS] > 0; number++) {
        at += sim_trait(sim, FAULT_SLOW, APART + number, 6 * SECOND, 30 * SECOND);
        if (at > sim->limits_until)
            return;
        uint32_t which =
            (uint32_t)sim_trait(sim, FAULT_SLOW, 2 * APART + number, 0, TENANTS + ENDPOINTS - 1);
        struct deed deed = {.number = number, .place = CONTROL_OF_TENANTS + which};
        sim_after(sim, at, NULL, lower, sim_keep(sim, &deed, sizeof(deed)));
    }
}
