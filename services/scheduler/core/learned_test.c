/* Rule 5: limits learned from a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "learned.h"
#include "window.h"

static const struct server_limits SILENT = {-1, -1, -1, -1, -1, -1};
enum { MINUTE_MS = 60000, LENGTH_MS = 61200, BUCKET_MS = 256 };

static struct instant at_ms(int64_t ms)
{
    return (struct instant){ms * CLOCK_MS};
}

/* A server that allows so many requests in any minute, and a client that asks every 20 ms as far as
 * it may, 3,000 a minute. */
struct duel {
    struct window server, client;
    struct learned learned;
    uint32_t served[2], refused[2]; /* in the first half and the second */
};

static void fight(struct duel *duel, uint64_t limit, uint32_t most, int64_t end_ms)
{
    window_open(&duel->server, MINUTE_MS, 1);
    window_open(&duel->client, LENGTH_MS, BUCKET_MS);
    for (int64_t now_ms = 0; now_ms < end_ms; now_ms += 20) {
        struct instant now = at_ms(now_ms);
        uint64_t used = window_sum(&duel->client, now);
        uint32_t learned = learned_limits(&duel->learned).requests_per_minute;
        if ((learned > 0 && used >= learned) || (most > 0 && used >= most))
            continue;
        window_add(&duel->client, now, 1);
        bool is_late = now_ms >= end_ms / 2;
        if (window_sum(&duel->server, now) < limit) {
            window_add(&duel->server, now, 1);
            learned_on_success(&duel->learned, 100);
            duel->served[is_late]++;
        } else {
            struct learned_use use = {.requests = used + 1, .most_requests = most};
            learned_on_refusal(&duel->learned, &SILENT, &use, now);
            duel->refused[is_late]++;
        }
    }
    window_close(&duel->server);
    window_close(&duel->client);
}

static void it_settles_below_what_the_server_bears(void **state)
{
    (void)state;
    const uint32_t ceilings[] = {0, 1000, 2500};
    for (size_t i = 0; i < 3; i++) {
        struct duel duel = {0};
        fight(&duel, 300, ceilings[i], INT64_C(40) * MINUTE_MS);
        assert_true(duel.served[1] >= 20 * 300 * 90 / 100);
        assert_true(duel.refused[1] * 50 <= duel.served[1]);
    }
}

/* With the whole limit used all the time: answers how many seconds it takes. */
static int seconds_until(struct learned *learned, uint32_t limit)
{
    double seconds = 0;
    while (learned_limits(learned).requests_per_minute < limit && seconds < 3600) {
        seconds += 60.0 / learned_limits(learned).requests_per_minute;
        learned_on_success(learned, 0);
    }
    return (int)seconds;
}

static void a_stray_429_is_made_good_within_minutes(void **state)
{
    (void)state;
    const uint64_t used[] = {500, 400, 125, 60, 20, 1};
    for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++) {
        struct learned learned = {0};
        struct learned_use use = {.requests = used[i], .most_requests = 500};
        learned_on_refusal(&learned, &SILENT, &use, at_ms(0));
        assert_in_range(seconds_until(&learned, 475), 60, used[i] >= 125 ? 90 : 300);
    }
}

static void a_few_429s_while_little_is_done_are_made_good_within_minutes(void **state)
{
    (void)state;
    struct learned learned = {0};
    const struct learned_use one = {.requests = 1};
    for (int i = 0; i < 6; i++)
        learned_on_refusal(&learned, &SILENT, &one, at_ms(i * 10000));
    assert_int_equal(learned_limits(&learned).requests_per_minute, 7); /* from 40 */
    assert_in_range(seconds_until(&learned, 100), 60, 300);
}

static void without_a_429_nothing_is_learned(void **state)
{
    (void)state;
    struct duel duel = {0};
    fight(&duel, 10000, 0, INT64_C(5) * MINUTE_MS);
    assert_int_equal(learned_limits(&duel.learned).requests_per_minute, 0);
}

