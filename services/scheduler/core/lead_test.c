/* Rule 11 and steps 2 and 9: the lease, the rebuilding, the re-reading, and leaving. */
#include "bench_for_test.h"

enum { LEASE_MS = 2500, RETRY_MS = 200 };

static void begin(struct bench *b)
{
    open_bench(b, config_with(10));
    lead(b);
}

static bool is_leader(const struct bench *b)
{
    struct scheduler_figures figures;
    scheduler_figures(b->core, &figures);
    return figures.is_leader;
}

static int64_t wakes_in_ms(const struct bench *b)
{
    return instant_ms_between(b->now, scheduler_next_wake(b->core));
}

static void wait(struct bench *b, int64_t ms)
{
    b->now = instant_plus_ms(b->now, ms);
    tell(b, (struct event){.kind = EVENT_TIME});
}

static void hold(struct bench *b, uint64_t epoch, int64_t asked_ago_ms)
{
    tell(b, (struct event){.kind = EVENT_LEASE,
                           .is_answered = true,
                           .lease = {.is_held = true,
                                     .epoch = epoch,
                                     .asked = instant_plus_ms(b->now, -asked_ago_ms)}});
}

static void refuse(struct bench *b, int64_t asked_ago_ms)
{
    tell(b, (struct event){
                .kind = EVENT_LEASE,
                .is_answered = true,
                .lease = {.asked = instant_plus_ms(b->now, -asked_ago_ms), .left_ms = 10000}});
}

static void show_page(struct bench *b, uint64_t epoch, int64_t now_us, const char *next)
{
    tell(b, (struct event){.kind = EVENT_SNAPSHOT,
                           .is_answered = true,
                           .snapshot = {.epoch = epoch, .now_us = now_us, .next_cursor = next}});
}

static void show_changes(struct bench *b, uint64_t epoch, int64_t now_us, const char *next)
{
    tell(b, (struct event){.kind = EVENT_CHANGED,
                           .is_answered = true,
                           .changed = {.epoch = epoch, .now_us = now_us, .next_job_id = next}});
}

static void the_lease_is_asked_for_five_times_in_its_length_and_soon_after_silence(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    wait(&b, 0);
    assert_int_equal(said(&b, ACTION_ASK_LEASE), 1);
    assert_int_equal(wakes_in_ms(&b), LEASE_MS / 5);
    tell(&b, (struct event){.kind = EVENT_LEASE, .lease.asked = b.now}); /* no answer came */
    assert_int_equal(wakes_in_ms(&b), RETRY_MS);
    wait(&b, RETRY_MS);
    assert_int_equal(said(&b, ACTION_ASK_LEASE), 2);
    wait(&b, LEASE_MS / 5 - 100);
    tell(&b, (struct event){.kind = EVENT_LEASE, .lease.asked = b.now});
    assert_int_equal(wakes_in_ms(&b), 100);
    close_bench(&b);
}

static void a_lease_lasts_from_its_ask_and_a_late_answer_does_not_shorten_it(void **state)
{
    (void)state;
    struct bench b;
    begin(&b);
    wait(&b, 1000);
    hold(&b, 1, 0);
    hold(&b, 1, 900);
    wait(&b, LEASE_MS - 1);
    assert_true(is_leader(&b));
    wait(&b, 1);
    assert_false(is_leader(&b));
    hold(&b, 1, 100);
    assert_true(is_leader(&b)); /* nobody else has had it: nothing is rebuilt */
    assert_int_equal(said(&b, ACTION_YIELD), 0);
    wait(&b, LEASE_MS - 100);
    assert_false(is_leader(&b));
    close_bench(&b);
}

static void a_refusal_that_was_overtaken_does_not_count(void **state)
{
    (void)state;
    struct bench b;
    begin(&b);
    wait(&b, 100);
    hold(&b, 1, 10);
    refuse(&b, 20);
    refuse(&b, 10);
    assert_true(is_leader(&b));
    refuse(&b, 9);
    assert_false(is_leader(&b));
    assert_int_equal(said(&b, ACTION_YIELD), 1);
    wait(&b, 20);
    hold(&b, 1, 0); /* of the same epoch: all is read anew */
    assert_int_equal(last(&b, ACTION_ASK_SNAPSHOT)->epoch, 1);
    assert_false(is_leader(&b));
    refuse(&b, -1); /* while it rebuilds */
    hush(&b);
    show_page(&b, 1, 1000000, "");
    assert_false(is_leader(&b));
    assert_int_equal(said(&b, ACTION_LEAD), 0);
    assert_int_equal(said(&b, ACTION_YIELD), 0); /* it had not begun */
    close_bench(&b);
}

static void a_lease_of_an_older_epoch_changes_nothing(void **state)
{
    (void)state;
    struct bench b;
    begin(&b);
    hold(&b, 2, 0);
    show_page(&b, 2, 1000000, "");
    assert_true(is_leader(&b));
    hush(&b);
    wait(&b, 1000);
    hold(&b, 1, 0);
    assert_int_equal(said(&b, ACTION_YIELD), 0);
    wait(&b, LEASE_MS - 1000);
    assert_false(is_leader(&b));
    close_bench(&b);
}

