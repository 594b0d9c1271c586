/* A crowd of users on the bench: each always has a job of one chunk; what is granted asks for its
 * permit, calls, and is done. All calls are written down. */
#pragma once

#include "bench_for_test.h"

enum { MOST_CALLS = 60000, MOST_MEMBERS = 64, STEP_MS = 20, ASK_AGAIN_MS = 800 };

struct seen_call {
    int64_t at_ms;
    uint32_t tokens;
    int tenant, member;
};

struct member {
    enum { MEMBER_WAITS, MEMBER_IS_GRANTED, MEMBER_CALLS } state;
    int job, tenant;
    uint32_t attempt, version;
    char endpoint[ENDPOINT_NAME_SIZE];
    int64_t asked_ms, ends_ms;
    uint32_t tokens;
};

struct crowd {
    struct bench bench;
    struct member members[MOST_MEMBERS];
    int member_count, last_job;
    uint64_t random;
    int64_t longest_ms; /* of a call */
    size_t call_count, degraded;
    enum outcome_class (*server)(struct crowd *crowd, const struct member *member);
    struct seen_call calls[MOST_CALLS];
};

static inline uint32_t draw(struct crowd *crowd, uint32_t below)
{
    crowd->random = crowd->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(crowd->random >> 33) % below;
}

static inline int64_t now_ms(const struct crowd *crowd)
{
    return crowd->bench.now.ns / CLOCK_MS;
}

static inline void tell_of(struct crowd *crowd, struct member *member, uint32_t number,
                           enum job_status status, const struct chunk_facts *chunk)
{
    char tenant[16], user[16];
    snprintf(tenant, sizeof(tenant), "tenant%d", member->tenant);
    snprintf(user, sizeof(user), "user%d", (int)(member - crowd->members));
    struct job_facts job = {.job_id = job_id(member->job),
                            .tenant_id = tenant,
                            .user_id = user,
                            .service_class = CLASS_STANDARD,
                            .status = status,
                            .chunks = chunk,
                            .chunk_count = 1};
    tell(&crowd->bench,
         (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = number}});
}

static inline void submit_next(struct crowd *crowd, struct member *member)
{
    member->job = ++crowd->last_job;
    member->state = MEMBER_WAITS;
    member->attempt = 0;
    member->version = 1;
    struct chunk_facts chunk = ready(0);
    tell_of(crowd, member, 1, JOB_QUEUED, &chunk);
}

static inline struct member *member_of(struct crowd *crowd, const struct attempt_id *id)
{
    for (int i = 0; i < crowd->member_count; i++)
        if (strcmp(job_id(crowd->members[i].job), id->job_id) == 0)
            return &crowd->members[i];
    return NULL;
}

static inline void answer_asks_for_grants(struct crowd *crowd)
{
    struct batch_answer answers[MOST_ITEMS];
    while (crowd->bench.item_count > 0) {
        for (size_t i = 0; i < crowd->bench.item_count; i++) {
            const struct batch_item *item = &crowd->bench.items[i];
            struct member *member = member_of(crowd, &item->id);
            assert_non_null(member);
            assert_int_not_equal(item->operation, BATCH_SPLIT);
            bool is_grant = item->operation == BATCH_GRANT;
            member->attempt += is_grant;
            answers[i] = granted(item, member->attempt);
            answers[i].chunk.version = ++member->version;
            if (is_grant) {
                member->state = MEMBER_IS_GRANTED;
                member->asked_ms = 0;
                strcpy(member->endpoint, item->endpoint);
                crowd->degraded += item->is_degraded;
                if (item->mode == MODE_EMBEDDED) {
                    member->state = MEMBER_CALLS;
                    member->tokens = 0;
                    member->ends_ms = now_ms(crowd);
                }
            } else {
                answers[i].result =
                    item->operation == BATCH_RELEASE ? RESULT_RELEASED : RESULT_REAPED;
                answers[i].chunk.status = CHUNK_READY;
                member->state = MEMBER_WAITS;
            }
        }
        answer_batch(&crowd->bench, answers);
    }
}

/* Permits that were said; each call begins up to a permit's life after it. */
static inline void hear_permits(struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->bench.said_count; i++) {
        const struct action *action = &crowd->bench.said[i];
        if (action->kind != ACTION_ANSWER || !action->answer.is_permitted)
            continue;
        struct member *member = member_of(crowd, &action->answer.id);
        assert_true(member && member->state == MEMBER_IS_GRANTED);
        assert_true(crowd->call_count < MOST_CALLS);
        member->state = MEMBER_CALLS;
        member->ends_ms = now_ms(crowd) + 1 + draw(crowd, (uint32_t)crowd->longest_ms);
        member->tokens = 200 + draw(crowd, 1500);
        crowd->calls[crowd->call_count++] =
            (struct seen_call){.at_ms = now_ms(crowd) + draw(crowd, 1200),
                               .tokens = member->tokens,
                               .tenant = member->tenant,
                               .member = (int)(member - crowd->members)};
    }
    hush(&crowd->bench);
}

