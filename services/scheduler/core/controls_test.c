/* What operators set: kept (controls.h), and obeyed by the core (rules 1 to 3). */
#include "bench_for_test.h"
#include "controls.h"

static struct control_facts hold(enum control_scope scope, const char *tenant, const char *name,
                                 uint64_t version)
{
    return (struct control_facts){.scope = scope,
                                  .tenant_id = tenant,
                                  .name = name,
                                  .state = CONTROL_HELD,
                                  .message = "moving house",
                                  .version = version};
}

static struct control_facts open_again(struct control_facts facts)
{
    facts.state = CONTROL_OPEN;
    facts.version++;
    return facts;
}

static struct control_facts removed(struct control_facts facts)
{
    facts.is_removed = true;
    facts.version++;
    return facts;
}

/* ---- keeping ---- */
static void the_newest_version_counts_in_whatever_order_they_come(void **state)
{
    (void)state;
    struct controls controls = {0};
    struct control_facts facts = hold(SCOPE_TENANT, "acme", "", 7);
    assert_null(controls_of_tenant(&controls, "acme"));
    assert_true(controls_set(&controls, &facts));
    assert_false(controls_set(&controls, &facts)); /* twice */
    facts.version = 6;
    facts.state = CONTROL_OPEN;
    assert_false(controls_set(&controls, &facts));
    const struct control *control = controls_of_tenant(&controls, "acme");
    assert_int_equal(control->state, CONTROL_HELD);
    assert_string_equal(control->message, "moving house");
    assert_null(controls_of_tenant(&controls, "acm"));
    assert_null(controls_of_user(&controls, "acme", ""));
    assert_null(controls_of_endpoint(&controls, "acme"));
    controls_free(&controls);
}

static void what_was_removed_does_not_come_back_by_an_older_word(void **state)
{
    (void)state;
    struct controls controls = {0};
    struct control_facts facts = hold(SCOPE_USER, "acme", "ann", 7), gone = removed(facts);
    assert_true(controls_set(&controls, &facts));
    assert_int_equal(controls.users, 1);
    assert_non_null(controls_of_user(&controls, "acme", "ann"));
    assert_true(controls_set(&controls, &gone));
    assert_int_equal(controls.users, 0);
    assert_false(controls_set(&controls, &facts));
    assert_null(controls_of_user(&controls, "acme", "ann"));
    controls_free(&controls);
}

static void what_was_removed_is_remembered_when_another_comes(void **state)
{
    (void)state;
    struct controls controls = {0};
    struct control_facts facts = hold(SCOPE_USER, "acme", "ann", 7), gone = removed(facts);
    struct control_facts other = hold(SCOPE_USER, "acme", "bob", 9);
    assert_true(controls_set(&controls, &gone));
    assert_true(controls_set(&controls, &other));
    assert_false(controls_set(&controls, &facts));
    assert_null(controls_of_user(&controls, "acme", "ann"));
    controls_free(&controls);
}

static void no_name_is_taken_for_another(void **state)
{
    (void)state;
    struct controls controls = {0};
    struct control_facts user = hold(SCOPE_USER, "ab", "c", 1);
    struct control_facts system = hold(SCOPE_SYSTEM, "", "", 2);
    assert_true(controls_set(&controls, &user));
    assert_null(controls_of_user(&controls, "a", "bc"));
    assert_null(controls_of_user(&controls, "abc", ""));
    assert_true(controls_set(&controls, &system));
    assert_null(controls_of_endpoint(&controls, "")); /* the one without a name */
    assert_null(controls_of_tenant(&controls, ""));
    assert_non_null(controls_of_system(&controls));
    controls_free(&controls);
}

struct listed {
    struct control_facts user;
    size_t count;
};

static void list(void *context, const struct control_facts *facts)
{
    struct listed *listed = context;
    listed->count++;
    if (facts->scope == SCOPE_USER) {
        listed->user = *facts;
        assert_string_equal(facts->tenant_id, "acme");
        assert_string_equal(facts->name, "ann");
        assert_string_equal(facts->message, "moving house");
    }
}

static void those_that_are_set_are_listed_as_they_were_told(void **state)
{
    (void)state;
    struct controls controls = {0};
    struct control_facts user = hold(SCOPE_USER, "acme", "ann", 1);
    struct control_facts tenant = hold(SCOPE_TENANT, "acme", "", 2), gone = removed(tenant);
    struct control_facts endpoint = hold(SCOPE_ENDPOINT, "", "main", 4);
    user.burst = 3;
    user.weight = 2;
    assert_true(controls_set(&controls, &user));
    assert_true(controls_set(&controls, &gone));
    assert_true(controls_set(&controls, &endpoint));
    struct listed listed = {.count = 0};
    controls_each(&controls, list, &listed);
    assert_int_equal(listed.count, 2);
    assert_int_equal(listed.user.state, CONTROL_HELD);
    assert_int_equal(listed.user.burst, 3);
    assert_true(listed.user.weight > 1.9 && listed.user.version == 1);
    controls_free(&controls);
}

