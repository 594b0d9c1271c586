/* Ids as long as libs/messages lets them in are kept and told whole, and told apart by their last
 * letter. */
#include "chain_for_test.h"

/* The longest, without the NUL. */
enum { TENANT = 64, USER = 200, INSTANCE = 200, REPLY = 160, CURSOR = 200, ENDPOINT = 32 };

/* So many letters, the last of which is that one. */
static const char *letters(size_t count, char last)
{
    static char texts[4][USER + 1];
    static int next;
    char *text = texts[next++ % 4];
    memset(text, 'a', count - 1);
    text[count - 1] = last;
    text[count] = '\0';
    return text;
}

/* A job of one chunk of a user whose ids end with that letter. */
static void submit_of(struct bench *b, int number, char end)
{
    struct chunk_facts chunk = ready(0);
    struct job_facts job = {.job_id = job_id(number),
                            .tenant_id = letters(TENANT, end),
                            .user_id = letters(USER, end),
                            .service_class = CLASS_STANDARD,
                            .chunks = &chunk,
                            .chunk_count = 1};
    tell(b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
}

static void look(void *context, const struct job_facts *job, const struct chunk_stage *stages)
{
    char *end = context;
    (void)stages;
    assert_string_equal(job->tenant_id, letters(TENANT, *end));
    assert_string_equal(job->user_id, letters(USER, *end));
    ++*end;
}

static void the_longest_names_of_tenants_and_users_are_told_apart(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    submit_of(&b, 1, 'x');
    submit_of(&b, 2, 'y');
    char end = 'x';
    assert_int_equal(scheduler_describe(b.core, 100, look, &end), 0);
    assert_int_equal(end, 'z');
    close_bench(&b);
}

static void the_longest_names_are_held_by_themselves(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    struct control_facts hold = {.scope = SCOPE_USER,
                                 .tenant_id = letters(TENANT, 'x'),
                                 .name = letters(USER, 'x'),
                                 .state = CONTROL_HELD,
                                 .message = "",
                                 .version = 1};
    tell(&b, (struct event){.kind = EVENT_CONTROL, .control = &hold});
    submit_of(&b, 1, 'x');
    submit_of(&b, 2, 'y');
    assert_int_equal(grant_all(&b), 1);
    assert_int_equal(told(&b, 1).reason, WAITING_HELD);
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 1);
    close_bench(&b);
}

static void a_permit_is_of_the_instance_with_the_longest_name_alone(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    struct event event = {.kind = EVENT_PERMIT_ASK,
                          .ask = {.id = attempt_of(1, 0, 1), .ask_number = 1}};
    strcpy(event.ask.reply, letters(REPLY, 'r'));
    for (int i = 0; i < 2; i++) {
        strcpy(event.ask.instance_id, letters(INSTANCE, (char)('x' + i)));
        hush(&b);
        tell(&b, event);
        assert_int_equal(last(&b, ACTION_ANSWER)->answer.is_permitted, i == 0);
        assert_string_equal(last(&b, ACTION_ANSWER)->answer.reply, letters(REPLY, 'r'));
    }
    close_bench(&b);
}

static void analyzers_with_the_longest_names_are_counted_apart(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(100));
    struct scheduler_figures figures;
    for (int i = 0; i < 4; i++) {
        struct event event = {.kind = EVENT_HEARTBEAT, .heartbeat.slots = 7};
        strcpy(event.heartbeat.instance_id, letters(INSTANCE, (char)('w' + i)));
        tell(&b, event);
    }
    scheduler_figures(b.core, &figures);
    assert_int_equal(figures.slots, 4 * 7);
    close_bench(&b);
}

static void the_longest_cursor_asks_for_the_page_behind_it(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(1));
    renew(&b, 1);
    hush(&b);
    tell(&b, (struct event){.kind = EVENT_SNAPSHOT,
                            .is_answered = true,
                            .snapshot = {.epoch = 1, .next_cursor = letters(CURSOR, 'x')}});
    assert_int_equal(said(&b, ACTION_ASK_SNAPSHOT), 1);
    assert_string_equal(last(&b, ACTION_ASK_SNAPSHOT)->cursor, letters(CURSOR, 'x'));
    close_bench(&b);
}

static void the_longest_name_of_an_endpoint_is_granted_and_told(void **state)
{
    (void)state;
    struct bench b;
    struct scheduler_config config = chain_of(1);
    strcpy(config.endpoints[0].name, letters(ENDPOINT, 'x'));
    begin(&b, config);
    submit(&b, 1, "ann", 1);
    assert_string_equal(b.items[0].endpoint, letters(ENDPOINT, 'x'));
    struct scheduler_figures figures;
    scheduler_figures(b.core, &figures);
    assert_string_equal(figures.endpoints[0].name, letters(ENDPOINT, 'x'));
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_names_of_tenants_and_users_are_told_apart),
        cmocka_unit_test(the_longest_names_are_held_by_themselves),
        cmocka_unit_test(a_permit_is_of_the_instance_with_the_longest_name_alone),
        cmocka_unit_test(analyzers_with_the_longest_names_are_counted_apart),
        cmocka_unit_test(the_longest_cursor_asks_for_the_page_behind_it),
        cmocka_unit_test(the_longest_name_of_an_endpoint_is_granted_and_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
