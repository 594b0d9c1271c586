/* The queue alone: what it counts and gives back, and what stands still (rules 1, 3, 5, 6). */
#include "hall_for_test.h"

static struct job *come_in(struct hall *hall, enum service_class service_class, const char *tenant,
                           const char *user, uint32_t chunks)
{
    char name[16];
    snprintf(name, sizeof name, "job %d", ++hall->last_job);
    struct job_facts facts = {.job_id = id_named(name),
                              .tenant_id = tenant,
                              .user_id = user,
                              .service_class = service_class};
    return come_to(hall, &facts, chunks);
}

static void rule_1_whose_chunks_in_flight_have_all_ended_takes_turns_again(void **state)
{
    (void)state;
    struct hall hall;
    open_hall_with(&hall, 1, (struct queue_config){.burst = 2});
    const struct job *job = come_of(&hall, "acme", "ann", 3);
    for (uint32_t left = 3; left > 0; left--) {
        assert_int_equal(queue_runnable(&hall.queue), 1);
        assert_int_equal(hall.queue.bursting.count, 0);
        struct chunk *chunk = start(&hall);
        assert_int_equal(queue_runnable(&hall.queue), 0);
        assert_int_equal(hall.queue.bursting.count, left > 1);
        assert_ptr_equal(book_job_of(chunk), job);
        occupy(&hall, chunk, -1);
    }
    assert_null(queue_next_burst(&hall.queue));
    close_hall(&hall);
}

static void rule_1_there_is_no_burst_while_somebody_is_runnable_or_all_is_shut(void **state)
{
    (void)state;
    struct hall hall;
    open_hall_with(&hall, 1, (struct queue_config){.burst = 2});
    const struct job *job = come_of(&hall, "acme", "ann", 2);
    struct chunk *in_flight = start(&hall);
    assert_ptr_equal(queue_next_burst(&hall.queue), book_chunk_at(book_job_of(in_flight), 1));
    struct job *other = come_of(&hall, "acme", "bob", 1);
    assert_null(queue_next_burst(&hall.queue));
    queue_remove(&hall.queue, book_chunk(other, 0));
    assert_non_null(queue_next_burst(&hall.queue));
    queue_shut_all(&hall.queue, SHUT_BY_CONTROL);
    assert_null(queue_next_burst(&hall.queue));
    queue_open_all(&hall.queue, SHUT_BY_CONTROL);
    assert_ptr_equal(book_job_of(queue_next_burst(&hall.queue)), job);
    occupy(&hall, in_flight, -1);
    close_hall(&hall);
}

static void rule_5_of_a_limited_tenant_one_turn_counts(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    struct job_facts facts = {.job_id = id_named("urgent"),
                              .tenant_id = "acme",
                              .user_id = "ann",
                              .deadline_left_ms = 1000,
                              .service_class = CLASS_STANDARD};
    const struct job *urgent = come_to(&hall, &facts, 2);
    come_of(&hall, "acme", "bob", 1);
    come_of(&hall, "acme", "cem", 1);
    struct tenant *acme = book_user_of(urgent->turn)->tenant;
    assert_int_equal(queue_runnable(&hall.queue), 3);
    queue_limit_tenant(&hall.queue, acme, (uint64_t)book_deadline(urgent).ns);
    assert_int_equal(queue_runnable(&hall.queue), 0);
    assert_null(queue_next(&hall.queue));
    queue_limit_tenant(&hall.queue, acme, (uint64_t)book_deadline(urgent).ns + 1);
    assert_int_equal(queue_runnable(&hall.queue), 1);
    assert_serves(&hall, urgent);
    queue_open_tenant(&hall.queue, acme, SHUT_BY_LIMIT);
    assert_int_equal(queue_runnable(&hall.queue), 3);
    close_hall(&hall);
}

