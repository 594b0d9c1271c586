/* Rules 5 and 7: which of several endpoints is called, or waited for when none may be called now.
 */
#include "chain_for_test.h"

enum { HELD = -1, BROKEN = 0 }; /* else: paused for so many ms */

/* A job whose call ends with the endpoint in that state. */
static void end_with(struct bench *b, int job, int32_t state)
{
    submit(b, job, "probe", 1);
    assert_int_equal(grant_all(b), 1);
    assert_int_equal(ask_now(b, attempt_of(job, 0, 1), "hands"), 1);
    if (state == BROKEN)
        hear(b, attempt_of(job, 0, 1), OUTCOME_QUOTA_EXHAUSTED, 0);
    else
        hear(b, attempt_of(job, 0, 1), OUTCOME_RATE_LIMITED, (uint32_t)state);
    struct chunk_facts chunk = done(0);
    happen(b, job, "probe", 2, JOB_COMPLETED, &chunk);
}

/* The spare one first, a second before the main one. */
static void bring_down(struct bench *b, int32_t main_state, int32_t spare_state)
{
    control(b, SCOPE_ENDPOINT, "main", CONTROL_HELD, 1);
    if (spare_state == HELD)
        control(b, SCOPE_ENDPOINT, "spare", CONTROL_HELD, 2);
    else
        end_with(b, 101, spare_state);
    pass(b, 1000);
    if (main_state == HELD)
        return;
    control(b, SCOPE_ENDPOINT, "main", CONTROL_OPEN, 3);
    end_with(b, 102, main_state);
}

static void rule_7_who_waits_for_the_endpoint_that_comes_back_is_told_of_it(void **state)
{
    (void)state;
    const struct {
        int32_t main_state, spare_state;
        enum waiting_reason reason;
        const char *name;
        uint32_t retry_in_ms;
    } cases[] = {
        /* room is waited for before an endpoint that cannot be called at all */
        {BROKEN, 300000, WAITING_PAUSE, "spare", 299000},
        {300000, BROKEN, WAITING_PAUSE, "main", 300000},
        {300000, HELD, WAITING_PAUSE, "main", 300000},
        {HELD, 300000, WAITING_PAUSE, "spare", 299000},
        /* of two that have none, or cannot be called: the one that comes back first */
        {300000, 200000, WAITING_PAUSE, "spare", 199000},
        {200000, 300000, WAITING_PAUSE, "main", 200000},
        {200000, 201000, WAITING_PAUSE, "main", 200000},
        {BROKEN, BROKEN, WAITING_ENDPOINT, "spare", 59000},
        {HELD, BROKEN, WAITING_ENDPOINT, "spare", 59000},
        {BROKEN, HELD, WAITING_ENDPOINT, "main", 60000},
        {HELD, HELD, WAITING_ENDPOINT_HELD, "main", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scheduler_config config = chain_of(2);
        config.has_fallback = false;
        struct bench b;
        begin(&b, config);
        bring_down(&b, cases[i].main_state, cases[i].spare_state);
        submit(&b, 1, "ann", 1);
        assert_int_equal(b.item_count, 0);
        struct explanation why = told(&b, 1);
        assert_int_equal(why.reason, cases[i].reason);
        assert_string_equal(why.scope_name, cases[i].name);
        assert_int_equal(why.retry_in_ms, cases[i].retry_in_ms);
        close_bench(&b);
    }
}

static void rule_5_a_pause_of_a_minute_is_waited_for_and_a_longer_one_passed_over(void **state)
{
    (void)state;
    for (int is_long = 0; is_long < 2; is_long++) {
        struct bench b;
        begin(&b, chain_of(2));
        end_with(&b, 101, 65000 + is_long);
        submit(&b, 1, "ann", 1);
        assert_int_equal(b.item_count, is_long);
        if (is_long)
            assert_string_equal(b.items[0].endpoint, "spare");
        else
            assert_int_equal(told(&b, 1).retry_in_ms, 65000);
        close_bench(&b);
    }
}

static void rule_7_what_waits_for_its_permit_is_taken_back_when_its_endpoint_is_held(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(2));
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    control(&b, SCOPE_ENDPOINT, "spare", CONTROL_HELD, 1); /* which is not its */
    assert_int_equal(b.item_count, 0);
    control(&b, SCOPE_ENDPOINT, "main", CONTROL_HELD, 2);
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].operation, BATCH_RELEASE);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_7_who_waits_for_the_endpoint_that_comes_back_is_told_of_it),
        cmocka_unit_test(rule_5_a_pause_of_a_minute_is_waited_for_and_a_longer_one_passed_over),
        cmocka_unit_test(rule_7_what_waits_for_its_permit_is_taken_back_when_its_endpoint_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