static void a_limit_that_is_said_to_be_used_up_is_learned_before_it_refuses(void **state)
{
    (void)state;
    struct learned learned = {0};
    struct server_limits server = {500, 1, 6000, 90000, 10, 6000};
    learned_hear(&learned, &server);
    learned_begin(&learned, &server);
    assert_int_equal(learned_limits(&learned).requests_per_minute, 0);
    server.requests_left = 0;
    learned_hear(&learned, &server);
    learned_begin(&learned, &server);
    assert_int_equal(learned_limits(&learned).requests_per_minute, 500);
    assert_int_equal(learned_limits(&learned).tokens_per_minute, 0);
    /* From there it rises with care, and is not set back by the same word. */
    for (int i = 0; i < 500; i++)
        learned_on_success(&learned, 100);
    assert_in_range(learned_limits(&learned).requests_per_minute, 510, 590);
    learned_begin(&learned, &server);
    assert_in_range(learned_limits(&learned).requests_per_minute, 510, 590);
    /* Refused at last, it is what the server said that counts: a quarter less, as when nobody
     * expected it. */
    struct learned_use use = {.requests = 515};
    learned_on_refusal(&learned, &server, &use, at_ms(0));
    assert_int_equal(learned_limits(&learned).requests_per_minute, 375);
    learned = (struct learned){0}; /* nor is one call in a minute no limit */
    server.requests = 1;
    learned_hear(&learned, &server);
    learned_begin(&learned, &server);
    assert_int_equal(learned_limits(&learned).requests_per_minute, 1);
}

static void a_limit_that_is_not_true_is_outgrown_within_minutes(void **state)
{
    (void)state;
    struct learned learned = {0};
    const struct server_limits server = {3, 0, 30000, -1, -1, -1};
    learned_hear(&learned, &server);
    int minutes = 0;
    do {
        learned_begin(&learned, &server);
        for (uint32_t i = learned_limits(&learned).requests_per_minute; i > 0; i--)
            learned_on_success(&learned, 100);
        minutes++;
    } while (learned_limits(&learned).requests_per_minute < 500 && minutes < 100);
    assert_in_range(minutes, 2, 8);
}

static void nothing_is_learned_from_a_limit_that_is_not_told(void **state)
{
    (void)state;
    struct learned learned = {0};
    const struct server_limits untold = {-1, 0, 30000, 0, 0, 30000};
    learned_hear(&learned, &untold);
    learned_begin(&learned, &untold);
    assert_int_equal(learned_limits(&learned).requests_per_minute, 0);
    assert_int_equal(learned_limits(&learned).tokens_per_minute, 0);
}

static void refusals_now_and_then_do_not_bring_it_down_to_nothing(void **state)
{
    (void)state;
    struct learned learned = {0};
    struct learned_use use = {.requests = 1, .most_requests = 100};
    for (int round = 0; round < 60; round++) { /* one call in 51 */
        learned_on_refusal(&learned, &SILENT, &use, at_ms((int64_t)round * MINUTE_MS));
        use.requests = learned_limits(&learned).requests_per_minute;
        for (int i = 0; i < 50; i++)
            learned_on_success(&learned, 100);
    }
    assert_in_range(learned_limits(&learned).requests_per_minute, 15, 100);
}

static void many_429s_at_once_lower_it_once(void **state)
{
    (void)state;
    struct learned learned = {0};
    const struct learned_use use = {.requests = 400, .most_requests = 1000};
    for (int i = 0; i < 50; i++)
        learned_on_refusal(&learned, &SILENT, &use, at_ms(i));
    assert_int_equal(learned_limits(&learned).requests_per_minute, 750);
    learned_on_refusal(&learned, &SILENT, &use, at_ms(5000));
    assert_int_equal(learned_limits(&learned).requests_per_minute, 337); /* of 400 and an eighth */
}

static void the_limit_that_the_server_says_is_used_up_is_the_one_that_goes_down(void **state)
{
    (void)state;
    struct learned learned = {0};
    struct server_limits server = SILENT;
    server.requests_left = 40;
    server.tokens_left = 0;
    const struct learned_use use = {.requests = 400, .tokens = 80000};
    learned_on_refusal(&learned, &server, &use, at_ms(0));
    assert_int_equal(learned_limits(&learned).requests_per_minute, 0);
    assert_int_equal(learned_limits(&learned).tokens_per_minute, 240000);
}