static void rule_3_a_shut_tenant_is_shut_in_every_class(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    const struct job *jobs[CLASSES];
    for (int i = 0; i < CLASSES; i++)
        jobs[i] = come_in(&hall, (enum service_class)i, "acme", "ann", 1);
    assert_int_equal(queue_runnable(&hall.queue), CLASSES);
    struct tenant *acme = book_user_of(jobs[0]->turn)->tenant;
    queue_shut_tenant(&hall.queue, acme, SHUT_BY_CONTROL);
    assert_int_equal(queue_runnable(&hall.queue), 0);
    assert_null(queue_next(&hall.queue));
    queue_open_tenant(&hall.queue, acme, SHUT_BY_CONTROL);
    assert_int_equal(queue_runnable(&hall.queue), CLASSES);
    close_hall(&hall);
}

static void rule_3_what_a_tenant_owes_is_owed_by_its_new_weight_in_every_class(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    for (int i = 0; i < CLASSES; i++) {
        struct share *share =
            queue_share(come_in(&hall, (enum service_class)i, "acme", "ann", 1)->turn);
        hall.queue.classes[i].paid_until = 5000;
        share->paid = 9000;
    }
    struct tenant *acme = book_tenant(&hall.book, "acme");
    queue_set_weight(&hall.queue, acme, 4);
    for (int i = 0; i < CLASSES; i++)
        assert_int_equal(acme->shares[i]->paid, 6000);
    queue_set_weight(&hall.queue, acme, 2);
    for (int i = 0; i < CLASSES; i++)
        assert_int_equal(acme->shares[i]->paid, 7000);
    close_hall(&hall);
}

static void rule_3_what_was_used_is_paid_and_no_more_is_given_back_than_was(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    const struct job *job = come_of(&hall, "acme", "ann", 1);
    struct tenant *acme = book_user_of(job->turn)->tenant;
    struct share *share = queue_share(job->turn);
    share->paid = 0;
    queue_settle(&hall.queue, acme, CLASS_STANDARD, 100);
    assert_int_equal(share->paid, queue_price(acme, 100));
    queue_settle(&hall.queue, acme, CLASS_STANDARD, -60);
    assert_int_equal(share->paid, queue_price(acme, 40));
    queue_settle(&hall.queue, acme, CLASS_STANDARD, -41);
    assert_int_equal(share->paid, 0);
    queue_settle(&hall.queue, acme, CLASS_PREMIUM, 100); /* where it has nothing */
    assert_null(acme->shares[CLASS_PREMIUM]);
    close_hall(&hall);
}

static uint64_t key_of_ms(int64_t ms)
{
    return (uint64_t)(ms * CLOCK_MS);
}

static struct job *come_until(struct hall *hall, const char *user, int64_t deadline_ms)
{
    char name[16];
    snprintf(name, sizeof name, "job %d", ++hall->last_job);
    struct job_facts facts = {.job_id = id_named(name),
                              .tenant_id = "acme",
                              .user_id = user,
                              .deadline_left_ms = (uint32_t)deadline_ms,
                              .service_class = CLASS_STANDARD};
    return come_to(hall, &facts, 1);
}

static void rule_6_what_is_urgent_is_found_by_the_deadline_of_what_is_next(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    struct job *first = come_until(&hall, "ann", 5000);
    const struct job *second = come_until(&hall, "ann", 9000);
    const struct job *other = come_until(&hall, "bob", 7000);
    assert_null(queue_next_urgent(&hall.queue, key_of_ms(5000)));
    assert_ptr_equal(book_job_of(queue_next_urgent(&hall.queue, key_of_ms(5001))), first);
    queue_remove(&hall.queue, book_chunk(first, 0));
    assert_null(queue_next_urgent(&hall.queue, key_of_ms(7000)));
    assert_ptr_equal(book_job_of(queue_next_urgent(&hall.queue, key_of_ms(7001))), other);
    queue_remove(&hall.queue, book_chunk(book_job(&hall.book, id_named("job 3")), 0));
    assert_null(queue_next_urgent(&hall.queue, key_of_ms(9000)));
    assert_ptr_equal(book_job_of(queue_next_urgent(&hall.queue, key_of_ms(9001))), second);
    queue_add(&hall.queue, book_chunk(first, 0)); /* the older one is next again */
    assert_ptr_equal(book_job_of(queue_next_urgent(&hall.queue, key_of_ms(5001))), first);
    close_hall(&hall);
}

