/* Rule 3, among tenants: shares in tokens, by weight, whatever their users do. */
#include "hall_for_test.h"

enum { CHUNK_TOKENS = 1000, MANY = 40 };

/* So many users of the tenant, each with so many chunks. */
static void crowd(struct hall *hall, const char *tenant, int users, uint32_t chunks)
{
    for (int i = 0; i < users; i++) {
        char name[16];
        snprintf(name, sizeof name, "user-%d", i);
        come_of(hall, tenant, name, chunks);
    }
}

static const char *name_of(const struct hall *hall, const struct user *user)
{
    const char *tenant = NULL, *name = NULL;
    book_name_user(&hall->book, user, &tenant, &name);
    return name;
}

static bool is_of(const struct user *user, const char *tenant)
{
    return strcmp(book_tenant_id(user->tenant), tenant) == 0;
}

/* Of so many chunks served one after another, how many were of the tenant. */
static int served_of(struct hall *hall, const char *tenant, int chunks)
{
    int served = 0;
    for (int i = 0; i < chunks; i++)
        served += is_of(serve_for(hall, CHUNK_TOKENS), tenant);
    return served;
}

static void rule_3_tenants_share_tokens_by_weight(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    crowd(&hall, "big", MANY, 10);
    crowd(&hall, "small", MANY, 10);
    book_tenant(&hall.book, "big")->weight = 2;
    int64_t tokens[2] = {0}; /* each chunk of another size */
    for (int i = 0; i < 300; i++) {
        uint64_t cost = CHUNK_TOKENS * (1 + (uint64_t)i * 7919 % 5);
        tokens[is_of(serve_for(&hall, cost), "small")] += (int64_t)cost;
        assert_true(llabs(tokens[0] - 2 * tokens[1]) <= (int64_t)2 * 5 * CHUNK_TOKENS);
    }
    close_hall(&hall);
}

static void rule_3_a_tenant_gains_nothing_by_more_users(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    crowd(&hall, "one", 1, 100);
    crowd(&hall, "ten", 10, 50);
    assert_in_range(served_of(&hall, "ten", 100), 49, 51);
    close_hall(&hall);
}

static void rule_3_a_heavy_user_does_not_move_the_order_of_others(void **state)
{
    (void)state;
    const struct user *order[2][20];
    struct hall halls[2];
    for (int with_heavy = 0; with_heavy < 2; with_heavy++) {
        struct hall *hall = &halls[with_heavy];
        open_hall(hall, 1, true);
        if (with_heavy)
            come_of(hall, "heavy", "flood", 1000);
        for (int i = 0; i < 5; i++) {
            char name[16];
            snprintf(name, sizeof name, "user-%d", i);
            come_of(hall, "acme", name, 4);
        }
        for (int i = 0; i < 20;) {
            const struct user *user = serve_for(hall, CHUNK_TOKENS);
            if (is_of(user, "acme"))
                order[with_heavy][i++] = user;
        }
    }
    for (int i = 0; i < 20; i++)
        assert_string_equal(name_of(&halls[0], order[0][i]), name_of(&halls[1], order[1][i]));
    close_hall(&halls[0]);
    close_hall(&halls[1]);
}

static void rule_3_usage_settles_what_was_estimated(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    crowd(&hall, "frugal", MANY, 10);
    crowd(&hall, "plain", MANY, 10);
    int frugal = 0;
    for (int i = 0; i < 200; i++) { /* the one uses half of what is thought, the other all */
        const struct user *user = serve_for(&hall, CHUNK_TOKENS);
        if (!is_of(user, "frugal"))
            continue;
        frugal++;
        queue_settle(&hall.queue, user->tenant, CLASS_STANDARD, -CHUNK_TOKENS / 2);
    }
    assert_in_range(frugal, 131, 135);
    for (int i = 0; i < 100; i++) { /* now it uses four times as much */
        const struct user *user = serve_for(&hall, CHUNK_TOKENS);
        if (!is_of(user, "frugal"))
            continue;
        frugal++;
        queue_settle(&hall.queue, user->tenant, CLASS_STANDARD, 3 * CHUNK_TOKENS);
    }
    assert_in_range(frugal, 131 + 19, 135 + 22);
    close_hall(&hall);
}