static void nothing_that_a_server_says_breaks_it(void **state)
{
    (void)state;
    const int64_t words[] = {INT64_MIN, -1, 0, 1, 500, INT64_C(86400000), INT64_MAX};
    enum { WORDS = sizeof(words) / sizeof(words[0]) };
    struct learned learned = {0};
    for (int i = 0; i < WORDS * WORDS; i++) {
        struct server_limits server = {.requests = words[i % WORDS],
                                       .requests_left = words[i / WORDS],
                                       .requests_reset_ms = words[(i + 3) % WORDS],
                                       .tokens = words[(i + 5) % WORDS],
                                       .tokens_left = words[(i + 1) % WORDS],
                                       .tokens_reset_ms = words[(i + 2) % WORDS]};
        struct learned_use use = {
            .requests = (uint64_t)i * 100, .tokens = UINT64_MAX, .most_tokens = UINT64_MAX};
        struct instant now = at_ms((int64_t)i * 10000);
        learned_hear(&learned, &server);
        learned_on_refusal(&learned, &server, &use, now);
        learned_on_success(&learned, UINT64_MAX);
        assert_in_range(learned_reset_ms(&server), 0, MINUTE_MS);
        learned_hold(&learned, words[i % WORDS], now);
        assert_true(instant_ms_between(now, learned.held) <= 600000);
        struct limits limits = learned_limits(&learned);
        assert_true(limits.requests_per_minute > 0 || limits.tokens_per_minute > 0);
    }
}

static void it_goes_down_once_in_five_seconds_to_the_millisecond(void **state)
{
    (void)state;
    struct learned learned = {0};
    const struct learned_use use = {.requests = 400, .most_requests = 1000};
    learned_on_refusal(&learned, &SILENT, &use, at_ms(0));
    learned_on_refusal(&learned, &SILENT, &use, at_ms(4999));
    assert_int_equal(learned_limits(&learned).requests_per_minute, 750);
    learned_on_refusal(&learned, &SILENT, &use, at_ms(5000));
    assert_int_equal(learned_limits(&learned).requests_per_minute, 337);
}

/* Below where it was refused a whole limit used makes good all the way, and a fortieth: 367
 * thousandths of a request for each, of 3,000 below 4,000. */
static void each_success_raises_it_by_its_part(void **state)
{
    (void)state;
    struct learned learned = {0};
    const struct learned_use use = {.requests = 4000, .most_requests = 4000};
    learned_on_refusal(&learned, &SILENT, &use, at_ms(0));
    learned_on_success(&learned, 0);
    assert_int_equal(learned.requests.thousandths, 3000000 + 366 + 1);
    learned_on_success(&learned, 0);
    assert_int_equal(learned_limits(&learned).requests_per_minute, 3000);
    learned_on_success(&learned, 0);
    assert_int_equal(learned_limits(&learned).requests_per_minute, 3001);
}

/* There by a fortieth; and beyond the faster the further it is: a request more for each whole
 * limit, at least. */
static void where_it_was_refused_it_rises_with_care(void **state)
{
    (void)state;
    const struct {
        uint64_t refused_at, here, step;
    } cases[] = {{4000000, 4000000, 100000},
                 {4000000, 4100000, 400000},
                 {4000000, 8000000, 12100000},
                 {4000000, 3999000, 101000},
                 {39999, 40000, 1002},
                 {20000, 20000, 1000},
                 {1000, UINT64_C(900000000000), UINT64_C(1000000000000)}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct learned learned = {
            .tokens = {.refused_at = cases[i].refused_at, .thousandths = cases[i].here}};
        uint64_t whole = cases[i].here / 1000, part = whole < 10000000 ? whole : 10000000;
        learned_on_success(&learned, part);
        uint64_t expected = cases[i].here + cases[i].step / whole * part + 1;
        assert_in_range(learned.tokens.thousandths, expected, expected + part);
    }
}

static void one_success_counts_for_a_minute_and_ten_million_tokens_at_most(void **state)
{
    (void)state;
    struct server_limits server = SILENT;
    server.tokens_left = 0;
    const struct {
        uint64_t used, limit, answered, raised;
    } cases[] = {{10000, 30000, 29999, 40999},
                 {10000, 30000, 30000, 41000},
                 {10000, 30000, UINT64_MAX, 41000},
                 {100000000, 300000000, 10000000, 303666666},
                 {100000000, 300000000, 20000000, 303666666},
                 {100000000, 300000000, UINT64_MAX, 303666666}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct learned learned = {0};
        const struct learned_use use = {.tokens = cases[i].used};
        learned_on_refusal(&learned, &server, &use, at_ms(0));
        assert_int_equal(learned_limits(&learned).tokens_per_minute, cases[i].limit);
        learned_on_success(&learned, cases[i].answered);
        assert_int_equal(learned_limits(&learned).tokens_per_minute, cases[i].raised);
    }
}