/* Who goes gives back what it took of equal sharing, at once or when its virtual service ends. */
static void rule_3_users_that_come_and_go_need_no_more_room_than_those_who_are_there(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    for (int i = 0; i < 1000; i++) {
        char user[16];
        snprintf(user, sizeof user, "user-%d", i);
        struct job *job = come_of(&hall, "acme", user, 1 + (uint32_t)i % 3);
        assert_serves(&hall, job);
        send_away(&hall.queue, job);
        book_drop_job(&hall.book, job);
        pass(&hall, 3 * CHUNK_MS);
        assert_in_range(hall.queue.stakes.last, 1, 3);
    }
    close_hall(&hall);
}

static double shared_so_far(struct hall *hall, struct job *job)
{
    queue_occupy(&hall->queue, job->turn, 0); /* it is told when it is touched */
    return queue_share(job->turn)->sojourn.fluid.time;
}

static double mark_of(const struct hall *hall, const struct job *job)
{
    const struct stake *stake = pool_at(&hall->queue.stakes, job->turn->stake);
    return stake->mark;
}

static void rule_3_while_nobody_serves_nothing_is_shared(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    struct job *job = come_of(&hall, "acme", "ann", 100);
    pass(&hall, 3 * CHUNK_MS); /* nobody has the slot: it is everybody's */
    assert_true(shared_so_far(&hall, job) > 2.99 && shared_so_far(&hall, job) < 3.01);
    struct chunk *chunk = start(&hall);
    pass(&hall, 2 * CHUNK_MS);
    assert_true(shared_so_far(&hall, job) > 4.99 && shared_so_far(&hall, job) < 5.01);
    queue_set_pace(&hall.queue, 0, CHUNK_MS * 1000);
    pass(&hall, 9 * CHUNK_MS);
    assert_true(shared_so_far(&hall, job) < 5.01);
    occupy(&hall, chunk, -1);
    pass(&hall, 9 * CHUNK_MS);
    assert_true(shared_so_far(&hall, job) < 5.01);
    close_hall(&hall);
}

static void rule_3_a_tenant_has_its_part_of_the_time_until_it_is_shut(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    struct job *jobs[CLASSES];
    for (int i = 0; i < CLASSES; i++)
        jobs[i] = come_in(&hall, (enum service_class)i, "acme", "ann", 20);
    struct tenant *acme = book_user_of(jobs[0]->turn)->tenant;
    pass(&hall, 3 * CHUNK_MS);
    queue_shut_tenant(&hall.queue, acme, SHUT_BY_CONTROL);
    pass(&hall, 5 * CHUNK_MS);
    queue_open_tenant(&hall.queue, acme, SHUT_BY_CONTROL);
    for (int i = 0; i < CLASSES; i++)
        assert_true(shared_so_far(&hall, jobs[i]) > 2.99 && shared_so_far(&hall, jobs[i]) < 3.01);
    close_hall(&hall);
}

