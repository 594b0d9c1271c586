/* Rule 3, fair sojourn: the queue alone, its calls ended by hand. That nobody is later than
 * promised is held over random histories by scheduler_sim --fairness. */
#include "hall_for_test.h"

#include <math.h>

enum { STAKES = 60 };

static void rule_3_who_comes_gets_one_chunk_first(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    const struct job *small = come(&hall, "small", "ann", 3);
    assert_serves(&hall, small);
    const struct job *large = come(&hall, "large", "bob", 50);
    assert_serves(&hall, large);
    assert_serves(&hall, small);
    assert_serves(&hall, small);
    come(&hall, "again", "bob", 1); /* busy still: no first one */
    const struct job *third = come(&hall, "third", "cid", 2);
    assert_serves(&hall, third);
    assert_serves(&hall, third);
    assert_serves(&hall, large);
    close_hall(&hall);
}

static void rule_3_whoever_would_be_done_first_is_served_to_the_end(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, false);
    const struct job *large = come(&hall, "large", "ann", 50);
    const struct job *one = come(&hall, "one", "bob", 3), *other = come(&hall, "two", "cid", 3);
    for (int i = 0; i < 3; i++) /* equal ones by age, not in turn */
        assert_serves(&hall, one);
    for (int i = 0; i < 3; i++)
        assert_serves(&hall, other);
    assert_serves(&hall, large);
    close_hall(&hall);
}

static void rule_3_who_cannot_wait_any_longer_goes_first(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 2, false);
    const struct job *jobs[] = {come(&hall, "1", "ann", 100), come(&hall, "2", "bob", 100),
                                come(&hall, "3", "cid", 100)};
    /* Equal sharing has them all done after 150 chunks' time; two after the third's start. */
    int round = 0;
    for (bool is_third_served = false; !is_third_served; round++) {
        struct chunk *calls[] = {start(&hall), start(&hall)};
        is_third_served = book_job_of(calls[0]) == jobs[2] || book_job_of(calls[1]) == jobs[2];
        pass(&hall, CHUNK_MS);
        occupy(&hall, calls[0], -1);
        occupy(&hall, calls[1], -1);
    }
    assert_in_range(round, 49, 51);
    close_hall(&hall);
}

static void rule_3_what_is_withdrawn_no_longer_counts(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, false);
    struct job *cut = come(&hall, "cut", "ann", 10), *whole = come(&hall, "all", "bob", 5);
    for (uint32_t i = 3; i < 10; i++) {
        struct chunk *chunk = book_chunk(cut, i);
        queue_remove(&hall.queue, chunk);
        queue_withdraw(&hall.queue, chunk);
        queue_withdraw(&hall.queue, chunk); /* told twice, counted once */
    }
    for (int i = 0; i < 3; i++)
        assert_serves(&hall, cut);
    assert_serves(&hall, whole);
    close_hall(&hall);
}

static void rule_3_withdrawing_makes_others_urgent_in_time(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, false);
    struct job *first = come(&hall, "1", "ann", 10), *other = come(&hall, "2", "bob", 11);
    come(&hall, "3", "cid", 9);
    for (uint32_t i = 0; i < 9; i++) {
        struct chunk *chunk = book_chunk(book_job(&hall.book, id_named("3")), i);
        queue_remove(&hall.queue, chunk);
        queue_withdraw(&hall.queue, chunk);
    }
    for (int i = 0; i < 10; i++)
        assert_serves(&hall, first);
    for (int i = 0; i < 11; i++)
        assert_serves(&hall, other);
    assert_null(start(&hall));
    close_hall(&hall);
}

