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

static void hear_progress(struct hub *hub, uint32_t number, Tp__JobStatus status,
                          uint32_t done_chunks)
{
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    Tp__Progress progress = TP__PROGRESS__INIT;
    progress.total_chunks = progress.done_chunks = done_chunks;
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

static void hear(struct hub *hub, uint32_t number, Tp__JobStatus status)
{
    hear_progress(hub, number, status, 0);
}

static void hear_done(struct hub *hub, uint32_t number, uint32_t done_chunks)
{
    hear_progress(hub, number, TP__JOB_STATUS__PROCESSING, done_chunks);
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

/* ---- why a job waits ---- */

static const struct instant LONG_AGO = {1}, NOW = {2}, LATER = {3};

static void say_position(struct hub *hub, uint32_t position)
{
    struct awaited job = {.status = TP__JOB_STATUS__QUEUED};
    Tp__WaitingReply waiting = TP__WAITING_REPLY__INIT;
    memcpy(job.job_id, JOB, sizeof JOB);
    waiting.is_known = 1;
    waiting.reason = TP__WAITING_REASON__OTHERS_FIRST;
    waiting.position = position;
    hub_tell_waiting(hub, &job, &waiting, 1795322592165);
}

static void rule_12_followers_hear_why_until_the_job_is_over(void **state)
{
    struct hub *hub = *state;
    struct follower early, late;
    SCOPED(text_free) struct text event = {0};
    hub_follow(hub, &early, JOB, NULL, NULL);
    say_position(hub, 3);
    assert_int_equal(look(hub, &early, 1), HUB_NOTHING); /* nobody awaits it yet */
    hub_await(hub, &early, 1, TP__JOB_STATUS__QUEUED, LONG_AGO);
    say_position(hub, 3);
    assert_int_equal(hub_wait(hub, &early, 1, AT_ONCE, &event), HUB_WAITING);
    assert_non_null(strstr(event.chars, "\"position\":3"));
    assert_int_equal(look(hub, &early, 1), HUB_NOTHING);
    say_position(hub, 3);
    assert_int_equal(look(hub, &early, 1), HUB_NOTHING); /* it is no news */
    hub_follow(hub, &late, JOB, NULL, NULL);
    assert_int_equal(look(hub, &late, 1), HUB_WAITING);
    say_position(hub, 2);
    assert_int_equal(look(hub, &early, 1), HUB_WAITING);
    assert_int_equal(look(hub, &late, 1), HUB_WAITING);
    hub_unfollow(hub, &early);
    hub_unfollow(hub, &late);
}

static void numbered_events_go_before_why_it_waits(void **state)
{
    struct hub *hub = *state;
    struct follower follower;
    hub_follow(hub, &follower, JOB, NULL, NULL);
    hub_await(hub, &follower, 1, TP__JOB_STATUS__QUEUED, LONG_AGO);
    say_position(hub, 3);
    hear(hub, 2, TP__JOB_STATUS__PROCESSING);
    assert_int_equal(look(hub, &follower, 0), HUB_MISSED);
    assert_int_equal(look(hub, &follower, 1), HUB_EVENT);
    assert_int_equal(look(hub, &follower, 2), HUB_WAITING);
    assert_int_equal(look(hub, &follower, 2), HUB_NOTHING);
    hub_unfollow(hub, &follower);
}

static void rule_12_when_something_is_done_followers_hear_why_the_rest_waits(void **state)
{
    struct hub *hub = *state;
    struct follower follower;
    struct awaited jobs[2];
    hub_follow(hub, &follower, JOB, NULL, NULL);
    assert_int_equal(hub_awaited(hub, LATER, NOW, jobs, 2), 0);
    hub_await(hub, &follower, 1, TP__JOB_STATUS__QUEUED, LONG_AGO);
    say_position(hub, 3);
    hear_done(hub, 2, 1);
    assert_int_equal(look(hub, &follower, 1), HUB_EVENT);
    assert_int_equal(look(hub, &follower, 2), HUB_WAITING);
    assert_int_equal(hub_awaited(hub, LATER, NOW, jobs, 2), 1);
    assert_int_equal(jobs[0].status, TP__JOB_STATUS__PROCESSING);
    say_position(hub, 2);
    assert_int_equal(look(hub, &follower, 2), HUB_WAITING);
    hub_unfollow(hub, &follower);
}

static void rule_12_once_a_job_is_over_nobody_asks_or_hears_why_it_waits(void **state)
{
    struct hub *hub = *state;
    struct follower follower;
    struct awaited jobs[2];
    hub_follow(hub, &follower, JOB, NULL, NULL);
    hub_await(hub, &follower, 1, TP__JOB_STATUS__QUEUED, LONG_AGO);
    say_position(hub, 3);
    hear(hub, 2, TP__JOB_STATUS__COMPLETED);
    assert_int_equal(look(hub, &follower, 1), HUB_EVENT);
    assert_int_equal(look(hub, &follower, 2), HUB_NOTHING);
    assert_int_equal(hub_awaited(hub, LATER, NOW, jobs, 2), 0);
    /* Somebody has read an older event in the store. */
    hub_await(hub, &follower, 1, TP__JOB_STATUS__QUEUED, LONG_AGO);
    assert_int_equal(hub_awaited(hub, LATER, NOW, jobs, 2), 0);
    hub_unfollow(hub, &follower);
}

static void jobs_are_asked_about_in_turn(void **state)
{
    enum { JOBS = 5 };
    struct hub *hub = *state;
    struct follower followers[JOBS];
    struct awaited jobs[JOBS];
    char id[sizeof JOB];
    memcpy(id, JOB, sizeof JOB);
    for (int i = 0; i < JOBS; i++) {
        id[0] = (char)('a' + i);
        hub_follow(hub, &followers[i], id, NULL, NULL);
        hub_await(hub, &followers[i], 1, TP__JOB_STATUS__QUEUED, LONG_AGO);
    }
    assert_int_equal(hub_awaited(hub, LONG_AGO, NOW, jobs, JOBS), 0); /* asked just then */
    char asked[JOBS + 1] = {0};
    for (size_t i = 0; i < JOBS - 1; i += 2) {
        assert_int_equal(hub_awaited(hub, NOW, NOW, jobs, 2), 2);
        asked[i] = jobs[0].job_id[0];
        asked[i + 1] = jobs[1].job_id[0];
    }
    assert_int_equal(hub_awaited(hub, NOW, NOW, jobs, 2), 1);
    asked[JOBS - 1] = jobs[0].job_id[0];
    assert_string_equal(asked, "abcde");
    assert_int_equal(hub_awaited(hub, NOW, NOW, jobs, 2), 0);
    assert_int_equal(hub_awaited(hub, LATER, LATER, jobs, JOBS), JOBS);
    for (int i = 0; i < JOBS; i++)
        hub_unfollow(hub, &followers[i]);
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
        WITH_HUB(rule_12_followers_hear_why_until_the_job_is_over),
        WITH_HUB(numbered_events_go_before_why_it_waits),
        WITH_HUB(rule_12_when_something_is_done_followers_hear_why_the_rest_waits),
        WITH_HUB(rule_12_once_a_job_is_over_nobody_asks_or_hears_why_it_waits),
        WITH_HUB(jobs_are_asked_about_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
