/* The chunks of a turn that are due come oldest first, however many they are (rule 3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "due.h"
#include "names_for_test.h"

enum { JOBS = 3, CHUNKS_OF_EACH = 4, CHUNKS = JOBS * CHUNKS_OF_EACH };

static uint32_t drawn(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) % below;
}

/* By age and by place: the order in which they are due. */
static struct turn *open_turn(struct book *book, struct chunk *chunks[CHUNKS])
{
    static const char *const IDS[JOBS] = {"1", "2", "3"};
    struct turn *turn = NULL;
    for (uint32_t i = 0; i < JOBS; i++) {
        struct job_facts facts = {.job_id = id_named(IDS[i]),
                                  .tenant_id = "acme",
                                  .user_id = "ann",
                                  .service_class = CLASS_STANDARD};
        struct job *job = book_add_job(book, &facts, (struct instant){1});
        for (uint32_t k = 0; k < CHUNKS_OF_EACH; k++)
            chunks[i * CHUNKS_OF_EACH + k] = book_add_chunk(job, k);
        turn = job->turn;
    }
    return turn;
}

static void assert_holds(const struct turn *turn, struct chunk *const chunks[CHUNKS],
                         const bool is_due[CHUNKS])
{
    uint32_t count = 0;
    const struct chunk *first = NULL;
    for (uint32_t i = 0; i < CHUNKS; i++) {
        assert_int_equal(due_count_below(turn, due_key(chunks[i])), count);
        if (is_due[i] && count++ == 0)
            first = chunks[i];
    }
    assert_int_equal(turn->due_count, count);
    assert_ptr_equal(due_first(turn), first);
}

static void rule_3_the_oldest_job_is_first_and_its_lowest_number(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 100; seed++) {
        uint32_t random = seed;
        struct book book = {0};
        struct chunk *chunks[CHUNKS];
        bool is_due[CHUNKS] = {false};
        struct turn *turn = open_turn(&book, chunks);
        assert_holds(turn, chunks, is_due);
        for (int step = 0; step < 60; step++) { /* towards the end few are left */
            uint32_t drawn_one = drawn(&random, step < 30 ? CHUNKS : 3);
            if (is_due[drawn_one])
                due_remove(turn, chunks[drawn_one]);
            else
                due_add(turn, chunks[drawn_one]);
            is_due[drawn_one] = !is_due[drawn_one];
            assert_holds(turn, chunks, is_due);
        }
        for (uint32_t i = 0; i < CHUNKS; i++)
            if (is_due[i])
                due_remove(turn, chunks[i]);
        book_free(&book);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_3_the_oldest_job_is_first_and_its_lowest_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