/* The requests a minute after a first refusal, when the server has said so much before. */
static uint32_t first_limit(int64_t told, uint64_t used, uint64_t ceiling)
{
    struct learned learned = {0};
    struct server_limits server = SILENT;
    server.requests = told;
    learned_hear(&learned, &server);
    learned_hear(&learned, &SILENT);
    server.requests = 0; /* neither is a word */
    learned_hear(&learned, &server);
    const struct learned_use use = {.requests = used, .most_requests = ceiling};
    learned_on_refusal(&learned, &SILENT, &use, at_ms(0));
    return learned_limits(&learned).requests_per_minute;
}

static void it_starts_from_the_least_of_what_is_known(void **state)
{
    (void)state;
    assert_int_equal(first_limit(100, 1000, 0), 75);
    assert_int_equal(first_limit(100, 1000, 40), 30);
    assert_int_equal(first_limit(40, 1000, 100), 30);
    assert_int_equal(first_limit(1, 1000, 0), 1); /* not less than one */
    assert_int_equal(first_limit(2, 1000, 0), 1);
    assert_int_equal(first_limit(-1, 1000, 400), 300);
    assert_int_equal(first_limit(-1, 100, 0), 300); /* four times what was used */
    assert_int_equal(first_limit(-1, 1, 0), 30); /* what is used in a quiet minute tells little */
    assert_int_equal(first_limit(-1, 10, 0), 30);
    assert_int_equal(first_limit(-1, 11, 0), 33);
    assert_int_equal(first_limit(-1, 0, 100), 30);
    assert_int_equal(first_limit(INT64_MAX, 100, 0), 300);
    assert_int_equal(first_limit(-1, UINT64_MAX, 0), 750000000);
    assert_int_equal(first_limit(-1, UINT64_MAX, UINT64_MAX), 750000000);
}

static void refused_again_within_two_minutes_it_is_taken_at_its_word(void **state)
{
    (void)state;
    const struct {
        int64_t at_ms;
        uint64_t worked;
        uint32_t limit;
    } cases[] = {{119999, 100, 84}, {120000, 100, 300},  {119999, 120, 101},
                 {119999, 10, 30},  {119999, 1000, 562}, {120000, 1000, 562}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct learned learned = {0};
        struct learned_use use = {.requests = 1000, .most_requests = 1000};
        learned_on_refusal(&learned, &SILENT, &use, at_ms(0));
        assert_int_equal(learned_limits(&learned).requests_per_minute, 750);
        use.requests = cases[i].worked;
        learned_on_refusal(&learned, &SILENT, &use, at_ms(cases[i].at_ms));
        assert_int_equal(learned_limits(&learned).requests_per_minute, cases[i].limit);
    }
}

static void refused_where_it_was_refused_before_it_goes_down_by_an_eighth(void **state)
{
    (void)state;
    const struct {
        uint64_t here, after;
    } cases[] = {{799999, 600000}, {800000, 700000}, {1600000, 1400000}};
    for (size_t i = 0; i < 3; i++) {
        struct learned learned = {.requests = {.refused_at = 800000, .thousandths = cases[i].here}};
        const struct learned_use use = {.requests = 2000};
        learned_on_refusal(&learned, &SILENT, &use, at_ms(0));
        assert_int_equal(learned.requests.thousandths, cases[i].after);
        assert_int_equal(learned.requests.refused_at, cases[i].here);
    }
}

static void it_never_goes_below_one(void **state)
{
    (void)state;
    struct learned learned = {0};
    const struct learned_use nothing = {0};
    for (int i = 0; i < 30; i++) {
        learned_on_refusal(&learned, &SILENT, &nothing, at_ms(i * 5000));
        assert_true(learned.requests.thousandths >= 1000);
    }
    assert_int_equal(learned.requests.thousandths, 1000);
}

