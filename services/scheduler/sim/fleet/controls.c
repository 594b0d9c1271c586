/* What operators set, now and then: tenants, users and all are held, drained, weighed. */
#include "controls.h"

#include <stdio.h>

#include "base/check.h"
#include "happenings.h"
#include "news.h"
#include "store_rows.h"

struct deed {
    uint32_t number, place;
    enum control_state state;
};

uint32_t control_place(const struct control_facts *facts)
{
    if (facts->scope == SCOPE_SYSTEM)
        return CONTROL_OF_SYSTEM;
    uint32_t tenant = tenant_numbered(facts->tenant_id);
    if (facts->scope == SCOPE_TENANT)
        return CONTROL_OF_TENANTS + tenant;
    if (facts->scope == SCOPE_ENDPOINT)
        return CONTROL_OF_ENDPOINTS + endpoint_numbered(facts->name);
    unsigned user = 0;
    CHECK(sscanf(facts->name, "user-%u", &user) == 1 && user < USERS);
    return CONTROL_OF_USERS + user;
}

static struct control_facts facts_of(struct sim *sim, uint32_t place)
{
    const struct model_control *control = &sim->store.controls[place];
    struct control_facts facts = {.scope = SCOPE_SYSTEM,
                                  .tenant_id = "",
                                  .name = "",
                                  .message = "",
                                  .state = control->state,
                                  .weight = control->weight,
                                  .version = control->version,
                                  .has_limits = control->lifts_limits || control->has_limits,
                                  .is_removed = control->is_removed};
    if (control->has_limits)
        facts.limits = control->limits;
    if (place >= CONTROL_OF_USERS) {
        uint32_t user = place - CONTROL_OF_USERS;
        facts.scope = SCOPE_USER;
        facts.tenant_id = tenant_name(user % TENANTS);
        facts.name = user_name(user);
    } else if (place >= CONTROL_OF_ENDPOINTS) {
        facts.scope = SCOPE_ENDPOINT;
        facts.name = endpoint_name(place - CONTROL_OF_ENDPOINTS);
    } else if (place >= CONTROL_OF_TENANTS) {
        facts.scope = SCOPE_TENANT;
        facts.tenant_id = tenant_name(place - CONTROL_OF_TENANTS);
    }
    return facts;
}

const struct control_facts *controls_told(struct sim *sim, int64_t since, size_t *count)
{
    struct control_facts *told = arena_array(sim->arena, struct control_facts, CONTROLS);
    *count = 0;
    for (uint32_t place = 0; place < CONTROLS; place++)
        if (sim->store.controls[place].version && sim->store.controls[place].changed_at > since)
            told[(*count)++] = facts_of(sim, place);
    return told;
}

bool controls_refuse_jobs(const struct sim *sim, uint32_t user)
{
    const struct model_control *controls = sim->store.controls;
    return controls[CONTROL_OF_SYSTEM].state == CONTROL_DRAINING ||
           controls[CONTROL_OF_TENANTS + user % TENANTS].state == CONTROL_DRAINING ||
           controls[CONTROL_OF_USERS + user].state == CONTROL_DRAINING;
}

void controls_order(struct sim *sim, uint32_t place, enum control_state state, bool is_removed)
{
    static const char *const STATES[] = {"open", "held", "draining", "reduced"};
    struct model_control *control = &sim->store.controls[place];
    control->state = state;
    control->is_removed = is_removed;
    control->version = ++sim->store.last_control;
    control->changed_at = rows_clock(sim);
    struct control_facts facts = facts_of(sim, place);
    sim_tell(sim, STORE, "%s %s %s is %s", place == CONTROL_OF_SYSTEM ? "the system" : "",
             facts.tenant_id, facts.name, STATES[state]);
    struct event event = {.kind = EVENT_CONTROL, .control = sim_keep(sim, &facts, sizeof(facts))};
    news_tell(sim, STORE, 100, &event);
}