static inline void end_call(struct crowd *crowd, struct member *member)
{
    enum outcome_class class = crowd->server ? crowd->server(crowd, member) : OUTCOME_NONE;
    bool is_llm = member->tokens > 0;
    struct event event = {.kind = EVENT_OUTCOME,
                          .outcome = {.outcome_class = is_llm ? class : OUTCOME_NONE,
                                      .was_called = is_llm,
                                      .is_usage_known = class == OUTCOME_NONE,
                                      .prompt_tokens = member->tokens / 2,
                                      .completion_tokens = member->tokens - member->tokens / 2,
                                      .server_limits = {-1, -1, -1, -1, -1, -1}}};
    event.outcome.id = attempt_of(member->job, 0, member->attempt);
    tell(&crowd->bench, event);
    struct chunk_facts chunk = done(0);
    chunk.version = ++member->version;
    chunk.attempt = member->attempt;
    if (is_llm && class != OUTCOME_NONE) {
        chunk.status = CHUNK_READY;
        chunk.last_class = class;
        chunk.retry_in_ms = 100;
        member->state = MEMBER_WAITS;
        tell_of(crowd, member, member->version, JOB_PROCESSING, &chunk);
        return;
    }
    tell_of(crowd, member, member->version, JOB_COMPLETED, &chunk);
    submit_next(crowd, member);
}

static inline void live_a_step(struct crowd *crowd)
{
    crowd->bench.now = instant_plus_ms(crowd->bench.now, STEP_MS);
    renew(&crowd->bench, 1);
    beat(&crowd->bench, 100);
    for (int i = 0; i < crowd->member_count; i++) {
        struct member *member = &crowd->members[i];
        answer_asks_for_grants(crowd);
        hear_permits(crowd);
        if (member->state == MEMBER_CALLS && member->ends_ms <= now_ms(crowd))
            end_call(crowd, member);
        answer_asks_for_grants(crowd);
        bool is_asking =
            member->state == MEMBER_IS_GRANTED && now_ms(crowd) - member->asked_ms >= ASK_AGAIN_MS;
        if (is_asking) {
            member->asked_ms = now_ms(crowd);
            ask(&crowd->bench, attempt_of(member->job, 0, member->attempt), "hands");
        }
        hear_permits(crowd);
    }
    assert_true(crowd->bench.now.ns < scheduler_next_wake(crowd->bench.core).ns);
}

static inline void live(struct crowd *crowd, int64_t ms)
{
    for (; ms > 0; ms -= STEP_MS)
        live_a_step(crowd);
}

static inline struct crowd *open_crowd(struct scheduler_config config, int members, int tenants,
                                       uint64_t seed)
{
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    assert_non_null(crowd);
    open_bench(&crowd->bench, config);
    lead(&crowd->bench);
    crowd->random = seed;
    crowd->longest_ms = 400;
    crowd->member_count = members;
    for (int i = 0; i < members; i++) {
        crowd->members[i].tenant = i % tenants;
        submit_next(crowd, &crowd->members[i]);
    }
    return crowd;
}

static inline void close_crowd(struct crowd *crowd)
{
    close_bench(&crowd->bench);
    free(crowd);
}

/* The most of what is asked for in any 60 s; -1 = of all tenants, of all members. */
struct most {
    uint64_t requests, tokens;
};
static inline struct most most_of_them_in_a_minute(const struct crowd *crowd, int tenant,
                                                   int member)
{
    struct most most = {0};
    for (size_t i = 0; i < crowd->call_count; i++) {
        struct most here = {0};
        for (size_t k = i + 1; k-- > 0;) {
            const struct seen_call *call = &crowd->calls[k];
            if (call->at_ms + 63000 < crowd->calls[i].at_ms)
                break;
            bool counts =
                call->at_ms > crowd->calls[i].at_ms - 60000 && call->at_ms <= crowd->calls[i].at_ms;
            if (!counts || (tenant >= 0 && call->tenant != tenant) ||
                (member >= 0 && call->member != member))
                continue;
            here.requests++;
            here.tokens += call->tokens;
        }
        most.requests = here.requests > most.requests ? here.requests : most.requests;
        most.tokens = here.tokens > most.tokens ? here.tokens : most.tokens;
    }
    return most;
}

static inline struct most most_in_a_minute(const struct crowd *crowd, int tenant)
{
    return most_of_them_in_a_minute(crowd, tenant, -1);
}

static inline size_t calls_of(const struct crowd *crowd, int tenant)
{
    size_t count = 0;
    for (size_t i = 0; i < crowd->call_count; i++)
        count += crowd->calls[i].tenant == tenant;
    return count;
}
