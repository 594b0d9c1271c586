/* What is known of jobs, chunks and users is found again, however it came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "book.h"
#include "names_for_test.h"

enum { MOST_NUMBERS = 40 };

static uint32_t drawn(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) % below;
}

static struct job *add_job(struct book *book, const char *id, const char *tenant, const char *user,
                           enum service_class class)
{
    struct job_facts facts = {
        .job_id = id_named(id), .tenant_id = tenant, .user_id = user, .service_class = class};
    return book_add_job(book, &facts, (struct instant){1});
}

static void chunks_are_found_by_number_in_whatever_order_they_came(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 200; seed++) {
        uint32_t random = seed;
        struct book book = {0};
        struct job *job = add_job(&book, "one", "acme", "ann", CLASS_STANDARD);
        struct chunk *chunks[MOST_NUMBERS] = {0};
        uint32_t count = 1 + drawn(&random, MOST_NUMBERS);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t number = drawn(&random, MOST_NUMBERS);
            if (!chunks[number])
                chunks[number] = book_add_chunk(job, number);
        }
        uint32_t place = 0;
        for (uint32_t number = 0; number < MOST_NUMBERS; number++) {
            assert_ptr_equal(book_chunk(job, number), chunks[number]);
            if (!chunks[number])
                continue;
            assert_int_equal(chunks[number]->facts.number, number);
            assert_ptr_equal(book_job_of(chunks[number]), job);
            assert_ptr_equal(book_chunk_at(job, place++), chunks[number]); /* in their order */
        }
        assert_int_equal(job->chunk_count, place);
        assert_null(book_chunk(job, MOST_NUMBERS));
        book_free(&book);
    }
}

static void a_user_is_one_of_its_tenant_in_its_lane(void **state)
{
    (void)state;
    struct book book = {0};
    struct user *ann = book_user_of(add_job(&book, "1", "acme", "ann", CLASS_STANDARD)->turn);
    struct user *live = book_user_of(add_job(&book, "2", "acme", "ann", CLASS_INTERACTIVE)->turn);
    struct user *bob = book_user_of(add_job(&book, "3", "acme", "bob", CLASS_STANDARD)->turn);
    struct user *other = book_user_of(add_job(&book, "4", "other", "ann", CLASS_STANDARD)->turn);
    assert_ptr_equal(book_user_of(add_job(&book, "5", "acme", "ann", CLASS_PREMIUM)->turn), ann);
    assert_ptr_equal(book_user(&book, "acme", "ann", 0), ann);
    assert_ptr_equal(book_user(&book, "acme", "ann", INTERACTIVE_LANE), live);
    assert_ptr_equal(book_user(&book, "acme", "bob", 0), bob);
    assert_ptr_equal(book_user(&book, "other", "ann", 0), other);
    assert_null(book_user(&book, "other", "bob", 0));
    assert_null(book_user(&book, "acme", "bob", INTERACTIVE_LANE));
    assert_int_equal(book.user_count, 4);
    book_drop_job(&book, book_job(&book, id_named("1")));
    assert_ptr_equal(book_user(&book, "acme", "ann", 0), ann); /* has another */
    book_drop_job(&book, book_job(&book, id_named("5")));
    assert_null(book_user(&book, "acme", "ann", 0));
    assert_ptr_equal(book_user(&book, "acme", "ann", INTERACTIVE_LANE), live);
    assert_int_equal(book.user_count, 3);
    book_free(&book);
}

static void the_end_of_the_waiting_is_answered_once(void **state)
{
    (void)state;
    struct book book = {0};
    struct job *jobs[3];
    const char *ids[] = {"1", "2", "3"};
    for (int i = 0; i < 3; i++)
        jobs[i] = add_job(&book, ids[i], "acme", "ann", CLASS_STANDARD);
    assert_false(book_end_waiting(&book, jobs[0])); /* never began */
    for (int i = 0; i < 3; i++)
        book_await_service(&book, jobs[i]);
    assert_ptr_equal(book_longest_unserved(&book), jobs[0]);
    assert_true(book_end_waiting(&book, jobs[1]));
    assert_false(book_end_waiting(&book, jobs[1]));
    assert_true(book_end_waiting(&book, jobs[0]));
    assert_ptr_equal(book_longest_unserved(&book), jobs[2]);
    book_await_service(&book, jobs[0]); /* was heard of before the other */
    assert_ptr_equal(book_longest_unserved(&book), jobs[0]);
    book_drop_job(&book, jobs[2]);
    assert_ptr_equal(book_longest_unserved(&book), jobs[0]);
    assert_true(book_end_waiting(&book, jobs[0]));
    assert_null(book_longest_unserved(&book));
    book_free(&book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_are_found_by_number_in_whatever_order_they_came),
        cmocka_unit_test(a_user_is_one_of_its_tenant_in_its_lane),
        cmocka_unit_test(the_end_of_the_waiting_is_answered_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
