/* Rule 4, class by class: who comes and goes neither gains by it nor loses what it owes. */
#include "hall_for_test.h"

enum { MANY = 60 };

static void open_weighted(struct hall *hall, uint32_t premium, uint32_t background)
{
    struct queue_config config = {.has_first_chunks_first = true,
                                  .weights = {1, premium, 1, background}};
    *hall = (struct hall){0};
    queue_open(&hall->queue, &config);
    queue_set_pace(&hall->queue, 1, CHUNK_MS * 1000);
}

static struct chunk *one_comes_as(struct hall *hall, enum service_class class)
{
    char id[JOB_ID_SIZE], user[16];
    snprintf(id, sizeof id, "job %d", ++hall->last_job);
    snprintf(user, sizeof user, "user %d", hall->last_job);
    struct job_facts facts = {
        .job_id = id_named(id), .tenant_id = "acme", .user_id = user, .service_class = class};
    return book_chunk_at(come_to(hall, &facts, 1), 0);
}

/* So many users of the class come, each with one chunk. */
static void come_as(struct hall *hall, enum service_class class, int users)
{
    for (int i = 0; i < users; i++)
        one_comes_as(hall, class);
}

static enum service_class serve_one(struct hall *hall)
{
    struct chunk *chunk = start(hall);
    assert_non_null(chunk);
    pass(hall, CHUNK_MS);
    occupy(hall, chunk, -1);
    return book_turn_of(chunk)->service_class;
}

static void rule_4_a_class_that_comes_back_has_no_claim_on_what_was_shared_meanwhile(void **state)
{
    (void)state;
    struct hall hall;
    open_weighted(&hall, 1, 1);
    come_as(&hall, CLASS_PREMIUM, MANY);
    for (int i = 0; i < 30; i++)
        assert_int_equal(serve_one(&hall), CLASS_PREMIUM);
    come_as(&hall, CLASS_BACKGROUND, MANY);
    int of_background = 0;
    for (int i = 0; i < 20; i++)
        of_background += serve_one(&hall) == CLASS_BACKGROUND;
    assert_in_range(of_background, 9, 11);
    close_hall(&hall);
}

static void rule_4_a_class_that_goes_for_a_moment_still_owes_what_it_had(void **state)
{
    (void)state;
    struct hall hall;
    open_weighted(&hall, 8, 1);
    come_as(&hall, CLASS_PREMIUM, 100);
    come_as(&hall, CLASS_BACKGROUND, 1);
    int of_background = 0;
    for (int i = 0; i < 90; i++)
        if (serve_one(&hall) == CLASS_BACKGROUND) {
            of_background++;
            come_as(&hall, CLASS_BACKGROUND, 1); /* now it has none, now it has one */
        }
    assert_in_range(of_background, 9, 11);
    close_hall(&hall);
}

static int served_of(struct hall *hall, enum service_class class, int grants)
{
    int of_class = 0;
    for (int i = 0; i < grants; i++)
        of_class += serve_one(hall) == class;
    return of_class;
}

static void rule_4_what_is_granted_out_of_turn_is_no_debt_of_who_comes_then(void **state)
{
    (void)state;
    struct hall hall;
    open_weighted(&hall, 1, 1);
    come_as(&hall, CLASS_BACKGROUND, MANY);
    for (int i = 0; i < 20; i++) { /* they must not wait for their turn */
        struct chunk *chunk = one_comes_as(&hall, CLASS_PREMIUM);
        queue_charge(&hall.queue, chunk, QUANTUM_TOKENS);
        queue_remove(&hall.queue, chunk);
    }
    come_as(&hall, CLASS_STANDARD, MANY);
    assert_in_range(served_of(&hall, CLASS_STANDARD, 10), 4, 6);
    close_hall(&hall);
}

/* Further chunks of a user in service, while nobody waits. */
static void burst(struct hall *hall, struct job *job, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct chunk *chunk = book_add_chunk(job, job->chunk_count);
        chunk->facts.status = CHUNK_READY;
        queue_add(&hall->queue, chunk);
        assert_null(queue_next(&hall->queue));
        queue_charge(&hall->queue, chunk, QUANTUM_TOKENS);
        queue_remove(&hall->queue, chunk);
    }
}

static void rule_4_who_bursts_while_nobody_waits_owes_nothing_for_it(void **state)
{
    (void)state;
    struct hall hall;
    open_weighted(&hall, 1, 1);
    come_as(&hall, CLASS_STANDARD, 1);
    struct chunk *little = start(&hall);
    come_as(&hall, CLASS_PREMIUM, 1);
    struct chunk *much = start(&hall);
    burst(&hall, book_job_of(much), 20);
    burst(&hall, book_job_of(little), 1);
    come_as(&hall, CLASS_PREMIUM, MANY);
    come_as(&hall, CLASS_BACKGROUND, MANY);
    assert_in_range(served_of(&hall, CLASS_PREMIUM, 10), 4, 6);
    occupy(&hall, little, -1);
    occupy(&hall, much, -1);
    close_hall(&hall);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_4_a_class_that_comes_back_has_no_claim_on_what_was_shared_meanwhile),
        cmocka_unit_test(rule_4_a_class_that_goes_for_a_moment_still_owes_what_it_had),
        cmocka_unit_test(rule_4_what_is_granted_out_of_turn_is_no_debt_of_who_comes_then),
        cmocka_unit_test(rule_4_who_bursts_while_nobody_waits_owes_nothing_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
