/* Rules 5 and 7 through the whole core: what the outcome of a call teaches of its endpoint. */
#include "chain_for_test.h"

static const struct server_limits SILENT = {-1, -1, -1, -1, -1, -1};

static struct endpoint_figures figures_of(const struct bench *b)
{
    struct scheduler_figures figures;
    scheduler_figures(b->core, &figures);
    return figures.endpoints[0];
}

static void grant(struct bench *b, int job)
{
    char user[16];
    snprintf(user, sizeof(user), "u%d", job);
    submit(b, job, user, 1);
    assert_int_equal(grant_all(b), 1);
}

/* A call that ends like that; of its 2,800 tokens it uses 2,000. */
static void call(struct bench *b, int job, enum outcome_class class, uint32_t retry_after_ms,
                 struct server_limits limits)
{
    grant(b, job);
    assert_int_equal(ask_now(b, attempt_of(job, 0, 1), "hands"), 1);
    tell(b, (struct event){.kind = EVENT_OUTCOME,
                           .outcome = {.id = attempt_of(job, 0, 1),
                                       .outcome_class = class,
                                       .was_called = true,
                                       .is_usage_known = class == OUTCOME_NONE,
                                       .prompt_tokens = 2000,
                                       .retry_after_ms = retry_after_ms,
                                       .server_limits = limits}});
    struct chunk_facts chunk = done(0);
    char user[16];
    snprintf(user, sizeof(user), "u%d", job);
    happen(b, job, user, 2, JOB_COMPLETED, &chunk);
}

static void rule_5_a_shadow_limit_is_no_ceiling_of_what_is_learned(void **state)
{
    (void)state;
    for (int is_shadow = 0; is_shadow < 2; is_shadow++) {
        struct scheduler_config config = chain_of(1);
        config.endpoints[0].limits = (struct limits){
            .requests_per_minute = 10, .tokens_per_minute = 3000, .is_shadow = is_shadow};
        struct bench b;
        begin(&b, config);
        struct server_limits limits = SILENT;
        limits.requests = 2000;
        call(&b, 1, OUTCOME_RATE_LIMITED, 1, limits);
        /* a quarter less than what is likely, which is 40; or than the ceiling */
        assert_int_equal(figures_of(&b).limits[LIMIT_REQUESTS], is_shadow ? 10 : 7);
        close_bench(&b);
    }
}

static void rule_5_what_is_learned_without_a_ceiling_is_told_as_it_is(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    assert_int_equal(figures_of(&b).limits[LIMIT_REQUESTS], 0);
    call(&b, 1, OUTCOME_RATE_LIMITED, 1, SILENT);
    assert_int_equal(figures_of(&b).limits[LIMIT_REQUESTS], 30);
    assert_int_equal(figures_of(&b).limits[LIMIT_TOKENS], 0);
    close_bench(&b);
    struct scheduler_config config = chain_of(1);
    config.endpoints[0].limits = (struct limits){.requests_per_minute = 1, .calls_in_flight = 1};
    begin(&b, config);
    assert_int_equal(figures_of(&b).limits[LIMIT_REQUESTS], 1);
    assert_int_equal(figures_of(&b).limits[LIMIT_IN_FLIGHT], 1);
    call(&b, 1, OUTCOME_RATE_LIMITED, 1, SILENT); /* it never learns less than one */
    assert_int_equal(figures_of(&b).limits[LIMIT_REQUESTS], 1);
    close_bench(&b);
}

static void rule_5_a_shadow_limit_of_tokens_is_no_ceiling_either(void **state)
{
    (void)state;
    for (int is_shadow = 0; is_shadow < 2; is_shadow++) {
        struct scheduler_config config = chain_of(1);
        config.endpoints[0].limits =
            (struct limits){.tokens_per_minute = 20, .is_shadow = is_shadow};
        struct bench b;
        begin(&b, config);
        struct server_limits limits = SILENT;
        limits.tokens_left = 0;
        call(&b, 1, OUTCOME_RATE_LIMITED, 1, limits);
        assert_int_equal(figures_of(&b).limits[LIMIT_TOKENS], is_shadow ? 20 : 15);
        close_bench(&b);
    }
}

