/* Rule 12, of what there is no room for: it is told as long as it is missing, and no longer, to
 * those who wait behind it, too. */
#include "bench_for_test.h"

/* Beside its text a call of one post takes so many tokens (rule 5). */
enum {
    BESIDE_TEXT = 600 + 120,
    LIMIT = 20000,
    LARGE = 15000,
    TOO_MUCH = 6000,
    SMALL = 2000,
    TINY = 900
};

static struct explanation told(struct bench *b, int job)
{
    struct event event = {.kind = EVENT_WAITING_ASK};
    strcpy(event.waiting.job_id, job_id(job));
    hush(b);
    tell(b, event);
    return last(b, ACTION_EXPLAIN)->explain.told;
}

static void begin(struct bench *b, struct limits endpoint, struct limits tenant)
{
    struct scheduler_config config = config_with(10);
    config.endpoint_count = 1;
    strcpy(config.endpoints[0].name, "main");
    config.endpoints[0].limits = endpoint;
    config.tenant_limits = tenant;
    config.lead_lease_ms = config.reread_ms = config.heal_ms = 100000;
    open_bench(b, config);
    lead(b);
    beat(b, 10);
}

static void submit_tokens(struct bench *b, int number, const char *user, uint32_t tokens)
{
    struct chunk_facts chunk = {.version = 1, .open_posts = 1, .text_bytes = tokens - BESIDE_TEXT};
    struct job_facts job = {.job_id = job_id(number),
                            .tenant_id = "acme",
                            .user_id = user,
                            .service_class = CLASS_STANDARD,
                            .chunks = &chunk,
                            .chunk_count = 1};
    hush(b);
    tell(b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
}

static void call(struct bench *b, int job)
{
    while (grant_all(b) > 0)
        continue;
    assert_int_equal(ask_now(b, attempt_of(job, 0, 1), "hands"), 1);
}

static void limit_user(struct bench *b, const char *user, struct limits limits)
{
    struct control_facts control = {.scope = SCOPE_USER,
                                    .tenant_id = "acme",
                                    .name = user,
                                    .message = "",
                                    .has_limits = true,
                                    .limits = limits,
                                    .version = 1};
    tell(b, (struct event){.kind = EVENT_CONTROL, .control = &control});
}

static void assert_lacks(struct bench *b, int job, enum control_scope scope)
{
    struct explanation why = told(b, job);
    assert_int_equal(why.reason, WAITING_LIMIT);
    assert_int_equal(why.scope, scope);
    assert_int_equal(why.limit, LIMIT_TOKENS);
    assert_in_range(why.retry_in_ms, 1, 62000);
}

/* No slot is left, so nothing is looked at again; and the call before used next to nothing. */
static void room_comes_unseen(struct bench *b, int job)
{
    beat(b, 0);
    tell(b, (struct event){.kind = EVENT_OUTCOME,
                           .outcome = {.id = attempt_of(job, 0, 1),
                                       .was_called = true,
                                       .is_usage_known = true,
                                       .completion_tokens = 10}});
}

/* How much the call used is not known. */
static void use_all_that_was_booked(struct bench *b, int job)
{
    struct chunk_facts committed = done(0);
    tell(b, (struct event){.kind = EVENT_OUTCOME,
                           .outcome = {.id = attempt_of(job, 0, 1), .was_called = true}});
    happen(b, job, "ann", 2, JOB_COMPLETED, &committed);
}

static void rule_12_who_fits_behind_one_who_does_not_is_told_that_limit(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, (struct limits){.tokens_per_minute = LIMIT}, (struct limits){0});
    submit_tokens(&b, 1, "ann", LARGE);
    call(&b, 1);
    submit_tokens(&b, 2, "bob", TOO_MUCH);
    submit_tokens(&b, 3, "cem", SMALL);
    assert_int_equal(b.item_count, 0); /* it does not overtake */
    assert_lacks(&b, 2, SCOPE_ENDPOINT);
    assert_lacks(&b, 3, SCOPE_ENDPOINT);
    assert_string_equal(told(&b, 3).scope_name, "main");
    room_comes_unseen(&b, 1);
    assert_int_equal(told(&b, 2).reason, WAITING_ANALYZER);
    assert_int_equal(told(&b, 3).reason, WAITING_ANALYZER);
    close_bench(&b);
}

static void rule_12_the_limit_of_a_tenant_is_told_to_all_behind_who_does_not_fit(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, (struct limits){0}, (struct limits){.tokens_per_minute = LIMIT});
    submit_tokens(&b, 1, "ann", LARGE);
    call(&b, 1);
    submit_tokens(&b, 2, "bob", TOO_MUCH);
    submit_tokens(&b, 3, "cem", SMALL);
    assert_lacks(&b, 2, SCOPE_TENANT);
    assert_lacks(&b, 3, SCOPE_TENANT);
    room_comes_unseen(&b, 1);
    assert_int_equal(told(&b, 2).reason, WAITING_ANALYZER);
    assert_int_equal(told(&b, 3).reason, WAITING_ANALYZER);
    close_bench(&b);
}

static void
rule_12_the_limit_of_a_user_is_told_to_its_job_behind_one_that_does_not_fit(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, (struct limits){0}, (struct limits){0});
    limit_user(&b, "ann", (struct limits){.tokens_per_minute = LIMIT});
    submit_tokens(&b, 1, "ann", LARGE);
    call(&b, 1);
    use_all_that_was_booked(&b, 1);
    submit_tokens(&b, 2, "ann", TOO_MUCH);
    submit_tokens(&b, 3, "ann", SMALL);
    assert_lacks(&b, 2, SCOPE_USER);
    assert_lacks(&b, 3, SCOPE_USER);
    close_bench(&b);
}

