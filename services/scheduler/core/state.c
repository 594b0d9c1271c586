#include "state.h"

#include <stdlib.h>

#include "base/check.h"

struct action *say(struct scheduler *s, enum action_kind kind)
{
    struct actions *actions = &s->actions;
    if (actions->count == actions->capacity) {
        actions->capacity = actions->capacity ? actions->capacity * 2 : 16;
        actions->list = reallocarray(actions->list, actions->capacity, sizeof(struct action));
        CHECK(actions->list);
    }
    struct action *action = &actions->list[actions->count++];
    *action = (struct action){.kind = kind, .epoch = s->lead.epoch};
    s->figures.decisions++;
    return action;
}

bool lead_is_held(const struct scheduler *s)
{
    return s->lead.phase == LEAD_LEADING && instant_is_before(s->now, s->lead.until);
}

bool attempt_counts_as_call(const struct attempt *attempt)
{
    return attempt->phase == ATTEMPT_CALLING ||
           (attempt->phase == ATTEMPT_FOREIGN && attempt->mode == MODE_LLM);
}
