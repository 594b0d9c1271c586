/* What is kept of a row while it waits says what the row said. */
#include "hall_for_test.h"

static struct job *add(struct book *book, const char *name, int64_t heard_ms)
{
    struct job_facts facts = {
        .job_id = id_named(name), .tenant_id = "acme", .user_id = "ann", .deadline_left_ms = 5000};
    return book_add_job(book, &facts, instant_plus_ms((struct instant){0}, heard_ms));
}

static void a_job_is_found_by_its_id_alone(void **state)
{
    (void)state;
    struct book book = {0};
    const struct job *one = add(&book, "one", 0), *two = add(&book, "two", 1);
    assert_ptr_equal(book_job(&book, id_named("one")), one);
    assert_ptr_equal(book_job(&book, id_named("two")), two);
    assert_null(book_job(&book, id_named("three")));
    assert_null(book_job(&book, "one"));
    assert_null(book_job(&book, ""));
    book_free(&book);
}

static void a_deadline_counts_from_when_the_job_was_heard_of(void **state)
{
    (void)state;
    struct book book = {0};
    struct job *job = add(&book, "one", 7);
    assert_int_equal(book_deadline(job).ns, INT64_C(5007) * 1000 * 1000);
    job->deadline_ms = 0;
    assert_int_equal(book_deadline(job).ns, INT64_MAX);
    book_free(&book);
}

static void who_waits_longest_is_known_whoever_is_served_or_goes(void **state)
{
    (void)state;
    enum { JOBS = 6 };
    struct book book = {0};
    struct job *jobs[JOBS];
    for (int i = 0; i < JOBS; i++) {
        char name[2] = {(char)('a' + i)};
        jobs[i] = add(&book, name, i);
        if (i != 1) /* known to be served before it was heard of */
            book_await_service(&book, jobs[i]);
    }
    assert_ptr_equal(book_longest_unserved(&book), jobs[0]);
    assert_true(book_end_waiting(&book, jobs[2]));
    assert_false(book_end_waiting(&book, jobs[2]));
    assert_ptr_equal(book_longest_unserved(&book), jobs[0]);
    book_drop_job(&book, jobs[0]);
    assert_ptr_equal(book_longest_unserved(&book), jobs[3]);
    book_drop_job(&book, jobs[4]);
    assert_true(book_end_waiting(&book, jobs[3]));
    assert_ptr_equal(book_longest_unserved(&book), jobs[5]);
    assert_true(book_end_waiting(&book, jobs[5]));
    assert_null(book_longest_unserved(&book));
    struct job *late = add(&book, "late", 9);
    book_await_service(&book, late);
    assert_ptr_equal(book_longest_unserved(&book), late);
    book_free(&book);
}

static void what_is_kept_of_a_row_is_told_again(void **state)
{
    (void)state;
    struct book book = {0};
    struct chunk *chunk = book_add_chunk(add(&book, "one", 0), 3);
    struct chunk_facts facts = {.number = 3,
                                .version = 4,
                                .attempt = 2,
                                .tries = 2,
                                .depth = 1,
                                .open_posts = 70000,
                                .text_bytes = 1 << 20,
                                .retry_in_ms = 1500,
                                .status = CHUNK_READY,
                                .last_class = OUTCOME_ABORTED,
                                .mode = MODE_EMBEDDED};
    book_keep_row(chunk, &facts);
    struct chunk_facts told = book_row_of(chunk);
    assert_memory_equal(&told, &facts, sizeof told);
    facts.status = CHUNK_IN_FLIGHT;
    facts.lease_left_ms = 900;
    facts.tries = 1000;
    book_keep_row(chunk, &facts);
    told = book_row_of(chunk);
    assert_int_equal(told.lease_left_ms, 900);
    assert_int_equal(told.retry_in_ms, 0);
    assert_int_equal(told.tries, UINT8_MAX);
    book_free(&book);
}

static void the_work_of_a_chunk_counts_anew_with_each_attempt(void **state)
{
    (void)state;
    struct book book = {0};
    struct chunk *chunk = book_add_chunk(add(&book, "one", 0), 0);
    struct chunk_facts facts = {.version = 1, .attempt = 1, .status = CHUNK_READY};
    book_keep_row(chunk, &facts);
    chunk->is_staked = chunk->is_patient = true;
    facts.version = 2;
    book_keep_row(chunk, &facts);
    assert_true(chunk->is_staked && chunk->is_patient);
    facts.attempt = 2;
    book_keep_row(chunk, &facts);
    assert_false(chunk->is_staked || chunk->is_patient);
    book_free(&book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_found_by_its_id_alone),
        cmocka_unit_test(a_deadline_counts_from_when_the_job_was_heard_of),
        cmocka_unit_test(who_waits_longest_is_known_whoever_is_served_or_goes),
        cmocka_unit_test(what_is_kept_of_a_row_is_told_again),
        cmocka_unit_test(the_work_of_a_chunk_counts_anew_with_each_attempt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