static void rule_5_only_success_raises_what_was_learned(void **state)
{
    (void)state;
    const struct {
        enum outcome_class class;
        bool raises;
    } cases[] = {{OUTCOME_NONE, true},
                 {OUTCOME_INVALID_ANSWER, true}, /* the endpoint did answer */
                 {OUTCOME_CONNECTION, false},
                 {OUTCOME_SERVER_ERROR, false},
                 {OUTCOME_ABORTED, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench b;
        begin(&b, chain_of(1));
        call(&b, 1, OUTCOME_RATE_LIMITED, 1, SILENT);
        for (int k = 0; k < 20; k++) {
            pass(&b, 1000);
            hush(&b);
        }
        assert_int_equal(figures_of(&b).limits[LIMIT_REQUESTS], 30);
        for (int job = 2; job < 20; job++) {
            call(&b, job, cases[i].class, 0, SILENT);
            if (figures_of(&b).breaker != BREAKER_CLOSED)
                break;
            pass(&b, 1000);
            hush(&b);
        }
        if (cases[i].raises)
            assert_true(figures_of(&b).limits[LIMIT_REQUESTS] > 30);
        else
            assert_int_equal(figures_of(&b).limits[LIMIT_REQUESTS], 30);
        close_bench(&b);
    }
}

static void rule_5_an_endpoint_rests_as_long_as_its_server_asks_for(void **state)
{
    (void)state;
    const struct {
        enum outcome_class class;
        uint32_t retry_after_ms;
        int64_t left, reset_ms, held_ms;
    } cases[] = {
        {OUTCOME_RATE_LIMITED, 0, 0, 5000, 5000},
        {OUTCOME_RATE_LIMITED, 1, 0, 5000, 1}, /* what it asks for is nearer the truth */
        {OUTCOME_RATE_LIMITED, 0, 3, 5000, 0},
        {OUTCOME_SERVER_ERROR, 7000, 0, 5000, 7000},
        {OUTCOME_SERVER_ERROR, 0, 0, 5000, 0}, /* not for want of room */
        {OUTCOME_INVALID_ANSWER, 7000, 0, 5000, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench b;
        begin(&b, chain_of(1));
        struct server_limits limits = SILENT;
        limits.requests_left = cases[i].left;
        limits.requests_reset_ms = cases[i].reset_ms;
        call(&b, 1, cases[i].class, cases[i].retry_after_ms, limits);
        assert_int_equal(figures_of(&b).held_ms, cases[i].held_ms);
        close_bench(&b);
    }
}

static void rule_5_who_has_a_grant_waits_for_the_pause_to_end(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    grant(&b, 2);
    call(&b, 1, OUTCOME_RATE_LIMITED, 500, SILENT);
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 0);
    struct explanation why = told(&b, 2);
    assert_int_equal(why.reason, WAITING_PAUSE);
    assert_int_equal(why.scope, SCOPE_ENDPOINT);
    assert_int_equal(why.limit, LIMIT_NONE);
    assert_int_equal(why.retry_in_ms, 500);
    assert_int_equal(instant_ms_between(b.now, scheduler_next_wake(b.core)), 500);
    b.now = instant_plus_ms(b.now, 500);
    tell(&b, (struct event){.kind = EVENT_TIME});
    assert_true(last(&b, ACTION_ANSWER)->answer.is_permitted);
    close_bench(&b);
}

/* Of a grant all of which was cached, or that never left. */
static void end_uncalled(struct bench *b, int job, enum outcome_class class)
{
    grant(b, job);
    tell(b, (struct event){.kind = EVENT_OUTCOME,
                           .outcome = {.id = attempt_of(job, 0, 1),
                                       .outcome_class = class,
                                       .server_limits = SILENT}});
}

static void rule_7_what_was_not_called_tells_only_that_nobody_is_there(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    for (int i = 0; i < 10; i++)
        end_uncalled(&b, 1 + i, OUTCOME_NONE);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(figures_of(&b).breaker, BREAKER_CLOSED);
        end_uncalled(&b, 20 + i, OUTCOME_CONNECTION);
    }
    assert_int_equal(figures_of(&b).breaker, BREAKER_OPEN);
    close_bench(&b);
    begin(&b, chain_of(1));
    end_uncalled(&b, 1, OUTCOME_AUTH);
    assert_int_equal(figures_of(&b).breaker, BREAKER_OPEN);
    close_bench(&b);
}

static void rule_7_a_probe_that_has_ended_makes_no_room_for_another(void **state)
{
    (void)state;
    struct scheduler_config config = chain_of(1);
    config.breaker_open_ms = 5000;
    struct bench b;
    begin(&b, config);
    break_it(&b, 1);
    pass(&b, config.breaker_open_ms);
    grant(&b, 10); /* the first probe */
    assert_int_equal(ask_now(&b, attempt_of(10, 0, 1), "hands"), 1);
    hear(&b, attempt_of(10, 0, 1), OUTCOME_TIMEOUT, 0);
    pass(&b, config.breaker_open_ms);
    submit(&b, 11, "bob", 1);
    assert_int_equal(b.items[0].mode, MODE_LLM); /* the second */
    grant_all(&b);
    struct chunk_facts chunk = done(0);
    happen(&b, 10, "u10", 2, JOB_COMPLETED, &chunk); /* the commit of the first is late */
    submit(&b, 12, "cem", 1);
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    close_bench(&b);
}

