/* Rules 5 and 7 after a takeover: what the calls of older epochs count for, and what they tell. */
#include "takeover_for_test.h"

static const int64_t FULL_MS = 1023; /* the last millisecond of a bucket */

static enum breaker_state breaker_after(const struct ended_call *calls, size_t count)
{
    struct bench b;
    open_bench(&b, chain());
    b.now = instant_plus_ms(b.now, 1000000);
    take_over(&b, 1, (struct past){.ended = calls, .ended_count = count});
    enum breaker_state state = main_endpoint(&b).breaker;
    close_bench(&b);
    return state;
}

static void rule_5_a_call_that_may_begin_after_the_takeover_counts_from_it(void **state)
{
    (void)state;
    for (int64_t later_ms = 0; later_ms <= 6000;
         later_ms = later_ms < 2 ? later_ms + 1 : later_ms * 3) {
        struct bench b;
        open_bench(&b, chain());
        b.now = (struct instant){FULL_MS * CLOCK_MS};
        struct call_facts call =
            running(attempt_of(1, 0, 1), 1000, b.config.call_limit_ms + later_ms);
        take_over(&b, 1, (struct past){.calls = &call, .call_count = 1});
        b.now = (struct instant){(FULL_MS + 61200) * CLOCK_MS};
        assert_int_equal(main_endpoint(&b).used[LIMIT_REQUESTS], 1);
        b.now = instant_plus_ms(b.now, 1);
        tell(&b, (struct event){.kind = EVENT_TIME});
        assert_int_equal(main_endpoint(&b).used[LIMIT_REQUESTS], 0);
        close_bench(&b);
    }
}

static void rule_7_calls_that_never_left_tell_that_an_endpoint_fails(void **state)
{
    (void)state;
    struct ended_call calls[5];
    for (int i = 0; i < 5; i++) {
        calls[i] = ended(OUTCOME_CONNECTION, 1000);
        calls[i].was_called = false;
    }
    assert_int_equal(breaker_after(calls, 4), BREAKER_CLOSED);
    assert_int_equal(breaker_after(calls, 5), BREAKER_OPEN);
    calls[0].outcome_class = OUTCOME_AUTH;
    assert_int_equal(breaker_after(calls, 1), BREAKER_OPEN);
}

static void rule_7_calls_that_never_left_do_not_tell_that_it_works(void **state)
{
    (void)state;
    struct ended_call calls[15];
    for (int i = 0; i < 15; i++) {
        calls[i] = ended(i < 10 ? OUTCOME_NONE : OUTCOME_TIMEOUT, 2000 - i);
        calls[i].was_called = i >= 10;
    }
    assert_int_equal(breaker_after(calls, 15), BREAKER_OPEN);
    for (int i = 0; i < 10; i++)
        calls[i].was_called = true;
    assert_int_equal(breaker_after(calls, 15), BREAKER_CLOSED);
}

static void rule_7_a_probe_decides_after_a_takeover_too(void **state)
{
    (void)state;
    struct ended_call calls[7];
    for (int i = 0; i < 5; i++)
        calls[i] = ended(OUTCOME_TIMEOUT, 100000 - i);
    calls[5] = probe(OUTCOME_SERVER_ERROR, 30000); /* a minute after it opened */
    calls[6] = ended(OUTCOME_NONE, 25000);
    calls[6].granted_in_ms = -101000; /* with those that opened it */
    assert_int_equal(breaker_after(calls, 7), BREAKER_OPEN);
    calls[5].outcome_class = OUTCOME_NONE;
    assert_int_equal(breaker_after(calls, 7), BREAKER_CLOSED);
}

static void rule_7_a_breaker_that_has_failed_its_probes_for_hours_is_still_open(void **state)
{
    (void)state;
    struct ended_call calls[500]; /* what opened it is not told any more */
    for (int i = 0; i < 500; i++)
        calls[i] = probe(OUTCOME_CONNECTION, (int64_t)(500 - i) * 61000 - 60000);
    assert_int_equal(breaker_after(calls, 500), BREAKER_OPEN);
    assert_int_equal(breaker_after(calls, 499), BREAKER_HALF_OPEN); /* it is due for the next */
}

static void rule_7_an_opening_of_long_ago_is_known_until_a_probe_worked(void **state)
{
    (void)state;
    struct ended_call call = ended(OUTCOME_QUOTA_EXHAUSTED, 5 * 3600000);
    assert_int_equal(breaker_after(&call, 1), BREAKER_HALF_OPEN);
    struct ended_call calls[2] = {call, probe(OUTCOME_NONE, 4 * 3600000)};
    assert_int_equal(breaker_after(calls, 2), BREAKER_CLOSED);
}

