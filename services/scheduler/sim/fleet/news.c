#include "news.h"

#include <string.h>

#include "happenings.h"
#include "network.h"

struct news {
    uint32_t to;
    const struct event *event;   /* for a scheduler */
    const struct model_job *job; /* for an analyzer: the one that is cancelled */
};

static void be_heard(struct sim *sim, void *what)
{
    const struct news *news = what;
    sim->processes[news->to].role->hear(sim, news->to, news->event);
}

static void be_cancelled(struct sim *sim, void *what)
{
    const struct news *news = what;
    sim->processes[news->to].role->cancel(sim, news->to, news->job);
}

static const char *name_of(enum event_kind kind)
{
    if (kind == EVENT_JOB_EVENT)
        return "an event";
    if (kind == EVENT_OUTCOME)
        return "an outcome";
    if (kind == EVENT_CONTROL)
        return "a control";
    return kind == EVENT_PERMIT_ASK ? "an ask" : "a heartbeat";
}

static uint32_t about_event(const struct sim *sim, const struct event *event)
{
    if (event->kind == EVENT_PERMIT_ASK)
        return sim_about(&event->ask.id, event->ask.ask_number);
    if (event->kind == EVENT_OUTCOME)
        return sim_about(&event->outcome.id, 63);
    if (event->kind != EVENT_JOB_EVENT)
        return sim_about_now(sim);
    struct attempt_id id = {0};
    strcpy(id.job_id, event->job_event.job->job_id);
    return sim_about(&id, event->job_event.number);
}

void news_tell(struct sim *sim, uint32_t from, uint32_t loss_permille, const struct event *event)
{
    const struct event *heard = sim_keep(sim, event, sizeof(*event));
    for (uint32_t i = 0; i < SCHEDULERS; i++) {
        struct news news = {.to = i, .event = heard};
        sim_send(sim, &(struct letter){.name = name_of(event->kind),
                                       .from = from,
                                       .to = i,
                                       .loss_permille = loss_permille,
                                       .about = about_event(sim, event),
                                       .deed = be_heard,
                                       .what = sim_keep(sim, &news, sizeof(news))});
    }
}

void news_cancel(struct sim *sim, const struct model_job *job)
{
    for (uint32_t i = SCHEDULERS; i < PROCESSES; i++) {
        struct news news = {.to = i, .job = job};
        sim_send(sim, &(struct letter){.name = "a cancellation",
                                       .from = STORE,
                                       .to = i,
                                       .loss_permille = 200,
                                       .about = job->number,
                                       .deed = be_cancelled,
                                       .what = sim_keep(sim, &news, sizeof(news))});
    }
}
