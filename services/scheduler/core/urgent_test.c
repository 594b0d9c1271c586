/* Rules 5 and 6: what needs no endpoint, and what may not wait so long, does not wait for a limit,
 * be it its endpoint's or its tenant's. */
#include "bench_for_test.h"

enum { SPENT = 100, MINUTE_MS = 60000 };

/* The core is told nothing and asks for nothing but what the test is about. */
static struct scheduler_config quiet(void)
{
    struct scheduler_config config = config_with(10);
    config.endpoint_count = 1;
    strcpy(config.endpoints[0].name, "main");
    config.lead_lease_ms = config.reread_ms = config.heal_ms = 4 * MINUTE_MS;
    return config;
}

static struct job_facts of(const char *tenant, const char *user, int number, uint32_t deadline_ms,
                           const struct chunk_facts *chunk)
{
    return (struct job_facts){.job_id = job_id(number),
                              .tenant_id = tenant,
                              .user_id = user,
                              .service_class = CLASS_STANDARD,
                              .deadline_left_ms = deadline_ms,
                              .chunks = chunk,
                              .chunk_count = 1};
}

static void hand_in(struct bench *b, struct job_facts job)
{
    tell(b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
}

static void submit_for(struct bench *b, const char *tenant, const char *user, int number,
                       uint32_t deadline_ms)
{
    struct chunk_facts chunk = ready(0);
    hand_in(b, of(tenant, user, number, deadline_ms, &chunk));
}

/* All its tries are used, and it is alone: the last resort is the embedded analysis. */
static void submit_last_resort(struct bench *b, const char *tenant, const char *user, int number)
{
    struct chunk_facts chunk = ready(0);
    chunk.open_posts = 1;
    chunk.tries = chunk.attempt = 3;
    hand_in(b, of(tenant, user, number, 0, &chunk));
}

/* A request a minute, and it is made: of every tenant, or of the endpoint. */
static struct bench used_up(struct scheduler_config config, const char *tenant)
{
    struct bench b;
    struct limits limits = {.requests_per_minute = 1};
    if (tenant)
        config.tenant_limits = limits;
    else
        config.endpoints[0].limits = limits;
    open_bench(&b, config);
    lead(&b);
    submit_for(&b, tenant ? tenant : "acme", "first", SPENT, 0);
    assert_int_equal(grant_all(&b), 1);
    assert_int_equal(ask_now(&b, attempt_of(SPENT, 0, 1), "hands"), 1);
    return b;
}

static void assert_embedded(const struct bench *b, int number, bool is_degraded)
{
    assert_int_equal(b->item_count, 1);
    assert_string_equal(b->items[0].id.job_id, job_id(number));
    assert_int_equal(b->items[0].mode, MODE_EMBEDDED);
    assert_int_equal(b->items[0].is_degraded, is_degraded);
}

static void rule_6_a_spent_tenants_jobs_do_not_wait_beyond_their_deadlines(void **state)
{
    (void)state;
    struct bench b = used_up(quiet(), "acme");
    submit_for(&b, "acme", "patient", 1, 0); /* shuts the tenant, and is before the others */
    submit_for(&b, "acme", "late", 2, 10 * MINUTE_MS);
    assert_int_equal(b.item_count, 0);
    submit_for(&b, "acme", "ann", 3, MINUTE_MS);
    assert_embedded(&b, 3, true);
    close_bench(&b);
}

static void rule_6_who_ends_first_and_cannot_be_granted_hides_nobody(void **state)
{
    (void)state;
    for (int is_tenants = 0; is_tenants < 2; is_tenants++) {
        struct bench b = used_up(quiet(), is_tenants ? "acme" : NULL);
        submit_for(&b, "acme", "busy", 1, MINUTE_MS - 1);
        assert_int_equal(grant_all(&b), 1);
        for (int i = 0; i < 100; i++) /* all before the one that can be, and behind their own */
            submit_for(&b, "acme", "busy", 200 + i, 10000);
        assert_int_equal(b.item_count, 0);
        submit_for(&b, "acme", "ann", 2, MINUTE_MS);
        assert_embedded(&b, 2, true);
        close_bench(&b);
    }
}

/* Nobody knows when a call ends: the wait lasts while there is time. */
static void rule_6_who_waits_for_a_call_to_end_is_done_before_the_deadline(void **state)
{
    (void)state;
    for (int is_tenants = 0; is_tenants < 2; is_tenants++) {
        struct scheduler_config config = quiet();
        struct limits limits = {.calls_in_flight = 1}; /* and one granted ahead of it */
        *(is_tenants ? &config.tenant_limits : &config.endpoints[0].limits) = limits;
        struct bench b;
        open_bench(&b, config);
        lead(&b);
        submit_for(&b, "acme", "first", SPENT, 0);
        assert_int_equal(grant_all(&b), 1);
        assert_int_equal(ask_now(&b, attempt_of(SPENT, 0, 1), "hands"), 1);
        submit_for(&b, "acme", "patient", 1, 0);
        assert_int_equal(grant_all(&b), 1);
        submit_for(&b, "acme", "waits", 2, 0);
        submit_for(&b, "acme", "ann", 3, 8000);
        int64_t waited_ms = 0;
        while (b.item_count == 0) {
            pass(&b, 250);
            hush(&b);
            waited_ms += 250;
        }
        assert_embedded(&b, 3, false); /* it was its time that was up */
        assert_in_range(waited_ms, 5000, 6250);
        close_bench(&b);
    }
}

/* Else it would be next, shut out and next again, for ever. */
static void rule_6_less_than_a_millisecond_beyond_the_margin_it_is_done(void **state)
{
    (void)state;
    struct scheduler_config config = quiet();
    config.tenant_limits.calls_in_flight = 1; /* and one granted ahead of it */
    struct bench b;
    open_bench(&b, config);
    lead(&b);
    submit_for(&b, "acme", "first", SPENT, 0);
    assert_int_equal(grant_all(&b), 1);
    assert_int_equal(ask_now(&b, attempt_of(SPENT, 0, 1), "hands"), 1);
    submit_for(&b, "acme", "patient", 1, 0);
    assert_int_equal(grant_all(&b), 1);
    submit_for(&b, "acme", "waits", 2, 0); /* shuts the tenant: looked at again each second */
    const struct instant shut = b.now;
    b.now.ns = shut.ns + 1000 * CLOCK_MS - CLOCK_MS / 4;
    submit_for(&b, "acme", "ann", 3, 8000);
    for (int seconds = 1; seconds <= 6; seconds++) {
        assert_int_equal(b.item_count, 0);
        b.now = instant_plus_ms(shut, seconds * INT64_C(1000));
        renew(&b, 1);
        beat(&b, 100);
    }
    assert_embedded(&b, 3, false);
    close_bench(&b);
}

static void rule_6_the_last_resort_waits_for_no_endpoint(void **state)
{
    (void)state;
    for (int is_tenants = 0; is_tenants < 2; is_tenants++) {
        struct scheduler_config config = quiet();
        config.has_fallback = false; /* which it does not need */
        struct bench b = used_up(config, is_tenants ? "acme" : NULL);
        submit_for(&b, "acme", "patient", 1, 0);
        assert_int_equal(b.item_count, 0);
        submit_last_resort(&b, "acme", "bob", 2);
        assert_embedded(&b, 2, false);
        close_bench(&b);
    }
}

static void rule_3_what_needs_no_endpoint_waits_for_its_users_older_job(void **state)
{
    (void)state;
    struct bench b = used_up(quiet(), NULL);
    submit_for(&b, "acme", "ann", 1, 0);
    submit_last_resort(&b, "acme", "ann", 2);
    submit_for(&b, "acme", "ann", 3, 10000);
    assert_int_equal(b.item_count, 0);
    close_bench(&b);
}

static void rule_1_what_needs_no_endpoint_waits_for_its_users_chunk_in_flight(void **state)
{
    (void)state;
    struct bench b = used_up(quiet(), "acme");
    submit_for(&b, "acme", "patient", 1, 0);
    submit_last_resort(&b, "acme", "first", 2);
    submit_for(&b, "acme", "first", 3, 10000);
    assert_int_equal(b.item_count, 0);
    close_bench(&b);
}

static void control(struct bench *b, enum control_scope scope, const char *tenant, const char *name)
{
    struct control_facts facts = {.scope = scope,
                                  .tenant_id = tenant,
                                  .name = name,
                                  .state = CONTROL_HELD,
                                  .message = "",
                                  .version = 1};
    tell(b, (struct event){.kind = EVENT_CONTROL, .control = &facts});
}

static void rule_6_who_is_held_is_not_done_by_the_embedded_analysis(void **state)
{
    (void)state;
    static const struct {
        enum control_scope scope;
        const char *tenant, *name;
    } HELD[] = {{SCOPE_SYSTEM, "", ""}, {SCOPE_TENANT, "acme", ""}, {SCOPE_USER, "acme", "ann"}};
    for (size_t i = 0; i < 3; i++)
        for (int is_tenants = 0; is_tenants < 2; is_tenants++) {
            struct bench b = used_up(quiet(), is_tenants ? "acme" : NULL);
            submit_for(&b, "acme", "patient", 1, 0);
            control(&b, HELD[i].scope, HELD[i].tenant, HELD[i].name);
            submit_for(&b, "acme", "ann", 2, 10000);
            assert_int_equal(b.item_count, 0);
            close_bench(&b);
        }
}

/* With two slots: what the spent tenant gets done does not keep the other's out. */
static void rule_3_a_spent_tenants_urgent_jobs_take_their_turns(void **state)
{
    (void)state;
    struct scheduler_config config = quiet();
    config.max_active_users = 2;
    struct bench b = used_up(config, "acme");
    submit_for(&b, "acme", "patient", 1, 0);
    char user[16];
    for (int i = 0; i < 20; i++) {
        snprintf(user, sizeof(user), "user-%d", i);
        submit_for(&b, "acme", user, 200 + i, 20000);
    }
    size_t granted_before = b.item_count; /* those found room */
    assert_in_range(granted_before, 1, 5);
    submit_for(&b, "other", "cem", 2, 0);
    bool is_served = false;
    int done_for_acme = 0;
    while (!is_served && done_for_acme < 20) {
        struct batch_item items[MOST_ITEMS];
        size_t count = b.item_count;
        memcpy(items, b.items, count * sizeof(items[0]));
        assert_true(count > 0);
        grant_all(&b);
        for (size_t i = 0; i < count; i++) {
            is_served = is_served || strcmp(items[i].id.job_id, job_id(2)) == 0;
            if (strcmp(items[i].id.job_id, job_id(2)) == 0)
                continue;
            int number = 200 + done_for_acme++;
            outcome(&b, items[i].id);
            struct chunk_facts chunk = done(0);
            snprintf(user, sizeof(user), "user-%d", number - 200);
            happen(&b, number, user, 2, JOB_COMPLETED, &chunk);
        }
    }
    assert_true(is_served);
    assert_in_range(done_for_acme, granted_before, 10);
    close_bench(&b);
}

static void rule_6_whose_tenant_has_room_again_is_done_by_the_llm(void **state)
{
    (void)state;
    struct bench b = used_up(quiet(), "acme");
    submit_for(&b, "acme", "patient", 1, 0);
    submit_for(&b, "acme", "late", 2, 2 * MINUTE_MS);
    assert_int_equal(b.item_count, 0);
    for (int i = 0; b.item_count == 0 && i < 300; i++) {
        pass(&b, 250);
        hush(&b);
    }
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].mode, MODE_LLM);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_6_a_spent_tenants_jobs_do_not_wait_beyond_their_deadlines),
        cmocka_unit_test(rule_6_who_ends_first_and_cannot_be_granted_hides_nobody),
        cmocka_unit_test(rule_6_who_waits_for_a_call_to_end_is_done_before_the_deadline),
        cmocka_unit_test(rule_6_less_than_a_millisecond_beyond_the_margin_it_is_done),
        cmocka_unit_test(rule_6_the_last_resort_waits_for_no_endpoint),
        cmocka_unit_test(rule_3_what_needs_no_endpoint_waits_for_its_users_older_job),
        cmocka_unit_test(rule_1_what_needs_no_endpoint_waits_for_its_users_chunk_in_flight),
        cmocka_unit_test(rule_6_who_is_held_is_not_done_by_the_embedded_analysis),
        cmocka_unit_test(rule_3_a_spent_tenants_urgent_jobs_take_their_turns),
        cmocka_unit_test(rule_6_whose_tenant_has_room_again_is_done_by_the_llm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