static void no_more_are_kept_than_are_believed(void **state)
{
    (void)state;
    struct controls controls = {0};
    struct control_facts facts = hold(SCOPE_USER, "acme", "gone", 1), gone = removed(facts);
    assert_true(controls_set(&controls, &facts));
    assert_true(controls_set(&controls, &gone));
    for (int i = 0; i < MOST_CONTROLS; i++) { /* what was removed makes room */
        char name[16];
        snprintf(name, sizeof name, "user-%d", i);
        facts = hold(SCOPE_USER, "acme", name, 10);
        assert_true(controls_set(&controls, &facts));
    }
    facts = hold(SCOPE_USER, "acme", "one too many", 10);
    assert_false(controls_set(&controls, &facts));
    assert_int_equal(controls.count, MOST_CONTROLS);
    controls_free(&controls);
}

/* ---- obeying ---- */
static void set(struct bench *b, struct control_facts facts)
{
    tell(b, (struct event){.kind = EVENT_CONTROL, .control = &facts});
}

static void release_all(struct bench *b)
{
    struct batch_answer answers[MOST_ITEMS];
    for (size_t i = 0; i < b->item_count; i++) {
        assert_int_equal(b->items[i].operation, BATCH_RELEASE);
        answers[i] = (struct batch_answer){.result = RESULT_RELEASED,
                                           .job_status = JOB_PROCESSING,
                                           .chunk = ready(b->items[i].id.chunk_number)};
        answers[i].chunk.version = 3;
        answers[i].chunk.attempt = 1;
    }
    answer_batch(b, answers);
}

static void assert_holds(struct control_facts facts, bool holds_bob)
{
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 2);
    submit(&b, 2, "bob", 2);
    struct control_facts opened = open_again(facts);
    assert_int_equal(grant_all(&b), 1); /* of ann, while bob came */
    assert_int_equal(grant_all(&b), 1);
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 1); /* bob's call runs */
    set(&b, facts);
    assert_int_equal(b.item_count, 1); /* the grant not permitted is taken back */
    assert_string_equal(b.items[0].id.job_id, job_id(1));
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), -1);
    release_all(&b);
    submit(&b, 3, "ann", 1);
    assert_int_equal(b.item_count, 0);
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 1); /* what runs goes on */
    struct chunk_facts committed = done(0);
    happen(&b, 2, "bob", 2, JOB_PROCESSING, &committed);
    assert_int_equal(b.item_count, holds_bob ? 0 : 1);
    if (!holds_bob)
        grant_all(&b);
    set(&b, facts); /* an old word */
    set(&b, opened);
    assert_int_equal(b.item_count, holds_bob ? 2 : 1);
    close_bench(&b);
}

static void who_is_held_gets_nothing_granted_and_goes_on_when_opened(void **state)
{
    (void)state;
    assert_holds(hold(SCOPE_SYSTEM, "", "", 5), true);
    assert_holds(hold(SCOPE_TENANT, "acme", "", 5), true);
    assert_holds(hold(SCOPE_USER, "acme", "ann", 5), false);
}

static void who_is_removed_from_the_controls_goes_on(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    struct control_facts facts = hold(SCOPE_TENANT, "acme", "", 5);
    set(&b, facts);
    submit(&b, 1, "ann", 1);
    assert_int_equal(b.item_count, 0);
    set(&b, removed(facts));
    assert_int_equal(b.item_count, 1);
    close_bench(&b);
}

static void a_control_holds_who_comes_later_in_every_lane(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    set(&b, hold(SCOPE_USER, "acme", "ann", 5));
    submit(&b, 1, "ann", 1);
    submit_as(&b, 2, "ann", CLASS_INTERACTIVE, 1);
    assert_int_equal(b.item_count, 0);
    submit(&b, 3, "bob", 1);
    assert_int_equal(b.item_count, 1);
    close_bench(&b);
}

static void a_control_holds_who_is_there_in_every_lane(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    struct control_facts all = hold(SCOPE_SYSTEM, "", "", 4);
    struct control_facts ann = hold(SCOPE_USER, "acme", "ann", 5);
    set(&b, all);
    submit(&b, 1, "ann", 1);
    submit_as(&b, 2, "ann", CLASS_INTERACTIVE, 1);
    set(&b, ann);
    set(&b, open_again(all));
    assert_int_equal(b.item_count, 0);
    set(&b, open_again(ann));
    assert_int_equal(b.item_count, 2);
    close_bench(&b);
}

