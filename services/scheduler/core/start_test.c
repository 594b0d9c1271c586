/* What outlives a lead, and what the core is made with. */
#include "bench_for_test.h"

static struct event lease_of(uint64_t epoch)
{
    return (struct event){
        .kind = EVENT_LEASE, .is_answered = true, .lease = {.is_held = true, .epoch = epoch}};
}

static bool is_beginning(const struct bench *b, struct event event)
{
    return scheduler_is_beginning(b->core, &event);
}

static struct scheduler_figures figures_of(const struct bench *b)
{
    struct scheduler_figures figures;
    scheduler_figures(b->core, &figures);
    return figures;
}

/* These are told to operators as the defaults (docs/operating.md). */
static void the_defaults_are_those_of_the_manual(void **state)
{
    (void)state;
    const struct scheduler_config *d = &SCHEDULER_DEFAULTS;
    assert_int_equal(d->max_active_users, 10);
    const uint32_t weights[CLASSES] = {8, 4, 2, 1};
    assert_memory_equal(d->weights, weights, sizeof weights);
    assert_int_equal(d->lead_lease_ms, 2500);
    assert_int_equal(d->permit_life_ms, 1200);
    assert_int_equal(d->call_limit_ms, 30000);
    assert_int_equal(d->grant_wait_ms, 6000);
    assert_int_equal(d->republish_ms, 3000);
    assert_int_equal(d->reread_ms, 2000);
    assert_int_equal(d->reread_overlap_ms, 6000);
    assert_int_equal(d->silent_ms, 3500);
    assert_int_equal(d->user_burst, 1);
    assert_true(d->has_fallback && d->has_first_chunks_first);
    assert_int_equal(d->breaker_open_ms, 60000);
    assert_int_equal(d->breaker_percent, 50);
    assert_int_equal(d->breaker_calls, 20);
    assert_int_equal(d->heal_ms, 5000);
}

static void without_a_chain_there_is_one_endpoint_without_a_name(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    assert_int_equal(figures_of(&b).endpoint_count, 1);
    assert_string_equal(figures_of(&b).endpoints[0].name, "");
    close_bench(&b);
    close_bench(&b); /* which is no longer there */
}

static void rule_11_an_epoch_begins_with_a_lease_that_is_held_and_newer(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    tell(&b, (struct event){.kind = EVENT_TIME});
    assert_false(scheduler_is_in_epoch(b.core));
    struct event event = lease_of(1);
    assert_true(is_beginning(&b, event));
    event.is_answered = false;
    assert_false(is_beginning(&b, event));
    event = lease_of(1);
    event.lease.is_held = false;
    assert_false(is_beginning(&b, event));
    event = lease_of(1);
    event.kind = EVENT_TIME;
    assert_false(is_beginning(&b, event));
    renew(&b, 1);
    assert_true(scheduler_is_in_epoch(b.core));
    assert_false(is_beginning(&b, lease_of(1))); /* only renewed */
    answer_snapshot(&b, 1, NULL, 0);
    assert_true(scheduler_is_in_epoch(b.core));
    assert_false(is_beginning(&b, lease_of(1)));
    assert_true(is_beginning(&b, lease_of(2)));
    b.now = instant_plus_ms(b.now, 1);
    tell(&b, (struct event){
                 .kind = EVENT_LEASE, .is_answered = true, .lease = {.epoch = 5, .asked = b.now}});
    assert_false(scheduler_is_in_epoch(b.core)); /* another has it */
    assert_false(is_beginning(&b, lease_of(0)));
    assert_true(is_beginning(&b, lease_of(1))); /* the same, which nobody has had since */
    assert_true(is_beginning(&b, lease_of(5)));
    assert_true(is_beginning(&b, lease_of(6)));
    close_bench(&b);
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    tell(&b, (struct event){.kind = EVENT_LEAVE});
    assert_false(is_beginning(&b, lease_of(2)));
    close_bench(&b);
}

static void rule_10_each_class_is_counted(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    renew(&b, 1);
    answer_snapshot(&b, 1, NULL, 0); /* no analyzer is there */
    const char *users[CLASSES] = {"ann", "bob", "cem", "dan"};
    for (int i = 0; i < CLASSES; i++)
        submit_as(&b, i, users[i], (enum service_class)i, 1 + (uint32_t)i);
    for (size_t i = 0; i < CLASSES; i++)
        assert_int_equal(figures_of(&b).queued[i], 1 + i);
    close_bench(&b);
}

/* Answers of an earlier epoch, and those to who does not lead, tell nothing. */
static void step_2_only_the_epochs_own_readings_of_a_job_count(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    struct chunk_facts chunk = ready(0);
    struct job_facts job = {.job_id = job_id(1),
                            .tenant_id = "acme",
                            .user_id = "ann",
                            .service_class = CLASS_STANDARD,
                            .chunks = &chunk,
                            .chunk_count = 1};
    struct event event = {.kind = EVENT_JOB, .is_answered = true};
    strcpy(event.job.job_id, job_id(1));
    event.job.job = &job;
    tell(&b, event); /* of epoch 0, as ours is */
    renew(&b, 1);
    event.job.epoch = 1;
    tell(&b, event);
    assert_int_equal(figures_of(&b).queued[CLASS_STANDARD], 0);
    beat(&b, 100);
    answer_snapshot(&b, 1, NULL, 0);
    event.job.epoch = 2;
    tell(&b, event);
    event.job.epoch = 1;
    event.is_answered = false;
    tell(&b, event);
    assert_int_equal(b.item_count, 0);
    event.is_answered = true;
    tell(&b, event);
    assert_int_equal(b.item_count, 1);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_those_of_the_manual),
        cmocka_unit_test(without_a_chain_there_is_one_endpoint_without_a_name),
        cmocka_unit_test(rule_11_an_epoch_begins_with_a_lease_that_is_held_and_newer),
        cmocka_unit_test(rule_10_each_class_is_counted),
        cmocka_unit_test(step_2_only_the_epochs_own_readings_of_a_job_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
