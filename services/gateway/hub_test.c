#include "hub.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "messages/messages.h"
#include "messages/subjects.h"

enum { MANY = 1000, PATIENCE_MS = 20000 };

static char JOB[] = "01a20190-bb98-771f-904f-fbe488bfa61b";
static const struct instant AT_ONCE = {0};

static void hear(struct hub *hub, uint32_t number, Tp__JobStatus status)
{
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    Tp__Progress progress = TP__PROGRESS__INIT;
    Tp__JobState job = TP__JOB_STATE__INIT;
    Tp__JobEvent event = TP__JOB_EVENT__INIT;
    job.job_id = JOB;
    job.tenant_id = "acme";
    job.user_id = "alice";
    job.service_class = TP__SERVICE_CLASS__STANDARD;
    job.status = status;
    job.event_number = number;
    event.schema_version = SCHEMA_VERSION;
    event.number = number;
    event.kind = "progress";
    event.at_ms = 1;
    event.job = &job;
    event.progress = &progress;
    char subject[SUBJECT_SIZE];
    subject_event("acme", JOB, subject);
    hub_hear(hub, subject, pack_job_event(arena, &event));
}

static enum hub_news look(struct hub *hub, struct follower *follower, uint32_t after)
{
    SCOPED(text_free) struct text event = {0};
    return hub_wait(hub, follower, after, AT_ONCE, &event);
}

static void the_next_event_is_taken_as_heard(void **state)
{
    struct hub *hub = *state;
    struct follower follower;
    SCOPED(text_free) struct text event = {0};
    hub_follow(hub, &follower, JOB, NULL, NULL);
    assert_int_equal(look(hub, &follower, 0), HUB_NOTHING);
    hear(hub, 1, TP__JOB_STATUS__QUEUED);
    assert_int_equal(hub_wait(hub, &follower, 0, AT_ONCE, &event), HUB_EVENT);
    assert_non_null(strstr(event.chars, "\"number\":1"));
    assert_false(follower.is_final);
    assert_int_equal(look(hub, &follower, 1), HUB_NOTHING);
    hear(hub, 2, TP__JOB_STATUS__COMPLETED);
    assert_int_equal(hub_wait(hub, &follower, 1, AT_ONCE, &event), HUB_EVENT);
    assert_true(follower.is_final);
    hub_unfollow(hub, &follower);
}

static void a_gap_sends_the_follower_to_the_store(void **state)
{
    struct hub *hub = *state;
    struct follower follower;
    hub_follow(hub, &follower, JOB, NULL, NULL);
    hear(hub, 3, TP__JOB_STATUS__PROCESSING);
    assert_int_equal(look(hub, &follower, 0), HUB_MISSED);
    assert_int_equal(look(hub, &follower, 2), HUB_EVENT);
    hub_unfollow(hub, &follower);
}

static void repeats_and_older_events_are_nothing_new(void **state)
{
    struct hub *hub = *state;
    struct follower follower;
    hub_follow(hub, &follower, JOB, NULL, NULL);
    hear(hub, 5, TP__JOB_STATUS__PROCESSING);
    hear(hub, 4, TP__JOB_STATUS__PROCESSING);
    hear(hub, 5, TP__JOB_STATUS__PROCESSING);
    assert_int_equal(look(hub, &follower, 5), HUB_NOTHING);
    assert_int_equal(look(hub, &follower, 4), HUB_EVENT);
    hub_unfollow(hub, &follower);
}

static void jobs_nobody_follows_leave_nothing_behind(void **state)
{
    struct hub *hub = *state;
    struct follower follower;
    hear(hub, 1, TP__JOB_STATUS__QUEUED);
    hub_follow(hub, &follower, JOB, NULL, NULL);
    assert_int_equal(look(hub, &follower, 0), HUB_NOTHING);
    hub_unfollow(hub, &follower);
}

static void what_is_no_event_is_passed_over(void **state)
{
    struct hub *hub = *state;
    struct follower follower;
    char subject[SUBJECT_SIZE];
    static const uint8_t nonsense[] = {0xff, 0x00, 0x7f};
    subject_event("acme", JOB, subject);
    hub_follow(hub, &follower, JOB, NULL, NULL);
    hub_hear(hub, subject, (struct bytes){nonsense, sizeof nonsense});
    hub_hear(hub, subject, (struct bytes){nonsense, 0});
    hub_hear(hub, "nodots", (struct bytes){nonsense, 0});
    assert_int_equal(look(hub, &follower, 0), HUB_NOTHING);
    hub_unfollow(hub, &follower);
}

static void count_wake(void *context)
{
    ++*(int *)context;
}

static void wake_functions_are_called_for_news_and_for_the_end(void **state)
{
    struct hub *hub = *state;
    struct follower follower;
    int wakes = 0;
    hub_follow(hub, &follower, JOB, count_wake, &wakes);
    hear(hub, 1, TP__JOB_STATUS__QUEUED);
    hear(hub, 1, TP__JOB_STATUS__QUEUED);
    assert_int_equal(wakes, 1);
    hub_end(hub);
    assert_int_equal(wakes, 2);
    assert_int_equal(look(hub, &follower, 1), HUB_ENDING);
    hub_unfollow(hub, &follower);
}

struct crowd {
    struct hub *hub;
    atomic_int served;
};

static void *wait_for_two(void *context)
{
    struct crowd *crowd = context;
    SCOPED(text_free) struct text event = {0};
    struct follower follower;
    struct instant patience = instant_plus_ms(clock_now(), PATIENCE_MS);
    uint32_t after = 0;
    hub_follow(crowd->hub, &follower, JOB, NULL, NULL);
    while (after < 2 && clock_now().ns < patience.ns) {
        enum hub_news news = hub_wait(crowd->hub, &follower, after, patience, &event);
        if (news == HUB_EVENT)
            after++;
        if (news == HUB_MISSED)
            after = 2; /* as told by the store */
    }
    if (after == 2)
        atomic_fetch_add(&crowd->served, 1);
    hub_unfollow(crowd->hub, &follower);
    return NULL;
}

static void a_thousand_waiters_all_hear_it(void **state)
{
    struct crowd crowd = {.hub = *state};
    static pthread_t threads[MANY];
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 128 * 1024);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(pthread_create(&threads[i], &small, wait_for_two, &crowd), 0);
    pthread_attr_destroy(&small);
    /* Told again until all have come: whoever follows late asks the store, as here by repetition.
     */
    struct instant patience = instant_plus_ms(clock_now(), PATIENCE_MS);
    for (uint32_t number = 2; atomic_load(&crowd.served) < MANY; number++) {
        assert_true(clock_now().ns < patience.ns);
        hear(crowd.hub, number, TP__JOB_STATUS__PROCESSING);
    }
    for (int i = 0; i < MANY; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&crowd.served), MANY);
}

static int open_hub(void **state)
{
    *state = hub_new();
    return 0;
}

static int close_hub(void **state)
{
    struct hub *hub = *state;
    hub_close(&hub);
    return 0;
}

#define WITH_HUB(test) cmocka_unit_test_setup_teardown(test, open_hub, close_hub)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HUB(the_next_event_is_taken_as_heard),
        WITH_HUB(a_gap_sends_the_follower_to_the_store),
        WITH_HUB(repeats_and_older_events_are_nothing_new),
        WITH_HUB(jobs_nobody_follows_leave_nothing_behind),
        WITH_HUB(what_is_no_event_is_passed_over),
        WITH_HUB(wake_functions_are_called_for_news_and_for_the_end),
        WITH_HUB(a_thousand_waiters_all_hear_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
