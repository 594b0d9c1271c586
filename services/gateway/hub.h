/* Live progress: one subscription to all events, and whoever follows a job waits here.
 *
 *   struct follower follower;
 *   hub_follow(hub, &follower, job_id, NULL, NULL);
 *   ... read the events so far from the store, up to number n ...
 *   for (;;) switch (hub_wait(hub, &follower, n, deadline, &text)) {
 *     case HUB_EVENT:   text is event n + 1 as JSON; it is last if follower.is_final
 *     case HUB_MISSED:  newer ones exist, but not here: ask the store
 *     case HUB_WAITING: text is why the job waits, as JSON without a number
 *     case HUB_NOTHING: none until the deadline
 *     case HUB_ENDING:  the process ends }
 *   hub_unfollow(hub, &follower);
 *
 * Until a job is over its followers also want to hear why it waits: whoever knows that it is not
 * says hub_await(), and asker.h asks the scheduler for all of them.
 *
 * Following before reading loses no event; taking only n + 1 doubles none. What is heard is only a
 * wake-up and may be lost, so followers also ask the store now and then. Followers that wait in a
 * loop of their own give a wake function, called on the broker's thread, which may not block, and
 * look with a deadline in the past. Thread-safe; a follower belongs to one thread.
 */
#pragma once

#include "base/clock.h"
#include "base/text.h"
#include "base/uuid.h"
#include "bus/bus.h"
#include "messages/messages.h"

struct hub;
struct topic; /* a job that is followed */

struct follower {
    struct topic *topic;
    struct follower *next; /* the topic's */
    void (*wake)(void *context);
    void *context;
    bool is_final;         /* the event just taken ends the job */
    uint32_t waiting_told; /* of the topic's tidings of why it waits, the one taken last */
};

enum hub_news { HUB_EVENT, HUB_MISSED, HUB_WAITING, HUB_NOTHING, HUB_ENDING };

MUST_USE bool hub_open(struct bus *bus, struct hub **hub, struct error *why);
/* All waiting ends with HUB_ENDING, now and from now on. */
void hub_end(struct hub *hub);
/* Nobody may follow any more. */
void hub_close(struct hub **hub);

void hub_follow(struct hub *hub, struct follower *follower, const char *job_id,
                void (*wake)(void *context), void *context);
void hub_unfollow(struct hub *hub, struct follower *follower);
enum hub_news hub_wait(struct hub *hub, struct follower *follower, uint32_t after,
                       struct instant deadline, struct text *event);

/* As of event `number` the job is not over. It counts as asked about just now, so that of a
 * quick job nobody is asked. */
void hub_await(struct hub *hub, struct follower *follower, uint32_t number, Tp__JobStatus status,
               struct instant now);

struct awaited {
    char job_id[UUID_TEXT_SIZE];
    Tp__JobStatus status;
};
/* Followed jobs that are not over, last asked about before `due`: at most `most`, which now
 * count as asked about. Those that were asked about longest ago come first. */
size_t hub_awaited(struct hub *hub, struct instant due, struct instant now, struct awaited *list,
                   size_t most);
/* What the scheduler says of one of them; its followers hear it if it is news. */
void hub_tell_waiting(struct hub *hub, const struct awaited *job, const Tp__WaitingReply *waiting,
                      int64_t now_ms);

/* ---- for tests: what the subscription's handler does with a heard event ---- */
struct hub *hub_new(void);
void hub_hear(struct hub *hub, const char *subject, struct bytes body);