static void rule_3_who_comes_back_claims_one_quantum_at_most(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    crowd(&hall, "busy", MANY, 50);
    served_of(&hall, "busy", 500);
    crowd(&hall, "back", MANY, 50);
    int quantum = QUANTUM_TOKENS / CHUNK_TOKENS;
    int served = served_of(&hall, "back", 2 * quantum);
    assert_in_range(served, quantum + quantum / 4, quantum + quantum / 2 + 2);
    assert_in_range(served_of(&hall, "back", 100), 49, 51); /* from then on its share */
    close_hall(&hall);
}

/* With a weight of 2 a tenant pays half of what it uses: its clock tells half tokens. */
static struct tenant *tenant_of_half_tokens(struct hall *hall, const char *name)
{
    struct tenant *tenant = book_tenant(&hall->book, name);
    tenant->weight = 2;
    return tenant;
}

/* The busy one has paid 40,000 when the other comes, then half a token more or less than the claim
 * and what the other uses. */
static void rule_3_the_claim_of_who_comes_back_is_32768_tokens(void **state)
{
    (void)state;
    for (int64_t more = -1; more <= 1; more += 2) {
        struct hall hall;
        open_hall(&hall, 1, true);
        tenant_of_half_tokens(&hall, "busy");
        crowd(&hall, "busy", MANY, 2);
        serve_for(&hall, 2 * 40000);
        serve_for(&hall, (uint64_t)(2 * 40000 + more));
        crowd(&hall, "back", MANY, 2);
        assert_true(is_of(serve_for(&hall, 32768 + 40000), "back"));
        assert_int_equal(is_of(serve_for(&hall, CHUNK_TOKENS), "back"), more > 0);
        close_hall(&hall);
    }
}

static void rule_3_debts_stay_while_a_tenant_is_away(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    crowd(&hall, "busy", MANY, 50);
    crowd(&hall, "debtor", 1, 1);
    served_of(&hall, "busy", 2);
    struct tenant *debtor = book_tenant(&hall.book, "debtor");
    queue_settle(&hall.queue, debtor, CLASS_STANDARD, 20 * CHUNK_TOKENS);
    come_of(&hall, "debtor", "user-0", 50);
    assert_in_range(served_of(&hall, "debtor", 20), 0, 1);
    assert_in_range(served_of(&hall, "debtor", 40), 19, 21);
    close_hall(&hall);
}

/* A tenant that is behind by far, and the same before a new leader, who remembers no clock. */
static void rule_3_a_takeover_costs_a_quantum_at_most(void **state)
{
    (void)state;
    struct hall before, after;
    open_hall(&before, 1, true);
    crowd(&before, "steady", MANY, 50);
    served_of(&before, "steady", 300);
    crowd(&before, "back", MANY, 50); /* behind by far more than a quantum */
    open_hall(&after, 1, true);
    crowd(&after, "steady", MANY, 50);
    crowd(&after, "back", MANY, 50);
    int quantum = QUANTUM_TOKENS / CHUNK_TOKENS;
    for (int i = 0, remembered = 0, forgotten = 0; i < 200; i++) {
        remembered += served_of(&before, "back", 1);
        forgotten += served_of(&after, "back", 1);
        assert_true(abs(remembered - forgotten) <= quantum / 2 + 1);
    }
    close_hall(&before);
    close_hall(&after);
}

static void rule_3_a_weight_counts_from_the_moment_it_is_set(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    crowd(&hall, "one", MANY, 50);
    crowd(&hall, "two", MANY, 50);
    assert_in_range(served_of(&hall, "one", 100), 49, 51);
    book_tenant(&hall.book, "one")->weight = 4;
    assert_in_range(served_of(&hall, "one", 100), 78, 82);
    book_tenant(&hall.book, "one")->weight = 0.25;
    assert_in_range(served_of(&hall, "one", 100), 18, 22);
    close_hall(&hall);
}

/* A token of the least weight costs as much as a thousand of weight 1, one of the greatest as much
 * as a thousandth: half a token more or less decides who is next. */