static void rule_3_who_has_only_future_work_stands_in_nobodys_way(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    struct job *later = come(&hall, "later", "ann", 2), *now = come(&hall, "now", "bob", 9);
    struct chunk *waiting = book_chunk(later, 0);
    queue_remove(&hall.queue, waiting);
    queue_remove(&hall.queue, book_chunk(later, 1));
    assert_int_equal(queue_runnable(&hall.queue), 1);
    for (int i = 0; i < 8; i++)
        assert_serves(&hall, now);
    queue_add(&hall.queue, waiting); /* due again, and overdue: equal sharing did not wait */
    assert_serves(&hall, later);
    close_hall(&hall);
}

static void rule_3_who_is_late_by_far_holds_up_nobody(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, false);
    const struct job *slow = come(&hall, "slow", "ann", 20);
    for (int i = 0; i < 5; i++) { /* each takes ten times as long as was thought */
        pass(&hall, (int64_t)9 * CHUNK_MS);
        assert_serves(&hall, slow);
    }
    const struct job *small = come(&hall, "small", "bob", 2);
    assert_serves(&hall, small);
    assert_serves(&hall, small);
    assert_serves(&hall, slow);
    close_hall(&hall);
}

static void rule_3_who_is_late_by_more_than_two_chunks_joins_anew(void **state)
{
    (void)state;
    for (int is_late = 0; is_late < 2; is_late++) {
        struct hall hall;
        open_hall(&hall, 1, false);
        const struct job *slow = come(&hall, "slow", "ann", 20);
        struct chunk *chunk = start(&hall);
        pass(&hall, is_late ? 310 : 290); /* instead of 100 */
        occupy(&hall, chunk, -1);
        assert_non_null(queue_next(&hall.queue));
        const struct stake *stake = pool_at(&hall.queue.stakes, slow->turn->stake);
        assert_true(fabs(stake->mark - (is_late ? 22.1 : 20)) < 1e-6);
        close_hall(&hall);
    }
}

static void rule_3_equal_sharing_is_of_what_the_class_gets(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, false);
    struct turn *waiting = book_turn_of(book_chunk(come(&hall, "1", "ann", 10), 0));
    struct job_facts facts = {.job_id = id_named("2"),
                              .tenant_id = "acme",
                              .user_id = "bob",
                              .service_class = CLASS_PREMIUM};
    struct turn *served =
        book_turn_of(book_add_chunk(book_add_job(&hall.book, &facts, hall.queue.now), 0));
    queue_occupy(&hall.queue, served, 1); /* another class has the only slot */
    pass(&hall, (int64_t)100 * CHUNK_MS);
    queue_user_changed(&hall.queue, book_user_of(waiting));
    assert_true(queue_share(waiting)->sojourn.fluid.time <= 0);
    queue_occupy(&hall.queue, served, -1);
    pass(&hall, (int64_t)5 * CHUNK_MS); /* nobody has it: sharing goes on */
    queue_user_changed(&hall.queue, book_user_of(waiting));
    assert_true(queue_share(waiting)->sojourn.fluid.time >= 4.999);
    close_hall(&hall);
}

/* ---- equal sharing itself ---- */
static void assert_near(double a, double b)
{
    assert_true(fabs(a - b) < 1e-6);
}

static uint32_t stake_with(struct fluid *fluid, uint32_t age, double mark)
{
    uint32_t number = pool_take(fluid->stakes);
    struct stake *stake = pool_at(fluid->stakes, number);
    stake->age = age;
    stake->mark = mark;
    fluid_enter(fluid, number);
    return number;
}

static double end_of(const struct fluid *fluid, uint32_t stake)
{
    return fluid_end_of(fluid, pool_at(fluid->stakes, stake));
}

