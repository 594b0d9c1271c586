/* What the core tells of itself: for forecasts (rule 12), and for traces where an epoch begins. */
#include "bench_for_test.h"

struct seen {
    size_t jobs, waiting, running, ended;
    int64_t runs_for_us, due_in_ms;
    char user[USER_ID_SIZE];
};

static void look(void *context, const struct job_facts *job, const struct chunk_stage *stages)
{
    struct seen *seen = context;
    seen->jobs++;
    strcpy(seen->user, job->user_id);
    for (size_t i = 0; i < job->chunk_count; i++) {
        seen->waiting += stages[i].kind == STAGE_WAITS;
        seen->running += stages[i].kind == STAGE_RUNS;
        seen->ended += stages[i].kind == STAGE_ENDS;
        if (stages[i].kind == STAGE_RUNS)
            seen->runs_for_us = stages[i].runs_for_us;
        if (stages[i].due_in_ms > seen->due_in_ms)
            seen->due_in_ms = stages[i].due_in_ms;
    }
}

static struct seen seen_of(const struct bench *b, size_t most_chunks, size_t left_out)
{
    struct seen seen = {0};
    assert_int_equal(scheduler_describe(b->core, most_chunks, look, &seen), left_out);
    return seen;
}

/* rule 12 */
static void a_description_tells_what_runs_and_for_how_long(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 3);
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    pass(&b, 40);
    struct seen seen = seen_of(&b, 100, 0);
    assert_int_equal(seen.jobs, 1);
    assert_string_equal(seen.user, "ann");
    assert_int_equal(seen.waiting, 2);
    assert_int_equal(seen.running, 1);
    assert_int_equal(seen.runs_for_us, 40000);
    outcome(&b, attempt_of(1, 0, 1));
    assert_int_equal(seen_of(&b, 100, 0).ended, 1);
    struct call_sample samples[CALLS_SEEN];
    assert_int_equal(scheduler_recent_calls(b.core, samples), 1);
    assert_int_equal(samples[0].took_us, 40000);
    assert_int_equal(samples[0].text_bytes, 1000);
    close_bench(&b);
}

/* rule 12 */
static void a_forecast_is_drawn_from_the_last_512_calls(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    for (int call = 0; call <= 512; call++) { /* the first takes 2 ms, all others 1 */
        submit(&b, call, "ann", 1);
        grant_all(&b);
        assert_int_equal(ask_now(&b, attempt_of(call, 0, 1), "hands"), 1);
        pass(&b, call == 0 ? 2 : 1);
        outcome(&b, attempt_of(call, 0, 1));
        struct chunk_facts chunk = done(0);
        happen(&b, call, "ann", 2, JOB_COMPLETED, &chunk);
        struct call_sample samples[2 * CALLS_SEEN];
        size_t count = scheduler_recent_calls(b.core, samples);
        assert_int_equal(count, call < 512 ? call + 1 : 512);
        assert_int_equal(samples[0].took_us, call < 512 ? 2000 : 1000);
    }
    close_bench(&b);
}

/* rules 6 and 12 */
static void a_description_tells_when_a_retry_is_due(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    ask_now(&b, attempt_of(1, 0, 1), "hands");
    outcome(&b, attempt_of(1, 0, 1));
    struct chunk_facts chunk = failed(1, 1);
    happen(&b, 1, "ann", 2, JOB_PROCESSING, &chunk);
    struct seen seen = seen_of(&b, 100, 0);
    assert_int_equal(seen.waiting, 1);
    assert_in_range(seen.due_in_ms, 2000, 2500);
    close_bench(&b);
}

/* rule 12 */
static void a_description_is_bounded_and_says_what_it_leaves_out(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(1));
    lead(&b);
    submit(&b, 1, "ann", 5);
    submit(&b, 2, "bob", 5);
    submit(&b, 3, "cyd", 5);
    assert_int_equal(seen_of(&b, 10, 1).jobs, 2);
    close_bench(&b);
}

static void note_kind(void *context, const struct job_facts *job, const struct chunk_stage *stages)
{
    struct job_facts *kind = context;
    (void)stages;
    *kind = *job;
}