static void rule_3_weights_are_believed_from_a_thousandth_to_a_thousand(void **state)
{
    (void)state;
    static const struct {
        double weight;
        uint64_t tokens, plain;
    } CASES[] = {
        {1e-9, 100, 100000}, {0.0005, 100, 100000}, {1e9, 100000, 100}, {2000, 100000, 100}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        for (int64_t more = -1; more <= 1; more += 2) {
            struct hall hall;
            open_hall(&hall, 1, true);
            crowd(&hall, "odd", MANY, 2);
            book_tenant(&hall.book, "odd")->weight = CASES[i].weight;
            assert_true(is_of(serve_for(&hall, CASES[i].tokens), "odd"));
            tenant_of_half_tokens(&hall, "plain");
            crowd(&hall, "plain", MANY, 2);
            serve_for(&hall, 2 * CASES[i].plain + (uint64_t)more);
            assert_int_equal(is_of(serve_for(&hall, CHUNK_TOKENS), "odd"), more > 0);
            close_hall(&hall);
        }
}

static void rule_3_what_costs_no_tokens_is_shared_by_turns(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    crowd(&hall, "one", MANY, 50);
    crowd(&hall, "two", MANY, 50);
    int served = 0;
    for (int i = 0; i < 100; i++)
        served += is_of(serve_for(&hall, 0), "one");
    assert_in_range(served, 49, 51);
    close_hall(&hall);
}

/* Against another one that has used half a token more or less. */
static void rule_3_what_costs_no_tokens_counts_as_64(void **state)
{
    (void)state;
    for (int64_t more = -1; more <= 1; more += 2) {
        struct hall hall;
        open_hall(&hall, 1, true);
        crowd(&hall, "free", MANY, 2);
        assert_true(is_of(serve_for(&hall, 0), "free"));
        tenant_of_half_tokens(&hall, "other");
        crowd(&hall, "other", MANY, 2);
        assert_true(is_of(serve_for(&hall, (uint64_t)(2 * 64 + more)), "other"));
        assert_int_equal(is_of(serve_for(&hall, 0), "free"), more > 0);
        close_hall(&hall);
    }
}

static void rule_3_a_shut_tenant_is_passed_over_and_then_goes_on(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    crowd(&hall, "shut", MANY, 50);
    crowd(&hall, "other", MANY, 50);
    struct tenant *shut = book_tenant(&hall.book, "shut");
    queue_shut_tenant(&hall.queue, shut, SHUT_BY_CONTROL);
    queue_shut_tenant(&hall.queue, shut, SHUT_BY_LIMIT);
    assert_int_equal(queue_runnable(&hall.queue), MANY);
    assert_int_equal(served_of(&hall, "shut", 20), 0);
    queue_open_tenant(&hall.queue, shut, SHUT_BY_CONTROL);
    assert_int_equal(served_of(&hall, "shut", 10), 0); /* one reason is left */
    queue_open_tenant(&hall.queue, shut, SHUT_BY_LIMIT);
    assert_int_equal(queue_runnable(&hall.queue), 2 * MANY);
    int quantum = QUANTUM_TOKENS / CHUNK_TOKENS;
    assert_in_range(served_of(&hall, "shut", 100 + quantum), 50 + quantum / 2, 52 + quantum);
    close_hall(&hall);
}

static void rule_3_a_shut_user_is_passed_over_and_then_joins_anew(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, false);
    const struct job *held = come_of(&hall, "acme", "ann", 2);
    const struct job *other = come_of(&hall, "acme", "bob", 30);
    struct user *ann = book_user_of(held->turn);
    queue_shut_user(&hall.queue, ann, SHUT_BY_CONTROL);
    const struct job *more = come_of(&hall, "acme", "ann", 1);
    for (int i = 0; i < 20; i++)
        assert_serves(&hall, other);
    queue_open_user(&hall.queue, ann, SHUT_BY_CONTROL);
    const struct job *small = come_of(&hall, "acme", "cid", 2); /* less than ann has by now */
    assert_serves(&hall, small);
    assert_serves(&hall, small);
    assert_serves(&hall, held);
    assert_serves(&hall, held);
    assert_serves(&hall, more);
    assert_serves(&hall, other);
    close_hall(&hall);
}

static void rule_3_who_was_shut_from_the_beginning_joins_with_what_comes_due_later(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    struct job_facts facts = {.job_id = id_named("a job"),
                              .tenant_id = "acme",
                              .user_id = "ann",
                              .service_class = CLASS_STANDARD};
    struct job *job = come_to(&hall, &facts, 0);
    queue_shut_user(&hall.queue, book_user_of(job->turn), SHUT_BY_CONTROL);
    struct chunk *chunk = book_add_chunk(job, 0);
    queue_add(&hall.queue, chunk);
    queue_remove(&hall.queue, chunk); /* put off */
    queue_open_user(&hall.queue, book_user_of(job->turn), SHUT_BY_CONTROL);
    queue_add(&hall.queue, chunk);
    assert_serves(&hall, job);
    close_hall(&hall);
}