static void a_grant_on_its_way_is_taken_back_too(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    set(&b, hold(SCOPE_SYSTEM, "", "", 5));
    assert_int_equal(grant_all(&b), 1); /* was asked for before */
    assert_int_equal(said(&b, ACTION_DISPATCH), 0);
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].operation, BATCH_RELEASE);
    close_bench(&b);
}

/* rule 11 */
static void controls_are_in_the_snapshot_and_in_what_changed(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    tell(&b, (struct event){.kind = EVENT_TIME});
    struct control_facts facts = hold(SCOPE_USER, "acme", "ann", 5);
    set(&b,
        hold(SCOPE_SYSTEM, "", "", 4)); /* heard while another leads: the snapshot knows better */
    renew(&b, 1);
    beat(&b, 100);
    tell(&b, (struct event){.kind = EVENT_SNAPSHOT,
                            .is_answered = true,
                            .snapshot = {.epoch = 1,
                                         .now_us = 1000000,
                                         .controls = &facts,
                                         .control_count = 1,
                                         .next_cursor = ""}});
    submit(&b, 1, "ann", 1);
    assert_int_equal(b.item_count, 0);
    struct control_facts opened = open_again(facts);
    tell(&b, (struct event){.kind = EVENT_CHANGED,
                            .is_answered = true,
                            .changed = {.epoch = 1,
                                        .now_us = 2000000,
                                        .controls = &opened,
                                        .control_count = 1,
                                        .next_job_id = ""}});
    assert_int_equal(b.item_count, 1);
    close_bench(&b);
}

/* rule 3 */
static void a_weight_set_by_an_operator_changes_the_shares_at_once(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(2));
    lead(&b);
    struct control_facts facts = {
        .scope = SCOPE_TENANT, .tenant_id = "acme", .name = "", .message = "", .version = 1};
    facts.weight = 3;
    set(&b, facts);
    const char *tenants[] = {"acme", "other"};
    for (int i = 0; i < 40; i++) { /* while nobody has slots */
        char user[16];
        snprintf(user, sizeof user, "user-%d", i);
        struct chunk_facts chunk = ready(0);
        struct job_facts job = {.job_id = job_id(i),
                                .tenant_id = tenants[i % 2],
                                .user_id = user,
                                .service_class = CLASS_STANDARD,
                                .chunks = &chunk,
                                .chunk_count = 1};
        tell(&b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
    }
    int of_acme = 0, granted_count = 0;
    for (int round = 0; round < 8; round++) { /* each grant runs and ends at once */
        struct batch_item items[MOST_ITEMS];
        size_t count = b.item_count;
        memcpy(items, b.items, sizeof items);
        grant_all(&b);
        for (size_t i = 0; i < count; i++) {
            struct attempt_id id = {.attempt = 1};
            strcpy(id.job_id, items[i].id.job_id);
            int number = atoi(id.job_id + JOB_ID_SIZE - 13);
            if (granted_count >= 4) { /* the first ones were granted as they came */
                of_acme += number % 2 == 0;
            }
            granted_count++;
            ask(&b, id, "hands");
            hush(&b);
            outcome(&b, id);
        }
    }
    granted_count -= 4;
    assert_true(granted_count >= 12);
    assert_in_range(of_acme * 4, granted_count * 3 - 8, granted_count * 3 + 8);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_version_counts_in_whatever_order_they_come),
        cmocka_unit_test(what_was_removed_does_not_come_back_by_an_older_word),
        cmocka_unit_test(what_was_removed_is_remembered_when_another_comes),
        cmocka_unit_test(no_name_is_taken_for_another),
        cmocka_unit_test(those_that_are_set_are_listed_as_they_were_told),
        cmocka_unit_test(no_more_are_kept_than_are_believed),
        cmocka_unit_test(who_is_held_gets_nothing_granted_and_goes_on_when_opened),
        cmocka_unit_test(who_is_removed_from_the_controls_goes_on),
        cmocka_unit_test(a_control_holds_who_comes_later_in_every_lane),
        cmocka_unit_test(a_control_holds_who_is_there_in_every_lane),
        cmocka_unit_test(a_grant_on_its_way_is_taken_back_too),
        cmocka_unit_test(controls_are_in_the_snapshot_and_in_what_changed),
        cmocka_unit_test(a_weight_set_by_an_operator_changes_the_shares_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