static void rule_5_an_outcome_without_a_permit_leaves_nothing_booked(void **state)
{
    (void)state;
    struct scheduler_config config = chain_of(1);
    config.endpoints[0].limits.tokens_per_minute = 2800;
    struct bench b;
    begin(&b, config);
    end_uncalled(&b, 1, OUTCOME_ABORTED);
    submit(&b, 2, "bob", 1);
    assert_int_equal(b.item_count, 1);
    assert_string_equal(b.items[0].endpoint, "main");
    close_bench(&b);
}

static void rule_7_each_of_a_chain_of_eight_is_called(void **state)
{
    (void)state;
    struct scheduler_config config = config_with(20);
    config.endpoint_count = MOST_ENDPOINTS;
    config.breaker_open_ms = 20000;
    for (uint32_t i = 0; i < MOST_ENDPOINTS; i++)
        snprintf(config.endpoints[i].name, ENDPOINT_NAME_SIZE, "number %u", i);
    struct bench b;
    begin(&b, config);
    for (int i = 0; i < MOST_ENDPOINTS; i++) {
        submit(&b, i + 1, "ann", 1);
        assert_string_equal(b.items[0].endpoint, config.endpoints[i].name);
        grant_all(&b);
        assert_int_equal(ask_now(&b, attempt_of(i + 1, 0, 1), "hands"), 1);
        hear(&b, attempt_of(i + 1, 0, 1), OUTCOME_AUTH, 0);
        struct chunk_facts chunk = done(0);
        happen(&b, i + 1, "ann", 2, JOB_COMPLETED, &chunk);
    }
    submit(&b, 20, "ann", 1);
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    grant_all(&b);
    outcome(&b, attempt_of(20, 0, 1));
    struct scheduler_figures figures;
    scheduler_figures(b.core, &figures);
    assert_int_equal(figures.endpoint_count, MOST_ENDPOINTS);
    for (uint32_t i = 0; i < MOST_ENDPOINTS; i++) {
        assert_string_equal(figures.endpoints[i].name, config.endpoints[i].name);
        assert_int_equal(figures.endpoints[i].breaker, BREAKER_OPEN);
        assert_int_equal(figures.endpoints[i].breaker_openings, 1);
    }
    pass(&b, 20000);
    scheduler_figures(b.core, &figures);
    for (uint32_t i = 0; i < MOST_ENDPOINTS; i++)
        assert_int_equal(figures.endpoints[i].breaker, BREAKER_HALF_OPEN);
    close_bench(&b);
}

static void rule_5_tokens_are_learned_from_those_that_were_not_refused(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    call(&b, 1, OUTCOME_NONE, 0, SILENT);
    struct server_limits limits = SILENT;
    limits.tokens_left = 0;
    call(&b, 2, OUTCOME_RATE_LIMITED, 1, limits);
    assert_int_equal(figures_of(&b).limits[LIMIT_TOKENS], 2000 * 4 * 3 / 4);
    assert_int_equal(figures_of(&b).limits[LIMIT_REQUESTS], 0);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_5_a_shadow_limit_is_no_ceiling_of_what_is_learned),
        cmocka_unit_test(rule_5_a_shadow_limit_of_tokens_is_no_ceiling_either),
        cmocka_unit_test(rule_5_what_is_learned_without_a_ceiling_is_told_as_it_is),
        cmocka_unit_test(rule_5_only_success_raises_what_was_learned),
        cmocka_unit_test(rule_5_an_endpoint_rests_as_long_as_its_server_asks_for),
        cmocka_unit_test(rule_5_who_has_a_grant_waits_for_the_pause_to_end),
        cmocka_unit_test(rule_5_an_outcome_without_a_permit_leaves_nothing_booked),
        cmocka_unit_test(rule_7_what_was_not_called_tells_only_that_nobody_is_there),
        cmocka_unit_test(rule_7_a_probe_that_has_ended_makes_no_room_for_another),
        cmocka_unit_test(rule_7_each_of_a_chain_of_eight_is_called),
        cmocka_unit_test(rule_5_tokens_are_learned_from_those_that_were_not_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