static void rule_3_a_raised_weight_raises_what_was_paid_before_too(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    crowd(&hall, "slow", MANY, 50);
    crowd(&hall, "other", MANY, 50);
    struct tenant *slow = book_tenant(&hall.book, "slow");
    queue_set_weight(&hall.queue, slow, 0.001);
    assert_in_range(served_of(&hall, "slow", 100), 1, 2);
    queue_set_weight(&hall.queue, slow, 1);
    assert_in_range(served_of(&hall, "slow", 100), 48, 52);
    close_hall(&hall);
}

static void rule_3_nobody_is_next_while_all_is_shut(void **state)
{
    (void)state;
    struct hall hall;
    open_hall(&hall, 1, true);
    const struct job *job = come_of(&hall, "acme", "ann", 2);
    queue_shut_all(&hall.queue, SHUT_BY_CONTROL);
    assert_null(queue_next(&hall.queue));
    assert_int_equal(queue_runnable(&hall.queue), 0);
    queue_open_all(&hall.queue, SHUT_BY_CONTROL);
    assert_serves(&hall, job);
    close_hall(&hall);
}

static void rule_3_who_is_served_in_one_class_overtakes_nobody_in_another(void **state)
{
    (void)state;
    static const enum fairness ORDERS[] = {FAIRNESS_SOJOURN, FAIRNESS_ROUND_ROBIN};
    for (size_t i = 0; i < sizeof ORDERS / sizeof ORDERS[0]; i++) {
        struct hall hall;
        open_hall_with(
            &hall, 2, (struct queue_config){.fairness = ORDERS[i], .has_first_chunks_first = true});
        struct job_facts premium = {.job_id = id_named("premium"),
                                    .tenant_id = "acme",
                                    .user_id = "ann",
                                    .service_class = CLASS_PREMIUM};
        come_to(&hall, &premium, 1);
        struct chunk *served = start(&hall);
        const struct job *first = come_of(&hall, "acme", "bob", 1);
        const struct job *second = come_of(&hall, "acme", "ann", 1);
        occupy(&hall, served, -1);
        assert_serves(&hall, first);
        assert_serves(&hall, second);
        close_hall(&hall);
    }
}

static void rule_12_positions_count_what_other_tenants_take(void **state)
{
    (void)state;
    struct hall hall;
    open_hall_with(&hall, 1, (struct queue_config){.fairness = FAIRNESS_ROUND_ROBIN});
    crowd(&hall, "one", 10, 1);
    crowd(&hall, "two", 10, 1);
    serve_for(&hall, CHUNK_TOKENS);
    serve_for(&hall, CHUNK_TOKENS);
    struct job *last = come_of(&hall, "two", "late", 1);
    /* Nine of its own tenant, and as many of the other while they are served. */
    assert_in_range(queue_ahead_of(&hall.queue, book_chunk(last, 0)), 17, 19);
    close_hall(&hall);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_3_tenants_share_tokens_by_weight),
        cmocka_unit_test(rule_3_a_tenant_gains_nothing_by_more_users),
        cmocka_unit_test(rule_3_a_heavy_user_does_not_move_the_order_of_others),
        cmocka_unit_test(rule_3_usage_settles_what_was_estimated),
        cmocka_unit_test(rule_3_who_comes_back_claims_one_quantum_at_most),
        cmocka_unit_test(rule_3_the_claim_of_who_comes_back_is_32768_tokens),
        cmocka_unit_test(rule_3_debts_stay_while_a_tenant_is_away),
        cmocka_unit_test(rule_3_a_takeover_costs_a_quantum_at_most),
        cmocka_unit_test(rule_3_a_weight_counts_from_the_moment_it_is_set),
        cmocka_unit_test(rule_3_weights_are_believed_from_a_thousandth_to_a_thousand),
        cmocka_unit_test(rule_3_what_costs_no_tokens_is_shared_by_turns),
        cmocka_unit_test(rule_3_what_costs_no_tokens_counts_as_64),
        cmocka_unit_test(rule_3_a_shut_tenant_is_passed_over_and_then_goes_on),
        cmocka_unit_test(rule_3_a_shut_user_is_passed_over_and_then_joins_anew),
        cmocka_unit_test(rule_3_who_was_shut_from_the_beginning_joins_with_what_comes_due_later),
        cmocka_unit_test(rule_3_a_raised_weight_raises_what_was_paid_before_too),
        cmocka_unit_test(rule_3_nobody_is_next_while_all_is_shut),
        cmocka_unit_test(rule_3_who_is_served_in_one_class_overtakes_nobody_in_another),
        cmocka_unit_test(rule_12_positions_count_what_other_tenants_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