static void rule_3_a_user_is_shut_for_every_reason_and_open_after_the_last(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    const struct job *jobs[] = {come_in(&hall, CLASS_STANDARD, "acme", "ann", 2),
                                come_in(&hall, CLASS_PREMIUM, "acme", "ann", 2)};
    struct user *ann = book_user_of(jobs[0]->turn);
    assert_int_equal(queue_runnable(&hall.queue), 2);
    for (int reasons = SHUT_BY_CONTROL; reasons <= SHUT_BY_LIMIT; reasons++) {
        queue_shut_user(&hall.queue, ann, (enum shut_reason)reasons);
        assert_int_equal(queue_runnable(&hall.queue), 0);
        for (int i = 0; i < 2; i++)
            assert_int_equal(fluid_count(&queue_share(jobs[i]->turn)->sojourn.fluid), 0);
    }
    queue_open_user(&hall.queue, ann, SHUT_BY_LIMIT);
    assert_int_equal(queue_runnable(&hall.queue), 0);
    queue_open_user(&hall.queue, ann, SHUT_BY_CONTROL);
    assert_int_equal(queue_runnable(&hall.queue), 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(fluid_count(&queue_share(jobs[i]->turn)->sojourn.fluid), 1);
    double mark = mark_of(&hall, jobs[0]);
    pass(&hall, CHUNK_MS);
    queue_open_user(&hall.queue, ann, SHUT_BY_LIMIT); /* it was open: nobody joins anew */
    assert_true(mark_of(&hall, jobs[0]) <= mark);
    close_hall(&hall);
}

static uint32_t age_of(const struct hall *hall, const struct job *job)
{
    return ((const struct stake *)pool_at(&hall->queue.stakes, job->turn->stake))->age;
}

static void rule_3_who_joins_anew_has_an_age_of_its_own_and_keeps_it(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    struct job *jobs[3];
    const char *users[] = {"ann", "bob", "cem"};
    for (int i = 0; i < 3; i++) {
        jobs[i] = come_of(&hall, "acme", users[i], 0);
        queue_shut_user(&hall.queue, book_user_of(jobs[i]->turn), SHUT_BY_CONTROL);
        queue_add(&hall.queue, book_add_chunk(jobs[i], 0));
    }
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 3; i++) {
            queue_shut_user(&hall.queue, book_user_of(jobs[i]->turn), SHUT_BY_CONTROL);
            queue_open_user(&hall.queue, book_user_of(jobs[i]->turn), SHUT_BY_CONTROL);
            assert_int_equal(age_of(&hall, jobs[i]), i + 1);
        }
    for (int i = 0; i < 3; i++) /* their finishes are equal */
        assert_serves(&hall, jobs[i]);
    close_hall(&hall);
}

static void rule_3_equal_sharing_hears_how_many_slots_there_are(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 3, true);
    const struct share *share = queue_share(come_of(&hall, "acme", "ann", 9)->turn);
    assert_int_equal(share->sojourn.fluid.slots, 3);
    queue_set_pace(&hall.queue, 5, CHUNK_MS * 1000);
    assert_int_equal(share->sojourn.fluid.slots, 5);
    queue_set_pace(&hall.queue, 0, CHUNK_MS * 1000); /* none: what is foreseen is for one */
    assert_int_equal(share->sojourn.fluid.slots, 1);
    assert_int_equal(queue_share(come_of(&hall, "other", "bob", 1)->turn)->sojourn.fluid.slots, 1);
    close_hall(&hall);
}

static void rule_3_a_chunk_counts_once_however_often_it_comes_and_goes(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    struct job *job = come_of(&hall, "acme", "ann", 5);
    struct chunk *chunk = book_chunk(job, 4);
    assert_true(mark_of(&hall, job) > 4.5 && mark_of(&hall, job) < 5.5);
    for (int i = 0; i < 3; i++) { /* put off, and due again */
        queue_remove(&hall.queue, chunk);
        queue_add(&hall.queue, chunk);
    }
    assert_true(mark_of(&hall, job) > 4.5 && mark_of(&hall, job) < 5.5);
    queue_remove(&hall.queue, chunk);
    for (int i = 0; i < 3; i++)
        queue_withdraw(&hall.queue, chunk);
    assert_true(mark_of(&hall, job) > 3.5 && mark_of(&hall, job) < 4.5);
    queue_add(&hall.queue, chunk); /* it may come again after all */
    assert_true(mark_of(&hall, job) > 4.5 && mark_of(&hall, job) < 5.5);
    close_hall(&hall);
}

