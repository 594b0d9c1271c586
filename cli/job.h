/* A job as the API shows it, and the watching of jobs until they are done. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api.h"
#include "console.h"

enum { JOB_ID_SIZE = 64, JOB_STATE_SIZE = 24, JOB_WAITING_SIZE = 240, JOB_REASON_SIZE = 32 };

struct job_view {
    char id[JOB_ID_SIZE], state[JOB_STATE_SIZE];
    int64_t total, processed, failed; /* posts */
    int64_t event_number;             /* of the last event that is in it */
    char waiting[JOB_WAITING_SIZE];   /* why it waits, in words; empty = not known */
    char reason[JOB_REASON_SIZE];     /* the same as one word */
};

/* From a job's document, or from an event of it (which may keep the counts under "progress"). A
 * document that does not say why it waits means that it does not; an event leaves that open. An
 * event older than what is known already is let be. */
void job_read(const json_t *document, struct job_view *job);
bool job_is_over(const struct job_view *job);

/* GET /v1/jobs/{id}; *document may be NULL, else the caller frees what comes. */
MUST_USE bool job_fetch(struct api *api, const char *id, struct job_view *job, json_t **document,
                        struct error *why);

/* Waits until all are over, drawing progress over all of them; fills their last views. */
MUST_USE bool job_follow(struct api *api, struct console *console, struct job_view *jobs,
                         size_t count, struct error *why);

/* POST /v1/jobs/{id}/cancel */
MUST_USE bool job_cancel(struct api *api, const char *id, struct job_view *job, json_t **document,
                         struct error *why);
