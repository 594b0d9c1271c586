#include "checkers.h"

#include "checks.h"

static void has_heard(struct sim *sim, uint32_t number, const struct event *event)
{
    if (event->kind == EVENT_OUTCOME)
        check_server_heard(sim, number, &event->outcome);
}

static void settles(struct sim *sim, const struct grant *grant, const struct outcome *outcome)
{
    check_server_commits(sim, grant, outcome);
    check_breaker_commits(sim, grant, outcome);
}

static void looks(struct sim *sim)
{
    check_losses(sim);
    check_books(sim);
    check_queues(sim);
}

const struct witness CHECKERS = {
    .hears = check_leader_hears,
    .acts = check_leader_acts,
    .has_heard = has_heard,
    .explains = check_leader_told,
    .settles = settles,
    .takes = check_queue_takes,
    .refuses = check_queue_refuses,
    .looks = looks,
    .ends = check_all,
};