static void rule_3_who_has_one_chunk_due_or_in_flight_comes_with_no_first_one(void **state)
{
    (void)state;
    const enum fairness orders[] = {FAIRNESS_SOJOURN, FAIRNESS_ROUND_ROBIN};
    for (size_t i = 0; i < 2; i++) {
        struct hall hall;
        open_hall_with(
            &hall, 1, (struct queue_config){.fairness = orders[i], .has_first_chunks_first = true});
        const struct turn *turn = come_of(&hall, "acme", "ann", 1)->turn;
        uint64_t rank = turn->rank;
        come_of(&hall, "acme", "ann", 1); /* one is due */
        assert_int_equal(turn->rank, rank);
        struct chunk *in_flight = start(&hall);
        struct chunk *second = due_first(turn);
        queue_remove(&hall.queue, second);
        rank = turn->rank;
        come_of(&hall, "acme", "ann", 1); /* one is in flight */
        assert_int_equal(turn->rank, rank);
        occupy(&hall, in_flight, -1);
        close_hall(&hall);
    }
}

static void rule_3_a_chunk_that_comes_again_is_nobodys_first_one(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    struct job *job = come_of(&hall, "acme", "ann", 1);
    uint64_t rank = job->turn->rank;
    queue_remove(&hall.queue, book_chunk(job, 0));
    queue_add(&hall.queue, book_chunk(job, 0));
    assert_int_equal(job->turn->rank, rank);
    close_hall(&hall);
}

static void rule_3_who_is_served_in_another_class_comes_with_no_first_one(void **state)
{
    (void)state;
    const enum fairness orders[] = {FAIRNESS_SOJOURN, FAIRNESS_ROUND_ROBIN};
    for (size_t i = 0; i < 2; i++) {
        struct hall hall;
        open_hall_with(
            &hall, 1, (struct queue_config){.fairness = orders[i], .has_first_chunks_first = true});
        come_in(&hall, CLASS_PREMIUM, "acme", "ann", 1);
        struct chunk *in_flight = start(&hall);
        const struct turn *turn = come_of(&hall, "acme", "ann", 1)->turn;
        uint64_t rank = hall.queue.last_rank; /* the back, in either order */
        assert_int_equal(turn->rank,
                         orders[i] == FAIRNESS_SOJOURN ? sojourn_rank_begun(rank) : rank);
        occupy(&hall, in_flight, -1);
        close_hall(&hall);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_1_whose_chunks_in_flight_have_all_ended_takes_turns_again),
        cmocka_unit_test(rule_1_there_is_no_burst_while_somebody_is_runnable_or_all_is_shut),
        cmocka_unit_test(rule_5_of_a_limited_tenant_one_turn_counts),
        cmocka_unit_test(rule_3_a_shut_tenant_is_shut_in_every_class),
        cmocka_unit_test(rule_3_what_a_tenant_owes_is_owed_by_its_new_weight_in_every_class),
        cmocka_unit_test(rule_3_what_was_used_is_paid_and_no_more_is_given_back_than_was),
        cmocka_unit_test(rule_6_what_is_urgent_is_found_by_the_deadline_of_what_is_next),
        cmocka_unit_test(rule_3_users_that_come_and_go_need_no_more_room_than_those_who_are_there),
        cmocka_unit_test(rule_3_while_nobody_serves_nothing_is_shared),
        cmocka_unit_test(rule_3_a_tenant_has_its_part_of_the_time_until_it_is_shut),
        cmocka_unit_test(rule_3_a_user_is_shut_for_every_reason_and_open_after_the_last),
        cmocka_unit_test(rule_3_who_joins_anew_has_an_age_of_its_own_and_keeps_it),
        cmocka_unit_test(rule_3_equal_sharing_hears_how_many_slots_there_are),
        cmocka_unit_test(rule_3_a_chunk_counts_once_however_often_it_comes_and_goes),
        cmocka_unit_test(rule_3_who_has_one_chunk_due_or_in_flight_comes_with_no_first_one),
        cmocka_unit_test(rule_3_a_chunk_that_comes_again_is_nobodys_first_one),
        cmocka_unit_test(rule_3_who_is_served_in_another_class_comes_with_no_first_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
