/* Healing (rule 7): when an endpoint may be called, the store is asked to make background jobs of
 * what the embedded analysis did for want of one. */
#include "state.h"

enum { POSTS_AT_ONCE = 1000 };

void heal_begin(struct scheduler *s)
{
    s->heal = (struct heal){.may_be_needed = true, .ask_at = s->now}; /* who led before may know */
}

void heal_note(struct scheduler *s)
{
    s->heal.may_be_needed = true;
    s->heal.is_noted_since = true;
}

void heal_on_answer(struct scheduler *s, const struct event *event)
{
    if (event->healing.epoch != s->lead.epoch)
        return;
    s->heal.is_asked = false;
    s->heal.ask_at = instant_plus_ms(s->now, s->config.heal_ms);
    if (!event->is_answered)
        return;
    s->figures.healed_posts += event->healing.posts;
    if (event->healing.posts == 0 && !event->healing.has_more)
        s->heal.may_be_needed = s->heal.is_noted_since;
}

void heal_tend(struct scheduler *s)
{
    struct heal *heal = &s->heal;
    bool is_due =
        heal->may_be_needed && !heal->is_asked && !instant_is_before(s->now, heal->ask_at);
    if (!lead_is_held(s) || s->lead.is_leaving || !is_due)
        return;
    heal->ask_at = instant_plus_ms(s->now, s->config.heal_ms);
    if (!endpoints_has_usable(s) || orders_is_reduced(s))
        return;
    heal->is_asked = true;
    heal->is_noted_since = false;
    say(s, ACTION_ASK_HEAL)->most_posts = POSTS_AT_ONCE;
}

struct instant heal_next_wake(const struct scheduler *s)
{
    bool is_waiting = s->heal.may_be_needed && !s->heal.is_asked && !s->lead.is_leaving;
    return is_waiting ? s->heal.ask_at : NEVER;
}
