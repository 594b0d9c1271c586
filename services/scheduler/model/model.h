/* A world without faults around the real core, in virtual time: how long will this work take?
 *
 *   struct model *m = model_new(&options);
 *   model_add_job(m, &job) for each;  model_run(m);  model_result(m, i).finish_us ...
 *   model_free(&m)
 *
 * Real: the core. Modelled: a store (a batch takes its time, one after the other; a user and lane
 * has one chunk in flight), analyzers with slots, calls whose lengths are drawn from samples. No
 * call fails but those that are told to, nothing gets lost, nobody cancels. Pure: the same options
 * and jobs give the same times. Some hundred thousand chunks a second. One thread; jobs' names are
 * lent.
 */
#pragma once

#include "core/core.h"

struct model;

/* A call that fails, and what the store makes of the chunk for it. */
struct model_failure {
    uint32_t endpoint; /* where alone it fails, from 1; 0 = wherever it is called */
    uint32_t took_us, prompt_tokens, completion_tokens, retry_after_ms;
    bool was_called, is_usage_known;
    enum outcome_class outcome_class, last_class;
    uint32_t tries, open_posts, text_bytes, retry_in_ms;
};

struct model_chunk {
    uint32_t open_posts, text_bytes;
    uint32_t tries, depth;
    enum outcome_class last_class;             /* of the last failed attempt */
    struct chunk_stage stage;                  /* of a job that is there from the start */
    enum analysis_mode mode;                   /* STAGE_RUNS */
    uint32_t call_us;                          /* 0 = drawn */
    uint32_t prompt_tokens, completion_tokens; /* of a call; both 0 = not known */
    bool is_cached;                            /* no call is needed in the end */
    const struct model_failure *failures;      /* of its calls before that, in their order */
    size_t failure_count;
    size_t part_of; /* the chunk of the job, from 1, that is split into it; it stands before it */
};

struct model_job {
    const char *tenant_id, *user_id;
    enum service_class service_class;
    int64_t arrives_us;        /* 0 or less = it is there from the start */
    uint32_t deadline_left_ms; /* from its arrival; 0 = none */
    bool is_healing, needs_llm;
    const struct model_chunk *chunks;
    size_t chunk_count;
};

struct model_options {
    struct scheduler_config config;
    uint32_t analyzers, slots;         /* of each */
    const struct call_sample *samples; /* copied; none = every call takes call_us */
    size_t sample_count;
    uint32_t call_us;
    int64_t batch_us, commit_us; /* of the store: answering a batch, from outcome to commit heard */
    uint64_t seed;
    uint64_t most_chunks;           /* done, after which it stops; 0 = at the end */
    const struct call_facts *calls; /* what counts in windows from before; lent */
    size_t call_count;
    const struct spend_facts *spends; /* the same of money; lent */
    size_t spend_count;
    struct endpoint_standing standing[MOST_ENDPOINTS]; /* at the start */
    const struct control_facts *controls;              /* lent */
    size_t control_count;
    /* Sees each step, before and after; may be NULL. */
    void (*before)(void *context, const struct scheduler *core, const struct event *event);
    void (*after)(void *context, const struct scheduler *core, const struct event *event,
                  struct instant now, const struct actions *actions);
    void *context;
};

/* As far as it has come. */
struct model_result {
    /* At which the first chunk, and all of it, was committed; -1 = not. */
    int64_t first_us, finish_us;
    uint32_t chunks_left;
};

/* Calls that were made, and what they are charged: what was booked where usage is not known. */
struct model_use {
    uint64_t calls, failed, tokens, micros;
};

struct model_totals {
    uint64_t chunks, embedded; /* done */
    int64_t call_us;           /* the sum of all calls */
    int64_t end_us;            /* of the last commit */
    uint64_t steps;
    struct model_use uses[MOST_ENDPOINTS]; /* of each endpoint */
};

struct model *model_new(const struct model_options *options);
void model_free(struct model **model);

/* Copies; answers the job's number, from 0. */
size_t model_add_job(struct model *model, const struct model_job *job);

/* Until all is done, or most_chunks are, or nothing happens any more however often the core looks.
 */
void model_run(struct model *model);

struct model_result model_result(const struct model *model, size_t job);
struct model_totals model_totals(const struct model *model);