static void rule_11_a_page_that_did_not_come_is_asked_for_again(void **state)
{
    (void)state;
    for (int is_fenced = 0; is_fenced < 2; is_fenced++) {
        struct bench b;
        open_bench(&b, config_with(10));
        wait(&b, 0);
        hold(&b, 1, 0);
        assert_int_equal(said(&b, ACTION_ASK_SNAPSHOT), 1);
        assert_string_equal(last(&b, ACTION_ASK_SNAPSHOT)->cursor, "");
        tell(&b,
             (struct event){.kind = EVENT_SNAPSHOT,
                            .is_answered = is_fenced,
                            .snapshot = {.epoch = 1, .is_fenced = is_fenced, .next_cursor = ""}});
        assert_false(is_leader(&b));
        assert_int_equal(wakes_in_ms(&b), RETRY_MS);
        wait(&b, RETRY_MS - 1);
        assert_int_equal(said(&b, ACTION_ASK_SNAPSHOT), 1);
        wait(&b, 1);
        assert_int_equal(said(&b, ACTION_ASK_SNAPSHOT), 2);
        show_page(&b, 2, 1, ""); /* of another epoch */
        assert_false(is_leader(&b));
        show_page(&b, 1, 1, "next");
        assert_string_equal(last(&b, ACTION_ASK_SNAPSHOT)->cursor, "next");
        show_page(&b, 1, 1, "");
        assert_true(is_leader(&b));
        size_t leads = said(&b, ACTION_LEAD);
        show_page(&b, 1, 1, ""); /* doubled */
        assert_int_equal(said(&b, ACTION_LEAD), leads);
        close_bench(&b);
    }
}

static int64_t since_us(const struct bench *b)
{
    const struct action *action = last(b, ACTION_ASK_CHANGED);
    assert_non_null(action);
    return action->changed.since_us + b->config.reread_overlap_ms * 1000;
}

/* What changed while pages were read was not in all of them. */
static void rule_11_it_reads_what_changed_since_the_first_page(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    wait(&b, 0);
    hold(&b, 1, 0);
    show_page(&b, 1, 7000000, "next");
    show_page(&b, 1, 8000000, "");
    assert_int_equal(since_us(&b), 7000000);
    assert_string_equal(last(&b, ACTION_ASK_CHANGED)->changed.after_job_id, "");
    hush(&b);
    show_changes(&b, 1, 9000000, "a job");
    assert_int_equal(since_us(&b), 7000000); /* the next page of one round, at once */
    assert_string_equal(last(&b, ACTION_ASK_CHANGED)->changed.after_job_id, "a job");
    show_changes(&b, 1, 9500000, "");
    hush(&b);
    hold(&b, 1, 0);
    wait(&b, b.config.reread_ms - 1);
    assert_int_equal(said(&b, ACTION_ASK_CHANGED), 0);
    wait(&b, 1);
    assert_int_equal(since_us(&b), 9000000); /* the round's start */
    show_changes(&b, 1, 5000000, "");        /* the database's clock was put back */
    hold(&b, 1, 0);
    wait(&b, b.config.reread_ms);
    assert_int_equal(since_us(&b), 9000000);
    show_changes(&b, 1, 9100000, "");
    hold(&b, 1, 0);
    wait(&b, b.config.reread_ms);
    assert_int_equal(since_us(&b), 9100000);
    show_changes(&b, 2, 9900000, ""); /* of another epoch */
    hold(&b, 1, 0);
    hush(&b);
    wait(&b, b.config.reread_ms);
    assert_int_equal(said(&b, ACTION_ASK_CHANGED), 0);
    tell(&b, (struct event){.kind = EVENT_CHANGED, .changed.epoch = 1}); /* no answer came */
    hold(&b, 1, 0);
    wait(&b, b.config.reread_ms);
    assert_int_equal(since_us(&b), 9100000);
    hold(&b, 2, 0); /* the next epoch begins with its own first page */
    show_page(&b, 2, 3000000, "");
    assert_int_equal(since_us(&b), 3000000);
    close_bench(&b);
}

static void rule_11_a_new_epoch_reads_from_the_beginning(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    wait(&b, 0);
    hold(&b, 1, 0);
    show_page(&b, 1, 1000000, "page two");
    hold(&b, 2, 0); /* in the middle of the pages */
    assert_string_equal(last(&b, ACTION_ASK_SNAPSHOT)->cursor, "");
    show_page(&b, 2, 2000000, "");
    show_changes(&b, 2, 3000000, "a job");
    hold(&b, 3, 0); /* in the middle of a round */
    show_page(&b, 3, 4000000, "");
    assert_string_equal(last(&b, ACTION_ASK_CHANGED)->changed.after_job_id, "");
    assert_int_equal(since_us(&b), 4000000);
    close_bench(&b);
}