/* With the first the last one. */
static bool holds_all_endpoints(const struct deed *deed)
{
    return deed->place == CONTROL_OF_ENDPOINTS && deed->state == CONTROL_HELD;
}

static void end(struct sim *sim, void *what)
{
    const struct deed *deed = what;
    const struct model_control *control = &sim->store.controls[deed->place];
    bool is_needed = control->lifts_limits || control->has_limits;
    controls_order(sim, deed->place, CONTROL_OPEN, deed->number % 2 == 0 && !is_needed);
    if (holds_all_endpoints(deed))
        controls_order(sim, CONTROL_OF_USERS - 1, CONTROL_OPEN, false);
}

static void begin(struct sim *sim, void *what)
{
    const struct deed *deed = what;
    if (!sim_decide(sim, WORK_CONTROL, deed->place, deed->number, 1000))
        return;
    int64_t lasts = sim_severity(sim, SECOND, 12 * SECOND);
    sim->store.controls[deed->place].weight =
        (double)sim_trait(sim, WORK_CONTROL, deed->number, 1, 8) / 2;
    sim->counts[deed->state == CONTROL_HELD      ? COUNT_HELD
                : deed->state == CONTROL_REDUCED ? COUNT_REDUCED
                                                 : COUNT_OTHER_CONTROLS]++;
    controls_order(sim, deed->place, deed->state, false);
    if (holds_all_endpoints(deed))
        controls_order(sim, CONTROL_OF_USERS - 1, CONTROL_HELD, false);
    sim_after(sim, lasts, NULL, end, what);
}

bool controls_limit_user(const struct sim *sim, uint32_t user)
{
    return sim->counts[WORK_LIMITS] && user % 3 == 0;
}

static void limit_users(struct sim *sim)
{
    for (uint32_t user = 0; user < USERS; user++) {
        struct model_control *control = &sim->store.controls[CONTROL_OF_USERS + user];
        if (!controls_limit_user(sim, user))
            continue;
        control->has_limits = true;
        control->limits = sim->limits[OF_USER];
        control->version = ++sim->store.last_control;
        control->changed_at = INT64_MIN + 1;
    }
}

void controls_lift_limits(struct sim *sim)
{
    for (uint32_t place = CONTROL_OF_TENANTS; place < CONTROL_OF_USERS; place++) {
        sim->store.controls[place].lifts_limits = true;
        sim->store.controls[place].has_limits = false;
        controls_order(sim, place, CONTROL_OPEN, false);
    }
    for (uint32_t place = CONTROL_OF_USERS; place < CONTROLS; place++) {
        if (!sim->store.controls[place].has_limits)
            continue;
        sim->store.controls[place].has_limits = false;
        controls_order(sim, place, CONTROL_OPEN, place % 2 == 0);
    }
}

void controls_plan(struct sim *sim)
{
    static const enum control_state STATES[] = {CONTROL_HELD, CONTROL_HELD, CONTROL_DRAINING,
                                                CONTROL_REDUCED};
    int64_t at = 0;
    limit_users(sim);
    for (uint32_t number = 1;; number++) {
        at += sim_trait(sim, FAULT_SLOW, number, 5 * SECOND, 30 * SECOND);
        if (at > FAULTS_END)
            return;
        int64_t dice = sim_trait(sim, FAULT_SLOW, 1000 + number, 0, CONTROLS + 6);
        struct deed deed = {.number = number,
                            .place = dice < CONTROLS ? (uint32_t)dice
                                     : dice % 2      ? CONTROL_OF_SYSTEM
                                                     : CONTROL_OF_TENANTS,
                            .state = STATES[sim_trait(sim, FAULT_SLOW, 2000 + number, 0, 3)]};
        if (deed.state == CONTROL_REDUCED && deed.place != CONTROL_OF_SYSTEM)
            deed.state = CONTROL_OPEN; /* with a weight */
        sim_after(sim, at, NULL, begin, sim_keep(sim, &deed, sizeof(deed)));
    }
}