static void rule_7_a_breaker_is_open_from_when_it_opened(void **state)
{
    (void)state;
    struct ended_call calls[15];
    for (int i = 0; i < 15; i++) /* those that worked came after */
        calls[i] = i < 5 ? ended(OUTCOME_TIMEOUT, 20000 - i) : ended(OUTCOME_NONE, 5000 - i);
    assert_int_equal(breaker_after(calls, 15), BREAKER_OPEN);
    assert_int_equal(breaker_after(calls + 1, 14), BREAKER_CLOSED);
    for (int i = 0; i < 15; i++) /* worked before */
        calls[i] = i < 10 ? ended(OUTCOME_NONE, 20000 - i) : ended(OUTCOME_TIMEOUT, 5000 - i);
    assert_int_equal(breaker_after(calls, 15), BREAKER_CLOSED);
}

static void come(struct bench *b, int number, const char *tenant, const char *user)
{
    struct chunk_facts chunk = ready(0);
    struct job_facts job = {.job_id = job_id(number),
                            .tenant_id = tenant,
                            .user_id = user,
                            .service_class = CLASS_STANDARD,
                            .chunks = &chunk,
                            .chunk_count = 1};
    tell(b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
}

static void rules_5_and_7_an_endpoint_that_is_gone_counts_for_nothing(void **state)
{
    (void)state;
    struct ended_call ends[8];
    struct call_facts call = running(attempt_of(1, 0, 1), 1000, 20000);
    call.endpoint = "gone";
    for (int i = 0; i < 8; i++) {
        ends[i] = ended(OUTCOME_TIMEOUT, 1000);
        ends[i].endpoint = "gone";
    }
    const struct spend_facts spends[] = {
        {.tenant_id = "", .user_id = "", .endpoint = "gone", .ended_ago_ms = 1000, .micros = 70},
        {.tenant_id = "acme", .user_id = "", .endpoint = "", .ended_ago_ms = 1000, .micros = 7}};
    struct bench b;
    open_bench(&b, chain());
    b.now = instant_plus_ms(b.now, 1000000);
    take_over(&b, 1,
              (struct past){.calls = &call,
                            .call_count = 1,
                            .spends = spends,
                            .spend_count = 2,
                            .ended = ends,
                            .ended_count = 8});
    struct endpoint_figures figures = main_endpoint(&b);
    assert_int_equal(figures.breaker, BREAKER_CLOSED);
    assert_int_equal(figures.used[LIMIT_REQUESTS], 0);
    assert_int_equal(figures.used[LIMIT_MONEY], 0);
    close_bench(&b);
}

static struct explanation told(struct bench *b, const char *id)
{
    struct event event = {.kind = EVENT_WAITING_ASK};
    strcpy(event.waiting.job_id, id);
    tell(b, event);
    return last(b, ACTION_EXPLAIN)->explain.told;
}

static void rule_5_money_is_counted_with_whom_it_was_spent(void **state)
{
    (void)state;
    const struct spend_facts spends[] = {
        {.tenant_id = "a", .user_id = "", .endpoint = "", .ended_ago_ms = 1000, .micros = 600},
        {.tenant_id = "", .user_id = "", .endpoint = "e", .ended_ago_ms = 1000, .micros = 70}};
    struct scheduler_config config = chain();
    strcpy(config.endpoints[0].name, "e");
    config.endpoints[0].prompt_nanos = 1000;
    config.tenant_limits.micros_per_day = 600;
    struct bench b;
    open_bench(&b, config);
    take_over(&b, 1, (struct past){.spends = spends, .spend_count = 2});
    assert_int_equal(main_endpoint(&b).used[LIMIT_MONEY], 70);
    struct chunk_facts chunk = ready(0);
    struct job_facts job = {.job_id = job_id(1),
                            .tenant_id = "a",
                            .user_id = "ann",
                            .service_class = CLASS_STANDARD,
                            .chunks = &chunk,
                            .chunk_count = 1};
    struct event event = {.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}};
    tell(&b, event);
    assert_int_equal(b.item_count, 0); /* all it may spend is spent */
    assert_int_equal(told(&b, job_id(1)).limit, LIMIT_MONEY);
    assert_int_equal(told(&b, job_id(1)).scope, SCOPE_TENANT);
    job.job_id = job_id(2);
    job.tenant_id = "b";
    tell(&b, event);
    assert_int_equal(b.item_count, 1);
    close_bench(&b);
    config.endpoint_count = 0; /* then there is one without a name: "" does not mean it */
    open_bench(&b, config);
    take_over(&b, 1, (struct past){.spends = spends, .spend_count = 1});
    assert_int_equal(main_endpoint(&b).used[LIMIT_MONEY], 0);
    close_bench(&b);
}

static void end_with(struct bench *b, struct attempt_id id, uint32_t tokens)
{
    tell(b, (struct event){.kind = EVENT_OUTCOME,
                           .outcome = {.id = id,
                                       .was_called = true,
                                       .is_usage_known = true,
                                       .prompt_tokens = tokens,
                                       .server_limits = {-1, -1, -1, -1, -1, -1}}});
}

