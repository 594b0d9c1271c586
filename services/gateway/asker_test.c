#include "asker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"

enum { INTERVAL_MS = 100, PATIENCE_MS = 20000 };

static const char JOB[] = "01a20190-bb98-771f-904f-fbe488bfa61b";

/* A scheduler that knows a position, or says nothing. */
struct leader {
    atomic_int asks;
    bool is_away;
};

static bool answer(void *context, const char *job_id, struct arena *arena,
                   const Tp__WaitingReply **waiting, struct error *why)
{
    struct leader *leader = context;
    CHECK(strcmp(job_id, JOB) == 0);
    int asks = atomic_fetch_add(&leader->asks, 1) + 1;
    if (leader->is_away)
        return error_set(why, ERROR_TIMEOUT, "no answer");
    Tp__WaitingReply *reply = arena_new(arena, sizeof *reply);
    tp__waiting_reply__init(reply);
    reply->is_known = 1;
    reply->reason = TP__WAITING_REASON__OTHERS_FIRST;
    reply->position = (uint32_t)(10 - asks);
    *waiting = reply;
    return true;
}

static void a_follower_hears_each_new_position(void **state)
{
    (void)state;
    struct leader leader = {0};
    struct hub *hub = hub_new();
    struct follower follower;
    SCOPED(text_free) struct text event = {0};
    struct instant patience = instant_plus_ms(clock_now(), PATIENCE_MS);
    hub_follow(hub, &follower, JOB, NULL, NULL);
    hub_await(hub, &follower, 1, TP__JOB_STATUS__QUEUED, clock_now());
    struct asker *asker = asker_open(hub, INTERVAL_MS, answer, &leader);
    assert_int_equal(hub_wait(hub, &follower, 1, patience, &event), HUB_WAITING);
    assert_non_null(strstr(event.chars, "\"position\":9"));
    assert_int_equal(hub_wait(hub, &follower, 1, patience, &event), HUB_WAITING);
    assert_non_null(strstr(event.chars, "\"position\":8"));
    asker_close(&asker);
    assert_null(asker);
    hub_unfollow(hub, &follower);
    hub_close(&hub);
}

static void a_fleet_without_a_leader_is_asked_seldom(void **state)
{
    (void)state;
    struct leader leader = {.is_away = true};
    struct hub *hub = hub_new();
    struct follower follower;
    SCOPED(text_free) struct text event = {0};
    hub_follow(hub, &follower, JOB, NULL, NULL);
    hub_await(hub, &follower, 1, TP__JOB_STATUS__QUEUED, (struct instant){0});
    struct asker *asker = asker_open(hub, 1, answer, &leader);
    struct instant began = clock_now();
    struct instant over = instant_plus_ms(began, 2 * ASKER_PAUSE_MS);
    assert_int_equal(hub_wait(hub, &follower, 1, over, &event), HUB_NOTHING);
    asker_close(&asker);
    int64_t pauses = instant_ms_between(began, clock_now()) / ASKER_PAUSE_MS;
    assert_in_range(atomic_load(&leader.asks), 1, 1 + pauses);
    hub_unfollow(hub, &follower);
    hub_close(&hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_follower_hears_each_new_position),
        cmocka_unit_test(a_fleet_without_a_leader_is_asked_seldom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