static void equal_sharing_foresees_when_each_leaves(void **state)
{
    (void)state;
    for (uint32_t slots = 1; slots <= STAKES + 1; slots += 7) {
        struct pool stakes = {.size = sizeof(struct stake)};
        struct fluid fluid = {.stakes = &stakes, .slots = slots};
        double foreseen[STAKES + 1];
        for (uint32_t i = 0; i < STAKES; i++) /* ages begin again on the way */
            assert_int_equal(stake_with(&fluid, i - STAKES / 2, 1 + i * 7919 % 23), i + 1);
        for (uint32_t i = 1; i <= STAKES; i++)
            foreseen[i] = end_of(&fluid, i);
        double left = 1e6;
        uint32_t gone, last = 0;
        while ((gone = fluid_pass(&fluid, &left))) {
            const struct stake *stake = pool_at(&stakes, gone);
            assert_near(stake->end, foreseen[gone]);
            if (last && stake->mark <= ((const struct stake *)pool_at(&stakes, last))->mark)
                assert_true(last < gone); /* the older first */
            last = gone;
        }
        assert_int_equal(fluid_count(&fluid), 0);
        pool_free(&stakes);
    }
}

static void equal_sharing_keeps_the_marks_of_others(void **state)
{
    (void)state;
    struct pool stakes = {.size = sizeof(struct stake)};
    struct fluid fluid = {.stakes = &stakes, .slots = 1};
    uint32_t long_one = stake_with(&fluid, 1, 4);
    assert_near(end_of(&fluid, long_one), 4);
    uint32_t short_one = stake_with(&fluid, 2, 2);
    assert_near(end_of(&fluid, short_one), 4);
    assert_near(end_of(&fluid, long_one), 6);
    fluid_leave(&fluid, short_one);
    assert_near(end_of(&fluid, long_one), 4);
    fluid_leave(&fluid, long_one);
    assert_int_equal(fluid_count(&fluid), 0);
    pool_free(&stakes);
}

static void equal_sharing_lets_the_least_leave_whoever_comes_meanwhile(void **state)
{
    (void)state;
    struct pool stakes = {.size = sizeof(struct stake)};
    struct fluid fluid = {.stakes = &stakes, .slots = 1};
    bool is_there[20 * STAKES + 1] = {false};
    for (uint32_t age = 1; age <= 20 * STAKES; age++) {
        uint32_t number = stake_with(&fluid, age, fluid.virtual + 1 + age * 7919 % 97);
        is_there[number] = true;
        double least = 1e9;
        for (uint32_t i = 1; i <= stakes.last; i++)
            if (is_there[i] && ((struct stake *)pool_at(&stakes, i))->mark < least)
                least = ((struct stake *)pool_at(&stakes, i))->mark;
        double left = 0.5;
        uint32_t gone = fluid_pass(&fluid, &left);
        assert_true(fluid.virtual <= least);
        if (gone) {
            assert_near(((struct stake *)pool_at(&stakes, gone))->mark, least);
            is_there[gone] = false;
            pool_give(&stakes, gone);
        } else {
            assert_near(left, 0);
        }
        if (age % 5 == 0 && fluid.root) { /* somebody goes without being done */
            uint32_t number_of_root = fluid.root;
            fluid_leave(&fluid, number_of_root);
            is_there[number_of_root] = false;
            pool_give(&stakes, number_of_root);
        }
    }
    pool_free(&stakes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_3_who_comes_gets_one_chunk_first),
        cmocka_unit_test(rule_3_whoever_would_be_done_first_is_served_to_the_end),
        cmocka_unit_test(rule_3_who_cannot_wait_any_longer_goes_first),
        cmocka_unit_test(rule_3_what_is_withdrawn_no_longer_counts),
        cmocka_unit_test(rule_3_withdrawing_makes_others_urgent_in_time),
        cmocka_unit_test(rule_3_who_has_only_future_work_stands_in_nobodys_way),
        cmocka_unit_test(rule_3_who_is_late_by_far_holds_up_nobody),
        cmocka_unit_test(rule_3_who_is_late_by_more_than_two_chunks_joins_anew),
        cmocka_unit_test(rule_3_equal_sharing_is_of_what_the_class_gets),
        cmocka_unit_test(equal_sharing_foresees_when_each_leaves),
        cmocka_unit_test(equal_sharing_keeps_the_marks_of_others),
        cmocka_unit_test(equal_sharing_lets_the_least_leave_whoever_comes_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
