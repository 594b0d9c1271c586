/* Rule 7: what heals waits for an endpoint, and is done by nothing else. */
#include "chain_for_test.h"

static void answer_heal(struct bench *b, uint32_t posts, bool has_more)
{
    tell(b, (struct event){.kind = EVENT_HEALING,
                           .is_answered = true,
                           .healing = {.epoch = 1, .posts = posts, .has_more = has_more}});
}

static void rule_7_healing_is_asked_for_until_there_is_nothing_left(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    pass(&b, 10); /* after a takeover it is not known: asked for when it began to lead */
    answer_heal(&b, 40, true);
    hush(&b);
    pass(&b, b.config.heal_ms);
    assert_int_equal(said(&b, ACTION_ASK_HEAL), 1);
    answer_heal(&b, 0, false);
    hush(&b);
    pass(&b, 3 * b.config.heal_ms);
    assert_int_equal(said(&b, ACTION_ASK_HEAL), 0);
    close_bench(&b);
}

static void rule_7_healing_waits_until_an_endpoint_may_be_called(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    answer_heal(&b, 0, false);
    break_it(&b, 1);
    submit(&b, 10, "ann", 1);
    grant_all(&b); /* degraded */
    struct chunk_facts chunk = done(0);
    happen(&b, 10, "ann", 2, JOB_COMPLETED, &chunk);
    hush(&b);
    pass(&b, b.config.breaker_open_ms - 2000);
    assert_int_equal(said(&b, ACTION_ASK_HEAL), 0);
    pass(&b, b.config.heal_ms + 2000);
    assert_int_equal(said(&b, ACTION_ASK_HEAL), 1);
    close_bench(&b);
}

static void rule_7_a_healing_job_waits_for_an_endpoint_and_holds_up_nobody(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    break_it(&b, 1);
    submit_healing(&b, 20, ready(0));
    assert_int_equal(b.item_count, 0);
    assert_int_equal(told(&b, 20).reason, WAITING_ENDPOINT);
    submit(&b, 21, "ann", 1);
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    grant_all(&b);
    hush(&b);
    pass(&b, b.config.breaker_open_ms / 2);
    hush(&b);
    pass(&b, b.config.breaker_open_ms / 2 + 3000);
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].mode, MODE_LLM); /* the probe */
    close_bench(&b);
}

static void rule_7_a_healing_job_is_never_done_by_the_embedded_analysis(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    struct chunk_facts chunk = ready(0);
    chunk.open_posts = 1;
    chunk.tries = 3; /* of anybody else's the last resort would be due */
    chunk.attempt = 3;
    chunk.last_class = OUTCOME_BAD_REQUEST;
    submit_healing(&b, 20, chunk);
    for (int minute = 0; minute < 61; minute++) {
        assert_int_equal(b.item_count, minute < 60 ? 0 : 1);
        for (int i = 0; i < 4; i++) {
            pass(&b, 15000);
            hush(&b);
        }
    }
    assert_int_equal(b.items[0].mode, MODE_LLM);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_7_healing_is_asked_for_until_there_is_nothing_left),
        cmocka_unit_test(rule_7_healing_waits_until_an_endpoint_may_be_called),
        cmocka_unit_test(rule_7_a_healing_job_waits_for_an_endpoint_and_holds_up_nobody),
        cmocka_unit_test(rule_7_a_healing_job_is_never_done_by_the_embedded_analysis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
