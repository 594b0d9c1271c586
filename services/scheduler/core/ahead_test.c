/* Rule 12: how many chunks are served before one, as foretold and as it then happens. */
#include "hall_for_test.h"

enum { MOST_CHUNKS = 64 };

static uint32_t drawn(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) % below;
}

/* All that waits, and what was foretold of it. */
struct foretold {
    const struct chunk *chunks[MOST_CHUNKS];
    size_t ahead[MOST_CHUNKS];
    size_t count;
};

static bool is_due(const struct chunk *chunk)
{
    const struct turn *turn = book_turn_of(chunk);
    return due_count_below(turn, due_key(chunk) + 1) > due_count_below(turn, due_key(chunk));
}

static void foretell(void *context, struct job *job)
{
    struct foretold *foretold = context;
    for (uint32_t i = 0; i < job->chunk_count; i++)
        if (is_due(book_chunk_at(job, i)))
            foretold->chunks[foretold->count++] = book_chunk_at(job, i);
}

/* Serves all that waits, one after another: each when it was foretold. */
static void assert_as_foretold(struct hall *hall)
{
    struct foretold foretold = {0};
    book_each_job(&hall->book, foretell, &foretold);
    for (size_t i = 0; i < foretold.count; i++)
        foretold.ahead[i] = queue_ahead_of(&hall->queue, foretold.chunks[i]);
    for (size_t place = 0; place < foretold.count; place++) {
        const struct chunk *served = start(hall);
        assert_non_null(served);
        pass(hall, CHUNK_MS);
        occupy(hall, served, -1);
        for (size_t i = 0; i < foretold.count; i++)
            if (foretold.chunks[i] == served)
                assert_int_equal(foretold.ahead[i], place);
    }
    assert_null(start(hall));
}

static struct job *come_in(struct hall *hall, enum service_class class, const char *tenant,
                           uint32_t user, uint32_t chunks)
{
    char id[JOB_ID_SIZE], name[16];
    snprintf(id, sizeof id, "job %d", ++hall->last_job);
    snprintf(name, sizeof name, "user %u", user);
    struct job_facts facts = {
        .job_id = id_named(id), .tenant_id = tenant, .user_id = name, .service_class = class};
    return come_to(hall, &facts, chunks);
}

static void rule_12_in_turn_and_by_age_each_place_is_as_foretold(void **state)
{
    (void)state;
    const enum fairness orders[] = {FAIRNESS_ROUND_ROBIN, FAIRNESS_FIFO};
    for (size_t order = 0; order < 2; order++) {
        for (uint32_t seed = 1; seed <= 100; seed++) {
            uint32_t random = seed;
            struct hall hall;
            open_hall_with(&hall, 1, (struct queue_config){.fairness = orders[order]});
            for (int i = 0; i < 9; i++) {
                come_in(&hall, CLASS_STANDARD, "acme", drawn(&random, 5), 1 + drawn(&random, 4));
                if (drawn(&random, 3) == 0) { /* some have been served before */
                    const struct chunk *served = start(&hall);
                    pass(&hall, CHUNK_MS);
                    occupy(&hall, served, -1);
                }
            }
            assert_as_foretold(&hall);
            close_hall(&hall);
        }
    }
}

static void rule_12_among_classes_each_place_is_as_foretold(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 100; seed++) {
        uint32_t random = seed;
        struct hall hall;
        open_hall_with(&hall, 1, (struct queue_config){.fairness = FAIRNESS_FIFO});
        for (uint32_t i = 0; i < 40; i++)
            come_in(&hall, (enum service_class)drawn(&random, CLASSES), "acme", i, 1);
        assert_as_foretold(&hall);
        close_hall(&hall);
    }
}

static void rule_12_among_tenants_each_place_is_as_foretold(void **state)
{
    (void)state;
    static const char *const tenants[] = {"a", "b", "c", "d"};
    for (uint32_t seed = 1; seed <= 100; seed++) {
        uint32_t random = seed;
        struct hall hall;
        open_hall_with(&hall, 1, (struct queue_config){.fairness = FAIRNESS_FIFO});
        for (uint32_t i = 0; i < 4; i++)
            book_tenant(&hall.book, tenants[i])->weight = 1 + drawn(&random, 2);
        for (uint32_t i = 0; i < 40; i++)
            come_in(&hall, CLASS_STANDARD, tenants[drawn(&random, 4)], i, 1);
        assert_as_foretold(&hall);
        close_hall(&hall);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_12_in_turn_and_by_age_each_place_is_as_foretold),
        cmocka_unit_test(rule_12_among_classes_each_place_is_as_foretold),
        cmocka_unit_test(rule_12_among_tenants_each_place_is_as_foretold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
