/* The modelled service in front of the database: what the others ask it for. */
#pragma once

#include "sim.h"

void store_plan_jobs(struct sim *sim);
bool store_all_ended(const struct sim *sim);
void store_expire(struct sim *sim);
void store_commit(struct sim *sim, struct grant *grant, const struct outcome *outcome);
struct event *store_lease(struct sim *sim, const char *holder, bool is_resigning,
                          struct instant asked);
struct event *store_batch(struct sim *sim, const char *holder, uint64_t epoch, uint64_t sequence,
                          const struct batch_item *items, size_t count);
struct event *store_snapshot(struct sim *sim, uint64_t epoch, const char *cursor);
struct event *store_changed(struct sim *sim, uint64_t epoch, int64_t since_us, const char *after);
struct event *store_job(struct sim *sim, uint64_t epoch, const char *job_id);

/* ---- store_room.c: rule 10 ---- */
void store_plan_room(struct sim *sim);
void store_note_unfinished(struct sim *sim, const struct model_job *job, int change);
void store_count_work(struct sim *sim); /* each second */
enum room store_room_for(const struct sim *sim, const struct model_job *job);

/* ---- store_heal.c ---- */
struct event *store_heal(struct sim *sim, uint64_t epoch);
void store_revise(struct sim *sim, struct model_job *job, uint32_t post, enum analysis_mode mode);
