/* Jobs, their chunks and the calls of those, as far as a trace tells of them.
 *
 * Whoever is asked for is made if it is not there: a trace may tell of a call before it tells of
 * its job. All belongs to the jobs; past_free() drops them. Times in us, of one clock for all
 * schedulers (history.h); 0 of a call, and -1 of a job = not known.
 */
#pragma once

#include <uthash.h>

#include "core/core.h"

/* An attempt, from its grant. */
struct past_call {
    struct past_call *older; /* of the same chunk */
    uint32_t attempt;
    enum analysis_mode mode;
    bool is_granted; /* its grant was seen, with what stands in the next lines */
    char endpoint[ENDPOINT_NAME_SIZE];
    uint32_t prompt_nanos, completion_nanos, booked_tokens;
    uint64_t booked_micros;
    bool is_free;         /* its permit: all of it was cached */
    int64_t permitted_us; /* the first time */
    int64_t over_us;      /* its outcome was heard, or the store told of its settlement */
    bool was_left_open;   /* a snapshot told of it before: whether it was permitted is not known */
    uint32_t chapter;     /* in which its outcome was heard, from 1 */
    bool was_called, is_usage_known;
    enum outcome_class outcome_class;
    uint32_t prompt_tokens, completion_tokens, retry_after_ms;
    uint64_t tokens, micros; /* charged */
    bool has_after;
    struct chunk_facts after; /* the chunk, when its outcome had been committed */
};

struct past_chunk {
    bool is_told; /* else only its calls are known */
    bool is_done, is_being_split, is_part;
    uint32_t version, depth;
    uint32_t open_posts, text_bytes; /* as first told */
    uint32_t parts[2], part_count;   /* their numbers, once it was split */
    struct past_call *calls;         /* the newest first */
};

struct past_job {
    UT_hash_handle hh;
    char id[JOB_ID_SIZE], tenant_id[TENANT_ID_SIZE], user_id[USER_ID_SIZE];
    bool is_told; /* else only calls of it are known */
    enum service_class service_class;
    bool is_completed, is_healing, needs_llm;
    int64_t came_us, first_us, finish_us;
    struct past_chunk *chunks; /* by number */
    size_t count;
};

struct past_job *past_find(struct past_job *jobs, const char *id);
struct past_job *past_job(struct past_job **jobs, const char *id);
/* Lent until another one is asked for; NULL: no job has so many. */
struct past_chunk *past_chunk(struct past_job *job, uint32_t number);
struct past_call *past_call(struct past_chunk *chunk, uint32_t attempt);
/* All three; NULL as above. */
struct past_call *past_call_of(struct past_job **jobs, const struct attempt_id *id);
void past_free(struct past_job **jobs);
