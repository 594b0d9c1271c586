/* A new leader on the bench: what it is told of the calls of older epochs. */
#pragma once

#include "bench_for_test.h"

static inline struct scheduler_config chain(void)
{
    struct scheduler_config config = config_with(10);
    config.endpoint_count = 1;
    strcpy(config.endpoints[0].name, "main");
    return config;
}

static const struct server_limits UNSAID = {-1, -1, -1, -1, -1, -1};

static inline struct ended_call ended(enum outcome_class class, int64_t ago_ms)
{
    return (struct ended_call){.endpoint = "main",
                               .granted_in_ms = -ago_ms - 1000,
                               .settled_in_ms = -ago_ms,
                               .was_called = true,
                               .outcome_class = class,
                               .server_limits = UNSAID};
}

static inline struct ended_call probe(enum outcome_class class, int64_t ago_ms)
{
    struct ended_call call = ended(class, ago_ms);
    call.is_probe = true;
    return call;
}

/* As the store holds it until its outcome is committed. */
static inline struct call_facts running(struct attempt_id id, uint32_t tokens, int64_t lease_in_ms)
{
    return (struct call_facts){.id = id,
                               .tenant_id = "acme",
                               .user_id = "",
                               .endpoint = "main",
                               .granted_in_ms = -100,
                               .lease_in_ms = lease_in_ms,
                               .tokens = tokens};
}

struct past {
    const struct job_facts *jobs;
    const struct call_facts *calls;
    const struct spend_facts *spends;
    const struct ended_call *ended;
    size_t job_count, call_count, spend_count, ended_count;
};

static inline void take_over(struct bench *b, uint64_t epoch, struct past past)
{
    tell(b, (struct event){.kind = EVENT_TIME});
    renew(b, epoch);
    beat(b, 100);
    tell(b, (struct event){.kind = EVENT_SNAPSHOT,
                           .is_answered = true,
                           .snapshot = {.epoch = epoch,
                                        .now_us = 1000000,
                                        .jobs = past.jobs,
                                        .job_count = past.job_count,
                                        .calls = past.calls,
                                        .call_count = past.call_count,
                                        .spends = past.spends,
                                        .spend_count = past.spend_count,
                                        .ended = past.ended,
                                        .ended_count = past.ended_count,
                                        .next_cursor = ""}});
}

static inline struct endpoint_figures main_endpoint(const struct bench *b)
{
    struct scheduler_figures figures;
    scheduler_figures(b->core, &figures);
    return figures.endpoints[0];
}
