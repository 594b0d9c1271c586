/* Rule 7: when the store is asked to heal what was done for want of an endpoint. */
#include "bench_for_test.h"

enum { HEAL_MS = 5000, LEASE_MS = 100000 };

/* Nothing else wakes the core or is asked for by it meanwhile. */
static void begin(struct bench *b)
{
    struct scheduler_config config = config_with(10);
    config.endpoint_count = 1;
    strcpy(config.endpoints[0].name, "main");
    config.lead_lease_ms = config.reread_ms = LEASE_MS;
    config.heal_ms = HEAL_MS;
    open_bench(b, config);
    tell(b, (struct event){.kind = EVENT_TIME});
    renew(b, 1);
    beat(b, 100);
    answer_snapshot(b, 1, NULL, 0);
    assert_int_equal(said(b, ACTION_ASK_HEAL), 1); /* who led before may know of something */
    assert_int_equal(last(b, ACTION_ASK_HEAL)->most_posts, 1000);
    hush(b);
}

static void answer_of(struct bench *b, uint64_t epoch, uint32_t posts, bool has_more)
{
    tell(b, (struct event){.kind = EVENT_HEALING,
                           .is_answered = true,
                           .healing = {.epoch = epoch, .posts = posts, .has_more = has_more}});
}

static int64_t wakes_in_ms(const struct bench *b)
{
    return instant_ms_between(b->now, scheduler_next_wake(b->core));
}

/* How often it asks until so much later, looked at each second. */
static size_t asks_within(struct bench *b, int64_t ms)
{
    hush(b);
    for (; ms > 0; ms -= 1000) {
        b->now = instant_plus_ms(b->now, 1000);
        beat(b, 100);
    }
    return said(b, ACTION_ASK_HEAL);
}

static void rule_7_healing_goes_on_while_posts_come_or_are_left(void **state)
{
    (void)state;
    struct bench b;
    begin(&b);
    assert_int_equal(asks_within(&b, 2 * HEAL_MS), 0); /* one answer is awaited at a time */
    static const struct {
        uint32_t posts;
        bool has_more;
    } answers[] = {{40, true}, {0, true}, {7, false}};
    for (size_t i = 0; i < 3; i++) {
        answer_of(&b, 1, answers[i].posts, answers[i].has_more);
        assert_int_equal(wakes_in_ms(&b), HEAL_MS);
        assert_int_equal(asks_within(&b, HEAL_MS - 1000), 0);
        assert_int_equal(asks_within(&b, 1000), 1);
    }
    answer_of(&b, 1, 0, false);
    assert_true(wakes_in_ms(&b) > HEAL_MS);
    assert_int_equal(asks_within(&b, 2 * HEAL_MS), 0);
    struct scheduler_figures figures;
    scheduler_figures(b.core, &figures);
    assert_int_equal(figures.healed_posts, 47);
    close_bench(&b);
}

static void rule_7_healing_without_an_answer_is_asked_for_again(void **state)
{
    (void)state;
    struct bench b;
    begin(&b);
    answer_of(&b, 2, 0, false); /* of another epoch */
    assert_int_equal(asks_within(&b, 2 * HEAL_MS), 0);
    tell(&b, (struct event){.kind = EVENT_HEALING, .healing.epoch = 1});
    assert_int_equal(asks_within(&b, HEAL_MS), 1);
    close_bench(&b);
}

static void
rule_7_what_is_done_without_an_endpoint_while_healing_is_asked_for_is_not_missed(void **state)
{
    (void)state;
    for (int is_degraded = 0; is_degraded < 2; is_degraded++) {
        struct bench b;
        begin(&b);
        struct control_facts reduced = {.scope = SCOPE_SYSTEM,
                                        .tenant_id = "",
                                        .name = "",
                                        .message = "",
                                        .state = is_degraded ? CONTROL_REDUCED : CONTROL_OPEN,
                                        .version = 1};
        tell(&b, (struct event){.kind = EVENT_CONTROL, .control = &reduced});
        submit(&b, 1, "ann", 1);
        assert_int_equal(b.items[0].is_degraded, is_degraded);
        grant_all(&b);
        outcome(&b, attempt_of(1, 0, 1));
        struct chunk_facts chunk = done(0);
        chunk.mode = is_degraded ? MODE_EMBEDDED : MODE_LLM;
        happen(&b, 1, "ann", 2, JOB_COMPLETED, &chunk);
        answer_of(&b, 1, 0, false); /* it may not have known */
        assert_int_equal(asks_within(&b, 2 * HEAL_MS), 0);
        reduced.state = CONTROL_OPEN;
        reduced.version = 2;
        tell(&b, (struct event){.kind = EVENT_CONTROL, .control = &reduced});
        assert_int_equal(asks_within(&b, HEAL_MS), is_degraded);
        close_bench(&b);
    }
}

static void rule_7_who_leaves_or_has_lost_the_lead_does_not_heal(void **state)
{
    (void)state;
    struct bench b;
    begin(&b);
    answer_of(&b, 1, 40, true);
    b.now = instant_plus_ms(b.now, LEASE_MS);
    hush(&b);
    tell(&b, (struct event){.kind = EVENT_TIME});
    assert_int_equal(said(&b, ACTION_ASK_HEAL), 0);
    renew(&b, 1);
    assert_int_equal(said(&b, ACTION_ASK_HEAL), 1);
    answer_of(&b, 1, 40, true);
    submit(&b, 1, "ann", 1); /* leaving waits for the answer to its grant */
    assert_int_equal(b.item_count, 0);
    beat(&b, 100);
    assert_int_equal(b.item_count, 1);
    tell(&b, (struct event){.kind = EVENT_LEAVE});
    assert_int_equal(asks_within(&b, 2 * HEAL_MS), 0);
    assert_true(wakes_in_ms(&b) > 0); /* not for it */
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_7_healing_goes_on_while_posts_come_or_are_left),
        cmocka_unit_test(rule_7_healing_without_an_answer_is_asked_for_again),
        cmocka_unit_test(
            rule_7_what_is_done_without_an_endpoint_while_healing_is_asked_for_is_not_missed),
        cmocka_unit_test(rule_7_who_leaves_or_has_lost_the_lead_does_not_heal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