static void a_pause_lasts_as_long_as_it_is_asked_for_up_to_ten_minutes(void **state)
{
    (void)state;
    struct learned learned = {.held = at_ms(0)};
    learned_hold(&learned, 0, at_ms(1000));
    assert_true(learned.held.ns == at_ms(0).ns);
    learned_hold(&learned, 1, at_ms(1000));
    assert_true(learned.held.ns == at_ms(1001).ns);
    learned_hold(&learned, 600001, at_ms(1000));
    assert_true(learned.held.ns == at_ms(601000).ns);
    learned_hold(&learned, 5000, at_ms(2000)); /* a shorter one ends nothing */
    assert_true(learned.held.ns == at_ms(601000).ns);
}

static void a_refusal_waits_for_the_later_reset_of_what_is_used_up(void **state)
{
    (void)state;
    const struct {
        struct server_limits server;
        int64_t reset_ms;
    } cases[] = {{{-1, 0, 59999, -1, 0, 7}, 59999}, {{-1, 0, 60001, -1, 0, 7}, 60000},
                 {{-1, 0, 7, -1, 0, 8}, 8},         {{-1, 1, 7, -1, 0, 3}, 3},
                 {{-1, 0, 1, -1, 1, 8}, 1},         {{-1, 1, 7, -1, 1, 8}, 0},
                 {{-1, 0, 0, -1, 0, -1}, 0},        {{-1, -1, 7, -1, -1, 8}, 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(learned_reset_ms(&cases[i].server), cases[i].reset_ms);
}

static void without_a_word_of_the_server_it_is_the_requests_that_go_down(void **state)
{
    (void)state;
    const struct {
        int64_t requests_left, tokens_left;
        bool is_tokens;
    } cases[] = {{-1, -1, false}, {-1, 0, true}, {5, 0, true},  {0, 0, false},
                 {0, 5, false},   {5, 5, false}, {1, 1, false}, {1, 0, true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct learned learned = {0};
        struct server_limits server = SILENT;
        server.requests_left = cases[i].requests_left;
        server.tokens_left = cases[i].tokens_left;
        const struct learned_use use = {.requests = 100, .tokens = 1000};
        learned_on_refusal(&learned, &server, &use, at_ms(0));
        assert_int_equal(learned_limits(&learned).requests_per_minute,
                         cases[i].is_tokens ? 0 : 300);
        assert_int_equal(learned_limits(&learned).tokens_per_minute, cases[i].is_tokens ? 3000 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_settles_below_what_the_server_bears),
        cmocka_unit_test(a_stray_429_is_made_good_within_minutes),
        cmocka_unit_test(a_few_429s_while_little_is_done_are_made_good_within_minutes),
        cmocka_unit_test(without_a_429_nothing_is_learned),
        cmocka_unit_test(a_limit_that_is_said_to_be_used_up_is_learned_before_it_refuses),
        cmocka_unit_test(a_limit_that_is_not_true_is_outgrown_within_minutes),
        cmocka_unit_test(nothing_is_learned_from_a_limit_that_is_not_told),
        cmocka_unit_test(refusals_now_and_then_do_not_bring_it_down_to_nothing),
        cmocka_unit_test(many_429s_at_once_lower_it_once),
        cmocka_unit_test(the_limit_that_the_server_says_is_used_up_is_the_one_that_goes_down),
        cmocka_unit_test(nothing_that_a_server_says_breaks_it),
        cmocka_unit_test(it_goes_down_once_in_five_seconds_to_the_millisecond),
        cmocka_unit_test(each_success_raises_it_by_its_part),
        cmocka_unit_test(where_it_was_refused_it_rises_with_care),
        cmocka_unit_test(one_success_counts_for_a_minute_and_ten_million_tokens_at_most),
        cmocka_unit_test(it_starts_from_the_least_of_what_is_known),
        cmocka_unit_test(refused_again_within_two_minutes_it_is_taken_at_its_word),
        cmocka_unit_test(refused_where_it_was_refused_before_it_goes_down_by_an_eighth),
        cmocka_unit_test(it_never_goes_below_one),
        cmocka_unit_test(a_pause_lasts_as_long_as_it_is_asked_for_up_to_ten_minutes),
        cmocka_unit_test(a_refusal_waits_for_the_later_reset_of_what_is_used_up),
        cmocka_unit_test(without_a_word_of_the_server_it_is_the_requests_that_go_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
