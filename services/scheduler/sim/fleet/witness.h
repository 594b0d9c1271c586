/* Whoever looks on while a history runs: is told all that the checkers see, in the order in which
 * it happens, and changes nothing of it. The fleet knows nothing else of them.
 */
#pragma once

#include "things.h"

struct sim;

struct witness {
    /* A scheduler takes a step with the event: before it, each of its actions before that is
     * performed, and after all of them. */
    void (*hears)(struct sim *sim, uint32_t number, const struct event *event);
    void (*acts)(struct sim *sim, uint32_t number, const struct action *action);
    void (*has_heard)(struct sim *sim, uint32_t number, const struct event *event);
    /* It has answered why the job waits. */
    void (*explains)(struct sim *sim, uint32_t number, const struct model_job *job,
                     const struct explanation *told);
    /* The row of a call is settled, by this outcome, for the first time. */
    void (*settles)(struct sim *sim, const struct grant *grant, const struct outcome *outcome);
    /* The store has taken a job; it is about to refuse one. */
    void (*takes)(struct sim *sim, const struct model_job *job);
    void (*refuses)(struct sim *sim, const struct model_job *job, enum room room);
    void (*looks)(struct sim *sim); /* each second */
    void (*ends)(struct sim *sim);
};
