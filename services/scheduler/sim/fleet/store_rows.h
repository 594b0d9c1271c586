/* The rows of the modelled database, between the files of the store. Nothing of the core. */
#pragma once

#include "sim.h"

bool rows_has_ended(const struct model_job *job);
struct model_job *rows_find(struct sim *sim, const char *job_id);
void rows_add_job(struct sim *sim, struct model_job *job);
/* What the database's wall clock says, and how long it is until then. */
int64_t rows_clock(const struct sim *sim);
uint32_t rows_left_ms(const struct sim *sim, int64_t until);

/* As the leader is told. */
struct chunk_facts rows_chunk_facts(const struct sim *sim, const struct model_chunk *chunk);
struct job_facts rows_job_facts(struct sim *sim, const struct model_job *job);
struct event *rows_new_event(struct sim *sim, enum event_kind kind);

/* The row has changed; it is told besides. */
void rows_touch(struct sim *sim, struct model_job *job);
void rows_tell(struct sim *sim, struct model_job *job);
void rows_set_status(struct sim *sim, struct model_job *job, enum job_status status);
/* Answers its number. */
uint32_t rows_add_chunk(struct model_job *job, const uint32_t *posts, uint32_t count,
                        uint32_t depth);
/* Cuts the job into chunks. */
void rows_cut(struct model_job *job);
void rows_free_place(struct sim *sim, struct model_job *job, uint32_t chunk);
/* Of a job that heals: is this the end of its tries? */
void rows_note_patience(struct model_job *job, const struct model_chunk *chunk);
bool rows_tries_are_used(const struct model_chunk *chunk);