static void rule_11_a_job_whose_events_were_missed_is_read_later(void **state)
{
    (void)state;
    struct bench b;
    begin(&b);
    struct chunk_facts chunk = ready(0);
    const struct job_facts job = {.job_id = job_id(1),
                                  .tenant_id = "acme",
                                  .user_id = "ann",
                                  .service_class = CLASS_STANDARD,
                                  .event_number = 1,
                                  .chunks = &chunk,
                                  .chunk_count = 1};
    tell(&b, (struct event){
                 .kind = EVENT_CHANGED,
                 .is_answered = true,
                 .changed = {
                     .epoch = 1, .now_us = 1, .jobs = &job, .job_count = 1, .next_job_id = ""}});
    assert_int_equal(b.item_count, 1);
    assert_string_equal(b.items[0].id.job_id, job_id(1));
    close_bench(&b);
}

static void who_is_refused_asks_again_a_moment_after_the_others_lease(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    wait(&b, 0);
    for (int64_t asked_ago_ms = 0; asked_ago_ms < 2; asked_ago_ms++) /* the older one as well */
        tell(&b, (struct event){.kind = EVENT_LEASE,
                                .is_answered = true,
                                .lease = {.asked = instant_plus_ms(b.now, -asked_ago_ms),
                                          .left_ms = 200 - 100 * (uint32_t)asked_ago_ms}});
    assert_int_equal(wakes_in_ms(&b), 101);
    close_bench(&b);
}

static void who_has_no_lease_leaves_without_a_word(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    wait(&b, 0);
    tell(&b, (struct event){.kind = EVENT_LEAVE});
    assert_int_equal(said(&b, ACTION_RESIGN), 0);
    assert_true(scheduler_has_left(b.core));
    hold(&b, 1, 0); /* an answer that comes later */
    wait(&b, LEASE_MS);
    assert_int_equal(said(&b, ACTION_ASK_LEASE), 1);
    assert_true(scheduler_has_left(b.core));
    assert_false(is_leader(&b));
    close_bench(&b);
    begin(&b); /* and whose lease has ended, whatever he had in hand */
    submit(&b, 1, "ann", 1);
    wait(&b, LEASE_MS);
    tell(&b, (struct event){.kind = EVENT_LEAVE});
    assert_int_equal(said(&b, ACTION_RESIGN), 0);
    assert_true(scheduler_has_left(b.core));
    close_bench(&b);
}

static void who_rebuilds_resigns_when_he_leaves(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    wait(&b, 0);
    hold(&b, 1, 0);
    tell(&b, (struct event){.kind = EVENT_LEAVE});
    assert_int_equal(said(&b, ACTION_RESIGN), 1);
    assert_true(scheduler_has_left(b.core));
    close_bench(&b);
}

/* What needs no permit cannot be taken back, and what has one runs on. */
static void who_leaves_takes_back_only_what_waits_for_a_permit(void **state)
{
    (void)state;
    struct bench b;
    begin(&b);
    submit(&b, 1, "ann", 1);
    submit(&b, 2, "bob", 1);
    while (grant_all(&b) > 0)
        continue;
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    struct control_facts reduced = {.scope = SCOPE_SYSTEM,
                                    .tenant_id = "",
                                    .name = "",
                                    .message = "",
                                    .state = CONTROL_REDUCED,
                                    .version = 1};
    tell(&b, (struct event){.kind = EVENT_CONTROL, .control = &reduced});
    assert_int_equal(b.item_count, 1); /* bob's is taken back, and done another way */
    struct batch_answer released = {.result = RESULT_RELEASED, .chunk = ready(0)};
    released.chunk.version = 3;
    released.chunk.attempt = 1;
    released.job_status = JOB_PROCESSING;
    answer_batch(&b, &released);
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    struct batch_answer again = granted(&b.items[0], 2);
    answer_batch(&b, &again);
    hush(&b);
    tell(&b, (struct event){.kind = EVENT_LEAVE});
    assert_int_equal(said(&b, ACTION_ASK_BATCH), 0);
    assert_int_equal(said(&b, ACTION_RESIGN), 1);
    assert_true(scheduler_has_left(b.core));
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lease_is_asked_for_five_times_in_its_length_and_soon_after_silence),
        cmocka_unit_test(a_lease_lasts_from_its_ask_and_a_late_answer_does_not_shorten_it),
        cmocka_unit_test(a_refusal_that_was_overtaken_does_not_count),
        cmocka_unit_test(a_lease_of_an_older_epoch_changes_nothing),
        cmocka_unit_test(rule_11_a_page_that_did_not_come_is_asked_for_again),
        cmocka_unit_test(rule_11_it_reads_what_changed_since_the_first_page),
        cmocka_unit_test(rule_11_a_new_epoch_reads_from_the_beginning),
        cmocka_unit_test(rule_11_a_job_whose_events_were_missed_is_read_later),
        cmocka_unit_test(who_is_refused_asks_again_a_moment_after_the_others_lease),
        cmocka_unit_test(who_has_no_lease_leaves_without_a_word),
        cmocka_unit_test(who_rebuilds_resigns_when_he_leaves),
        cmocka_unit_test(who_leaves_takes_back_only_what_waits_for_a_permit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
