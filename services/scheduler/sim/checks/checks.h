/* What the checkers share; for nobody else. */
#pragma once

#include "sim/fleet/sim.h"

/* ---- questions.c ---- */
/* Is the call where it is because its analyzer had fallen silent? */
bool check_is_excused(const struct sim *sim, const struct call *call, int64_t at);
/* Else the leader may have heard of its end already, and looks at it no more. */
bool check_is_in_flight(const struct grant *grant);
/* Does its leader count it among the calls, for certain? */
bool check_is_called(const struct sim *sim, const struct journal *journal,
                     const struct grant *grant);
/* Is it about whom the control at that place is about? */
bool check_is_of(const struct grant *grant, uint32_t place);
/* Does an operator hold the job, as far as the leader was told? */
bool check_is_told_held(const struct journal *journal, const struct model_job *job);

/* ---- check_leader.c: what a scheduler says, against what it was told and the rows ---- */
void check_leader_hears(struct sim *sim, uint32_t number, const struct event *event);
void check_leader_acts(struct sim *sim, uint32_t number, const struct action *action);
void check_leader_told(struct sim *sim, uint32_t number, const struct model_job *job,
                       const struct explanation *told);

/* ---- check_known.c: whom it must know to be waiting, by the place of the job in the store ---- */
void check_known_hears(struct sim *sim, struct journal *journal, const struct event *event);
/* Before it asks for that batch. */
void check_known_waiting(struct sim *sim, const struct journal *journal, const struct action *batch,
                         bool waits[MOST_JOBS_EVER]);
/* Nothing more of the job's user then. */
void check_known_granted(const struct sim *sim, const struct model_job *job,
                         bool waits[MOST_JOBS_EVER]);

/* ---- check_classes.c: before it asks for that batch ---- */
void check_classes_batch(struct sim *sim, struct journal *journal, const struct action *action);

/* ---- check_burst.c ---- */
/* It asks for further chunks of users, of slots so many; it permits such a chunk. */
void check_burst_batch(struct sim *sim, const struct journal *journal, const struct action *action);
void check_burst_permits(struct sim *sim, const struct journal *journal, const struct grant *grant,
                         uint32_t slots);

/* ---- check_queue.c: after a job is taken, before it is refused; each second ---- */
void check_queue_takes(struct sim *sim, const struct model_job *job);
void check_queue_refuses(struct sim *sim, const struct model_job *job, enum room room);
void check_queues(struct sim *sim);

/* ---- check_server.c, check_book.c: before and after a step with an outcome; each second ---- */
void check_server_hears(struct sim *sim, uint32_t number, const struct outcome_facts *outcome);
void check_server_heard(struct sim *sim, uint32_t number, const struct outcome_facts *outcome);
void check_server_commits(struct sim *sim, const struct grant *grant,
                          const struct outcome *outcome);
/* How long the server wants no calls; 0 = it does not say so. */
int64_t check_pause_of(enum outcome_class outcome_class, uint32_t retry_after_ms,
                       const struct server_limits *said);
void check_server_permits(struct sim *sim, const struct journal *journal,
                          const struct grant *grant);
void check_book_hears(struct sim *sim, struct journal *journal, const struct event *event);
void check_book_permits(struct sim *sim, struct journal *journal, struct grant *grant);
void check_books(struct sim *sim);
struct booked_use {
    uint64_t requests, tokens, micros;
};
/* The least and the most that may count of whom the control at that place is about, but for one
 * grant, or NULL. */
void check_book_sum(const struct journal *journal, uint32_t place, const struct grant *but,
                    struct booked_use *least, struct booked_use *most);

/* ---- check_why.c: why a job waits, of limits, endpoints and what is in service ---- */
/* What is wrong with the reason; NULL = it may be. */
const char *check_why(struct sim *sim, uint32_t number, const struct model_job *job,
                      const struct explanation *told);

/* ---- check_room.c: what may be missing as a leader sees it ---- */
void check_room_hears(struct sim *sim, struct journal *journal,
                      const struct outcome_facts *outcome);
/* All of the calls that have ended. */
void check_room_is_told(const struct sim *sim, struct journal *journal);
/* May the limit of that control's place be used up, the server want a pause until then, the breaker
 * be open or the endpoint be probed? */
bool check_may_be_full(const struct sim *sim, const struct journal *journal, uint32_t place,
                       enum limit_kind kind, uint64_t limit);
bool check_may_be_paused(const struct sim *sim, const struct journal *journal, uint32_t endpoint,
                         int64_t until);
bool check_may_be_down(const struct sim *sim, const struct journal *journal, uint32_t endpoint);

/* ---- check_told.c: the limits that a leader was told; before a permit is booked ---- */
void check_told_hears(struct sim *sim, struct journal *journal, uint32_t place);
void check_told_permits(struct sim *sim, const struct journal *journal, const struct grant *grant);
const struct limits *check_told_limits(const struct sim *sim, const struct journal *journal,
                                       uint32_t place);

/* ---- check_breaker.c, check_limits.c ---- */
void check_breaker_hears(struct sim *sim, struct journal *journal,
                         const struct outcome_facts *outcome);
/* Its row is settled, by this outcome, for the first time. */
void check_breaker_commits(struct sim *sim, const struct grant *grant,
                           const struct outcome *outcome);
void check_breaker_permits(struct sim *sim, struct journal *journal, const struct grant *grant);
/* calls: by start */
void check_limits(struct sim *sim, struct call *const *calls, uint32_t count);

/* ---- check.c: reads the journals only ---- */
void check_all(struct sim *sim);
/* When all is over: the leader's figures say so too (rule 10). */
void check_figures(struct sim *sim);
/* While it runs, in the healed phase: nothing lost stays lost (rule 9). */
void check_losses(struct sim *sim);