/* The second epoch knows nothing of what the first had gathered. */
static void rule_5_each_old_call_is_settled_by_its_own_outcome(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, chain());
    b.now = instant_plus_ms(b.now, 1000000);
    struct chunk_facts chunks[2] = {ready(0), ready(1)};
    for (uint32_t i = 0; i < 2; i++) {
        chunks[i].status = CHUNK_IN_FLIGHT;
        chunks[i].attempt = 2 - i;
        chunks[i].lane = i;
        chunks[i].lease_left_ms = 30000;
    }
    const struct attempt_id ids[] = {attempt_of(1, 0, 2), attempt_of(1, 1, 1)};
    struct job_facts job = {.job_id = ids[0].job_id,
                            .tenant_id = "acme",
                            .user_id = "ann",
                            .service_class = CLASS_STANDARD,
                            .status = JOB_PROCESSING,
                            .event_number = 1,
                            .chunks = chunks,
                            .chunk_count = 2};
    const struct call_facts calls[] = {
        running(attempt_of(1, 0, 1), 1000, 20000), running(attempt_of(2, 0, 2), 16000, 20000),
        running(ids[0], 4000, 20000), running(attempt_of(2, 1, 1), 8000, 20000),
        running(ids[1], 2000, 20000)};
    const struct ended_call timed_out = ended(OUTCOME_TIMEOUT, 1000);
    const struct past past = {.jobs = &job,
                              .job_count = 1,
                              .calls = calls,
                              .call_count = 5,
                              .ended = &timed_out,
                              .ended_count = 1};
    for (uint64_t epoch = 1; epoch <= 2; epoch++) {
        take_over(&b, epoch, past);
        assert_int_equal(main_endpoint(&b).used[LIMIT_TOKENS], 31000);
        assert_int_equal(main_endpoint(&b).used[LIMIT_IN_FLIGHT], 2);
        end_with(&b, ids[0], 300);
        assert_int_equal(main_endpoint(&b).used[LIMIT_TOKENS], 27300);
        end_with(&b, ids[1], 40);
        assert_int_equal(main_endpoint(&b).used[LIMIT_TOKENS], 25340);
        assert_int_equal(main_endpoint(&b).used[LIMIT_IN_FLIGHT], 0);
        assert_int_equal(main_endpoint(&b).breaker, BREAKER_CLOSED);
    }
    close_bench(&b);
}

/* What this leader has not charged it does not put right: the tenant would pay for it alone. */
static void rule_3_a_call_of_an_older_epoch_is_not_charged_to_its_tenant(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, chain());
    struct chunk_facts chunk = ready(0);
    chunk.status = CHUNK_IN_FLIGHT;
    chunk.attempt = 1;
    chunk.lease_left_ms = 30000;
    struct job_facts job = {.job_id = job_id(1),
                            .tenant_id = "acme",
                            .user_id = "zoe",
                            .service_class = CLASS_STANDARD,
                            .status = JOB_PROCESSING,
                            .chunks = &chunk,
                            .chunk_count = 1};
    struct call_facts call = running(attempt_of(1, 0, 1), 4000, 20000);
    take_over(&b, 3, (struct past){.jobs = &job, .job_count = 1, .calls = &call, .call_count = 1});
    come(&b, 2, "acme", "ann"); /* asked for; the others wait for the next batch */
    come(&b, 3, "other", "bob");
    come(&b, 4, "other", "cem");
    come(&b, 5, "acme", "dan");
    come(&b, 6, "other", "eve");
    come(&b, 7, "other", "fay");
    end_with(&b, attempt_of(1, 0, 1), 10000000);
    struct batch_answer answer = granted(&b.items[0], 1);
    tell(&b,
         (struct event){
             .kind = EVENT_BATCH,
             .is_answered = true,
             .batch = {.epoch = 3, .sequence = b.sequence, .answers = &answer, .answer_count = 1}});
    size_t place = 0;
    while (strcmp(b.items[place].id.job_id, job_id(5)) != 0)
        assert_true(++place < b.item_count);
    assert_true(place <= 2); /* they take turns */
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_5_a_call_that_may_begin_after_the_takeover_counts_from_it),
        cmocka_unit_test(rule_7_calls_that_never_left_tell_that_an_endpoint_fails),
        cmocka_unit_test(rule_7_calls_that_never_left_do_not_tell_that_it_works),
        cmocka_unit_test(rule_7_a_probe_decides_after_a_takeover_too),
        cmocka_unit_test(rule_7_a_breaker_that_has_failed_its_probes_for_hours_is_still_open),
        cmocka_unit_test(rule_7_an_opening_of_long_ago_is_known_until_a_probe_worked),
        cmocka_unit_test(rule_7_a_breaker_is_open_from_when_it_opened),
        cmocka_unit_test(rules_5_and_7_an_endpoint_that_is_gone_counts_for_nothing),
        cmocka_unit_test(rule_5_money_is_counted_with_whom_it_was_spent),
        cmocka_unit_test(rule_5_each_old_call_is_settled_by_its_own_outcome),
        cmocka_unit_test(rule_3_a_call_of_an_older_epoch_is_not_charged_to_its_tenant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
