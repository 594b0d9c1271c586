/* The core with a chain of endpoints on a bench: they fail, and are held. */
#pragma once

#include "bench_for_test.h"

static inline struct scheduler_config chain_of(uint32_t endpoints)
{
    struct scheduler_config config = config_with(10);
    config.endpoint_count = endpoints;
    strcpy(config.endpoints[0].name, "main");
    strcpy(config.endpoints[1].name, "spare");
    config.endpoints[0].prompt_nanos = 1000;
    config.endpoints[0].completion_nanos = 2000;
    return config;
}

static inline void begin(struct bench *b, struct scheduler_config config)
{
    open_bench(b, config);
    lead(b);
}

static inline void hear(struct bench *b, struct attempt_id id, enum outcome_class class,
                        uint32_t retry_after_ms)
{
    struct event event = {.kind = EVENT_OUTCOME,
                          .outcome = {.id = id,
                                      .outcome_class = class,
                                      .was_called = true,
                                      .retry_after_ms = retry_after_ms,
                                      .server_limits = {-1, -1, -1, -1, -1, -1}}};
    tell(b, event);
}

/* A job of one chunk that is granted, called, and ends like that; it waits long for its retry. */
static inline void call_ending(struct bench *b, int number, enum outcome_class class)
{
    char user[16];
    snprintf(user, sizeof(user), "u%d", number);
    submit(b, number, user, 1);
    assert_int_equal(b->item_count, 1);
    assert_int_equal(b->items[0].mode, MODE_LLM);
    grant_all(b);
    assert_int_equal(ask_now(b, attempt_of(number, 0, 1), "hands"), 1);
    hear(b, attempt_of(number, 0, 1), class, 0);
    struct chunk_facts chunk = failed(1, 0);
    chunk.retry_in_ms = 3000000;
    chunk.last_class = class;
    happen(b, number, user, 2, JOB_PROCESSING, &chunk);
}

static inline void break_it(struct bench *b, int first_job)
{
    struct scheduler_figures figures;
    for (int i = 0; i < 5; i++)
        call_ending(b, first_job + i, OUTCOME_SERVER_ERROR);
    scheduler_figures(b->core, &figures);
    assert_int_equal(figures.endpoints[0].breaker, BREAKER_OPEN);
}

static inline void control(struct bench *b, enum control_scope scope, const char *name,
                           enum control_state state, uint64_t version)
{
    struct control_facts facts = {.scope = scope,
                                  .tenant_id = scope == SCOPE_TENANT ? name : "",
                                  .name = scope == SCOPE_TENANT ? "" : name,
                                  .state = state,
                                  .message = "maintenance",
                                  .version = version};
    tell(b, (struct event){.kind = EVENT_CONTROL, .control = &facts});
}

static inline struct explanation told(struct bench *b, int job)
{
    struct event event = {.kind = EVENT_WAITING_ASK};
    strcpy(event.waiting.job_id, job_id(job));
    strcpy(event.waiting.reply, "_INBOX.x");
    tell(b, event);
    return last(b, ACTION_EXPLAIN)->explain.told;
}

static inline void submit_healing(struct bench *b, int number, struct chunk_facts chunk)
{
    struct job_facts job = {.job_id = job_id(number),
                            .tenant_id = "acme",
                            .user_id = "healing",
                            .service_class = CLASS_BACKGROUND,
                            .is_healing = true,
                            .chunks = &chunk,
                            .chunk_count = 1};
    tell(b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
}

static inline void finish(struct bench *b, int number, const char *user)
{
    struct chunk_facts chunk = done(0);
    grant_all(b);
    happen(b, number, user, 2, JOB_COMPLETED, &chunk);
}