/* rules 6, 7 and 12 */
static void a_description_tells_what_the_embedded_analysis_may_not_do(void **state)
{
    (void)state;
    for (int is_healing = 0; is_healing < 2; is_healing++) {
        struct bench b;
        open_bench(&b, config_with(1));
        lead(&b);
        struct chunk_facts chunk = ready(0);
        struct job_facts job = {.job_id = job_id(1),
                                .tenant_id = "acme",
                                .user_id = "ann",
                                .service_class = CLASS_STANDARD,
                                .is_healing = is_healing,
                                .needs_llm = !is_healing,
                                .chunks = &chunk,
                                .chunk_count = 1};
        tell(&b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
        struct job_facts told = {0};
        assert_int_equal(scheduler_describe(b.core, 10, note_kind, &told), 0);
        assert_int_equal(told.is_healing, is_healing);
        assert_int_equal(told.needs_llm, !is_healing);
        close_bench(&b);
    }
}

struct deadlines {
    uint32_t left_ms[4];
    size_t count;
};

static void note_deadline(void *context, const struct job_facts *job,
                          const struct chunk_stage *stages)
{
    struct deadlines *deadlines = context;
    (void)stages;
    deadlines->left_ms[deadlines->count++] = job->deadline_left_ms;
}

/* rules 8 and 12 */
static void a_description_tells_how_long_each_job_has_left(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(1));
    lead(&b);
    struct chunk_facts chunk = ready(0);
    const uint32_t left_ms[] = {0, 60000, 1500, 1501};
    for (int i = 0; i < 4; i++) {
        struct job_facts job = {.job_id = job_id(i),
                                .tenant_id = "acme",
                                .user_id = "ann",
                                .service_class = CLASS_STANDARD,
                                .deadline_left_ms = left_ms[i],
                                .chunks = &chunk,
                                .chunk_count = 1};
        tell(&b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
    }
    b.now = instant_plus_ms(b.now, 1500);
    tell(&b, (struct event){.kind = EVENT_TIME});
    struct deadlines deadlines = {0};
    assert_int_equal(scheduler_describe(b.core, 100, note_deadline, &deadlines), 0);
    assert_int_equal(deadlines.count, 4);
    const uint32_t expected[] = {0, 58500, 1, 1}; /* 0 would be none */
    assert_memory_equal(deadlines.left_ms, expected, sizeof expected);
    close_bench(&b);
}

/* rule 12 */
static void a_description_leaves_out_what_is_held_or_over(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    submit(&b, 2, "bob", 1);
    submit(&b, 3, "cem", 1);
    assert_int_equal(seen_of(&b, 100, 0).jobs, 3);
    happen(&b, 2, "bob", 2, JOB_CANCELLED, NULL);
    assert_int_equal(seen_of(&b, 100, 0).jobs, 2);
    struct control_facts hold = {.scope = SCOPE_USER,
                                 .tenant_id = "acme",
                                 .name = "cem",
                                 .state = CONTROL_HELD,
                                 .message = "",
                                 .version = 1};
    tell(&b, (struct event){.kind = EVENT_CONTROL, .control = &hold});
    assert_int_equal(seen_of(&b, 100, 0).jobs, 1);
    close_bench(&b);
}

static void note_use(void *context, const struct recent_use *use)
{
    struct recent_use *sum = context;
    if (strcmp(use->tenant_id, sum->tenant_id) != 0)
        return;
    sum->micros += use->micros;
    sum->calls += use->calls;
    sum->tokens += use->tokens;
    if (use->ago_ms > sum->ago_ms)
        sum->ago_ms = use->ago_ms;
}

/* rules 5 and 12 */
static void what_counts_under_the_limits_of_a_minute_is_told(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    struct recent_use sum = {.tenant_id = ""}, of_tenant = {.tenant_id = "acme"};
    scheduler_recent_use(b.core, note_use, &sum);
    assert_int_equal(sum.calls, 0);
    const char *users[] = {"ann", "bob", "cem"};
    for (int i = 0; i < 3; i++) {
        submit(&b, i, users[i], 1);
        grant_all(&b);
        assert_int_equal(ask_now(&b, attempt_of(i, 0, 1), "hands"), 1);
        pass(&b, 1000);
    }
    scheduler_recent_use(b.core, note_use, &sum);
    assert_int_equal(sum.calls, 3);
    assert_int_equal(sum.tokens, 3 * 2800);
    assert_in_range(sum.ago_ms, 3000, 3000 + 256);
    scheduler_recent_use(b.core, note_use, &of_tenant);
    assert_int_equal(of_tenant.calls, 0); /* it has no limits */
    close_bench(&b);
}

/* rules 5 and 12 */
static void what_counts_under_a_tenants_limits_is_told_and_what_it_has_spent(void **state)
{
    (void)state;
    struct scheduler_config config = config_with(10);
    config.endpoint_count = 1;
    strcpy(config.endpoints[0].name, "main");
    config.endpoints[0].completion_nanos = 1000;
    config.tenant_limits.tokens_per_minute = 1000000;
    struct bench b;
    open_bench(&b, config);
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    struct recent_use sums[] = {{.tenant_id = ""}, {.tenant_id = "acme"}};
    for (int i = 0; i < 2; i++) {
        scheduler_recent_use(b.core, note_use, &sums[i]);
        assert_int_equal(sums[i].calls, 1);
        assert_int_equal(sums[i].tokens, 2800);
        assert_int_equal(sums[i].micros, 1200);
    }
    close_bench(&b);
}

/* rules 5 and 12; one call goes beyond any limit when nothing else counts */
static void what_counts_under_the_least_limit_of_a_tenant_is_told(void **state)
{
    (void)state;
    static const struct limits LEAST[] = {
        {.requests_per_minute = 1}, {.tokens_per_minute = 1}, {.micros_per_day = 1}};
    for (size_t i = 0; i < sizeof LEAST / sizeof LEAST[0]; i++) {
        struct scheduler_config config = config_with(10);
        config.tenant_limits = LEAST[i];
        struct bench b;
        open_bench(&b, config);
        lead(&b);
        submit(&b, 1, "ann", 1);
        grant_all(&b);
        assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
        struct recent_use sum = {.tenant_id = "acme"};
        scheduler_recent_use(b.core, note_use, &sum);
        assert_int_equal(sum.calls, 1);
        close_bench(&b);
    }
}

static void note_users(void *context, const struct recent_use *use)
{
    char *users = context;
    if (use->user_id[0] == '\0')
        return;
    assert_string_equal(use->tenant_id, "acme");
    assert_string_equal(use->endpoint, "");
    assert_int_equal(use->calls, 1);
    strcat(users, use->user_id);
}

/* rules 5 and 12 */
static void what_counts_under_the_limits_of_users_is_told_while_they_have_some(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    const char *users[] = {"ann", "bob", "cem", "dan"};
    for (int i = 0; i < 4; i++) {
        struct control_facts limit = {.scope = SCOPE_USER,
                                      .tenant_id = "acme",
                                      .name = users[i],
                                      .message = "",
                                      .has_limits = i < 3,
                                      .limits = {.requests_per_minute = 10},
                                      .version = 1};
        tell(&b, (struct event){.kind = EVENT_CONTROL, .control = &limit});
        submit(&b, i, users[i], 1);
        grant_all(&b);
        assert_int_equal(ask_now(&b, attempt_of(i, 0, 1), "hands"), 1);
        if (i == 1) { /* its limits are lifted again */
            limit.is_removed = true;
            limit.version = 2;
            tell(&b, (struct event){.kind = EVENT_CONTROL, .control = &limit});
        }
    }
    char told[16] = "";
    scheduler_recent_use(b.core, note_users, told);
    assert_string_equal(told, "anncem");
    close_bench(&b);
}

/* rules 9 and 12 */
static void what_was_due_before_is_due_now(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    pass(&b, 45000); /* the store does not answer what is asked of it then */
    struct seen seen = seen_of(&b, 100, 0);
    assert_int_equal(seen.waiting, 1);
    assert_int_equal(seen.due_in_ms, 0);
    close_bench(&b);
}

static struct analyzer_facts heard[4];
static size_t heard_count;

static void keep_analyzer(void *context, const char *instance_id, uint32_t slots, struct instant at)
{
    (void)context;
    strcpy(heard[heard_count].instance_id, instance_id);
    heard[heard_count].slots = slots;
    heard[heard_count++].heard = at;
}

static void begin_epoch(struct bench *b, uint64_t epoch)
{
    hush(b);
    renew(b, epoch);
    size_t kept = 0;
    for (size_t i = 0; i < b->said_count; i++) /* what the lead before leaves is not of the epoch */
        if (b->said[i].kind != ACTION_FORGET && b->said[i].kind != ACTION_YIELD)
            b->said[kept++] = b->said[i];
    b->said_count = kept;
    answer_snapshot(b, epoch, NULL, 0);
    submit(b, 7, "ann", 3);
    submit(b, 8, "bob", 3);
}

static void expect_same_said(const struct bench *b, const struct bench *other)
{
    assert_int_equal(b->said_count, other->said_count);
    assert_int_equal(b->sequence, other->sequence);
    assert_int_equal(b->item_count, other->item_count);
    for (size_t i = 0; i < b->said_count; i++)
        assert_int_equal(b->said[i].kind, other->said[i].kind);
    for (size_t i = 0; i < b->item_count; i++)
        assert_string_equal(b->items[i].id.job_id, other->items[i].id.job_id);
}

/* rule 11 */
static void an_epoch_hangs_on_nothing_but_what_its_start_tells(void **state)
{
    (void)state;
    struct bench b, fresh;
    open_bench(&b, config_with(2));
    lead(&b);
    for (int i = 0; i < 3; i++) {
        submit(&b, i, i % 2 ? "ann" : "bob", 2);
        grant_all(&b);
    }
    ask_now(&b, attempt_of(0, 0, 1), "hands");
    pass(&b, 300);
    outcome(&b, attempt_of(0, 0, 1));
    struct event event = {.kind = EVENT_LEASE,
                          .is_answered = true,
                          .lease = {.is_held = true, .epoch = 2, .asked = b.now}};
    assert_true(scheduler_is_beginning(b.core, &event));
    event.lease.epoch = 1;
    assert_false(scheduler_is_beginning(b.core, &event));
    struct scheduler_start start;
    scheduler_describe_start(b.core, &start);
    heard_count = 0;
    scheduler_each_analyzer(b.core, keep_analyzer, NULL);
    struct analyzer_facts *analyzers = calloc(heard_count, sizeof(heard[0])); /* and no more */
    assert_non_null(analyzers);
    memcpy(analyzers, heard, heard_count * sizeof(heard[0]));
    start.analyzers = analyzers;
    start.analyzer_count = heard_count;
    fresh = (struct bench){.core = scheduler_new_from(&b.config, &start), .now = b.now};
    free(analyzers);
    b.item_count = 0;
    begin_epoch(&b, 2);
    begin_epoch(&fresh, 2);
    expect_same_said(&b, &fresh);
    close_bench(&b);
    close_bench(&fresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_description_tells_what_runs_and_for_how_long),
        cmocka_unit_test(a_forecast_is_drawn_from_the_last_512_calls),
        cmocka_unit_test(a_description_tells_when_a_retry_is_due),
        cmocka_unit_test(a_description_is_bounded_and_says_what_it_leaves_out),
        cmocka_unit_test(a_description_tells_what_the_embedded_analysis_may_not_do),
        cmocka_unit_test(a_description_tells_how_long_each_job_has_left),
        cmocka_unit_test(a_description_leaves_out_what_is_held_or_over),
        cmocka_unit_test(what_counts_under_the_limits_of_a_minute_is_told),
        cmocka_unit_test(what_counts_under_a_tenants_limits_is_told_and_what_it_has_spent),
        cmocka_unit_test(what_counts_under_the_least_limit_of_a_tenant_is_told),
        cmocka_unit_test(what_counts_under_the_limits_of_users_is_told_while_they_have_some),
        cmocka_unit_test(what_was_due_before_is_due_now),
        cmocka_unit_test(an_epoch_hangs_on_nothing_but_what_its_start_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