/* The one that did not fit is gone, and what it wanted would still not fit. */
static void rule_12_what_nobody_wants_any_more_is_not_told(void **state)
{
    (void)state;
    const struct limits limits = {.tokens_per_minute = LIMIT};
    static const enum control_scope SCOPES[] = {SCOPE_ENDPOINT, SCOPE_TENANT, SCOPE_USER};
    for (int i = 0; i < 3; i++) {
        struct bench b;
        begin(&b, SCOPES[i] == SCOPE_ENDPOINT ? limits : (struct limits){0},
              SCOPES[i] == SCOPE_TENANT ? limits : (struct limits){0});
        if (SCOPES[i] == SCOPE_USER)
            limit_user(&b, "ann", limits);
        submit_tokens(&b, 1, "ann", LARGE);
        call(&b, 1);
        use_all_that_was_booked(&b, 1);
        submit_tokens(&b, 2, "ann", TOO_MUCH);
        submit_tokens(&b, 3, "ann", SMALL);
        assert_lacks(&b, 3, SCOPES[i]);
        beat(&b, 0);
        happen(&b, 2, "ann", 2, JOB_CANCELLED, NULL);
        b.now = instant_plus_ms(b.now, 1000);
        beat(&b, 0);
        assert_int_equal(told(&b, 3).reason, WAITING_ANALYZER);
        close_bench(&b);
    }
}

/* Nobody is looked at while an answer is awaited. */
static void rule_12_room_that_comes_while_others_are_granted_is_told(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, (struct limits){.tokens_per_minute = LIMIT}, (struct limits){0});
    submit_tokens(&b, 1, "ann", LARGE);
    call(&b, 1);
    submit_tokens(&b, 2, "bob", SMALL);
    static const char *const USERS[] = {"cem", "dan", "eve"};
    static const uint32_t TOKENS[] = {SMALL, TOO_MUCH, TINY};
    for (int i = 0; i < 3; i++)
        submit_tokens(&b, 3 + i, USERS[i], TOKENS[i]);
    grant_all(&b);
    assert_int_equal(b.item_count, 1); /* cem's; dan's does not fit, and eve's would */
    assert_lacks(&b, 5, SCOPE_ENDPOINT);
    tell(&b, (struct event){.kind = EVENT_OUTCOME,
                            .outcome = {.id = attempt_of(1, 0, 1),
                                        .was_called = true,
                                        .is_usage_known = true,
                                        .completion_tokens = 10}});
    assert_int_equal(told(&b, 5).reason, WAITING_OTHERS);
    close_bench(&b);
}

static void rule_12_who_is_being_granted_is_not_told_the_limit_it_uses_up(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, (struct limits){.requests_per_minute = 1}, (struct limits){0});
    submit_tokens(&b, 1, "ann", SMALL);
    assert_int_equal(b.item_count, 1);
    assert_int_equal(told(&b, 1).reason, WAITING_GRANT);
    close_bench(&b);
}

/* A split is no call. */
static void rule_12_who_is_being_split_is_told_no_limit(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, (struct limits){.requests_per_minute = 2}, (struct limits){0});
    submit_tokens(&b, 1, "ann", SMALL);
    call(&b, 1);
    submit_tokens(&b, 2, "bob", SMALL); /* the batch with its grant is not answered */
    assert_int_equal(b.item_count, 1);
    tell(&b, (struct event){.kind = EVENT_OUTCOME,
                            .outcome = {.id = attempt_of(1, 0, 1), .was_called = true}});
    struct chunk_facts worn = failed(1, 3);
    happen(&b, 1, "ann", 2, JOB_PROCESSING, &worn);
    assert_int_equal(told(&b, 1).reason, WAITING_OTHERS);
    close_bench(&b);
}

static void rule_12_who_needs_no_endpoint_is_told_no_limit(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, (struct limits){.requests_per_minute = 1}, (struct limits){0});
    submit_tokens(&b, 1, "ann", SMALL);
    call(&b, 1);
    beat(&b, 0);
    tell(&b, (struct event){.kind = EVENT_OUTCOME,
                            .outcome = {.id = attempt_of(1, 0, 1), .was_called = true}});
    struct chunk_facts worn = failed(1, 3);
    worn.open_posts = 1; /* its tries are used: the last resort is the embedded analysis */
    happen(&b, 1, "ann", 2, JOB_PROCESSING, &worn);
    assert_int_equal(told(&b, 1).reason, WAITING_ANALYZER);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_12_who_fits_behind_one_who_does_not_is_told_that_limit),
        cmocka_unit_test(rule_12_the_limit_of_a_tenant_is_told_to_all_behind_who_does_not_fit),
        cmocka_unit_test(
            rule_12_the_limit_of_a_user_is_told_to_its_job_behind_one_that_does_not_fit),
        cmocka_unit_test(rule_12_what_nobody_wants_any_more_is_not_told),
        cmocka_unit_test(rule_12_room_that_comes_while_others_are_granted_is_told),
        cmocka_unit_test(rule_12_who_is_being_granted_is_not_told_the_limit_it_uses_up),
        cmocka_unit_test(rule_12_who_is_being_split_is_told_no_limit),
        cmocka_unit_test(rule_12_who_needs_no_endpoint_is_told_no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
