#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "bus/replies.h"

enum { LONG_MS = 60000, PATIENCE_MS = 30000, QUESTIONS = 2000 };

/* What became of a question. */
struct fate {
    atomic_int answered, failed;
    enum error_kind kind;
};

static void note(void *context, natsMsg *answer, const struct error *why)
{
    struct fate *fate = context;
    if (answer == NULL)
        fate->kind = why->kind;
    natsMsg_Destroy(answer);
    atomic_fetch_add(answer != NULL ? &fate->answered : &fate->failed, 1);
}

static natsMsg *some_answer(void)
{
    natsMsg *answer;
    assert_int_equal(natsMsg_Create(&answer, "s", NULL, "x", 1), NATS_OK);
    return answer;
}

static void await(const atomic_int *count)
{
    struct instant deadline = instant_plus_ms(clock_now(), PATIENCE_MS);
    while (atomic_load(count) == 0) {
        assert_true(instant_is_before(clock_now(), deadline));
        sched_yield();
    }
}

static void an_answer_is_told_once_and_a_second_one_dropped(void **state)
{
    (void)state;
    SCOPED(replies_free) struct replies *replies = replies_new();
    struct fate fate = {0};
    char token[REPLY_TOKEN_SIZE];
    assert_true(replies_expect(replies, LONG_MS, note, &fate, token));
    replies_answer(replies, token, some_answer());
    replies_answer(replies, token, some_answer());
    assert_int_equal(atomic_load(&fate.answered), 1);
    assert_false(replies_forget(replies, token));
}

static void a_late_answer_does_not_reach_the_next_question(void **state)
{
    (void)state;
    SCOPED(replies_free) struct replies *replies = replies_new();
    struct fate first = {0}, second = {0};
    char old[REPLY_TOKEN_SIZE], new[REPLY_TOKEN_SIZE];
    assert_true(replies_expect(replies, LONG_MS, note, &first, old));
    assert_true(replies_forget(replies, old));
    assert_true(replies_expect(replies, LONG_MS, note, &second, new));
    assert_string_not_equal(old, new);
    replies_answer(replies, old, some_answer());
    assert_int_equal(atomic_load(&second.answered), 0);
    replies_answer(replies, new, some_answer());
    assert_int_equal(atomic_load(&second.answered), 1);
    assert_int_equal(atomic_load(&first.answered) + atomic_load(&first.failed), 0);
}

static void tokens_that_are_none_are_ignored(void **state)
{
    (void)state;
    SCOPED(replies_free) struct replies *replies = replies_new();
    static const char *const bad[] = {
        "", "x", "0000000000000001", "ffffffffffffffff", "zzzzzzzzzzzzzzzz", "00000000000000010"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        replies_answer(replies, bad[i], some_answer());
}

static void deadlines_are_kept_whatever_their_order(void **state)
{
    (void)state;
    SCOPED(replies_free) struct replies *replies = replies_new();
    struct fate slow = {0}, quick = {0}, never = {0};
    char token[REPLY_TOKEN_SIZE], last[REPLY_TOKEN_SIZE];
    struct instant begin = clock_now();
    assert_true(replies_expect(replies, LONG_MS, note, &never, last));
    assert_true(replies_expect(replies, 80, note, &slow, token));
    assert_true(replies_expect(replies, 20, note, &quick, token));
    await(&quick.failed);
    assert_true(instant_ms_between(begin, clock_now()) >= 20);
    await(&slow.failed);
    assert_true(instant_ms_between(begin, clock_now()) >= 80);
    assert_int_equal(slow.kind, ERROR_TIMEOUT);
    assert_int_equal(atomic_load(&never.failed), 0);
    assert_true(replies_forget(replies, last));
}

static void a_lost_connection_is_told_to_all_who_wait(void **state)
{
    (void)state;
    SCOPED(replies_free) struct replies *replies = replies_new();
    struct fate fates[40] = {0};
    char token[REPLY_TOKEN_SIZE];
    for (size_t i = 0; i < 40; i++)
        assert_true(replies_expect(replies, LONG_MS, note, &fates[i], token));
    replies_lose(replies);
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(atomic_load(&fates[i].failed), 1);
        assert_int_equal(fates[i].kind, ERROR_TIMEOUT);
    }
}

struct crowd {
    struct replies *replies;
    struct fate fates[QUESTIONS];
    char tokens[QUESTIONS][REPLY_TOKEN_SIZE];
    atomic_int asked;
};

static void *answer_all(void *context)
{
    struct crowd *crowd = context;
    for (int i = 0; i < QUESTIONS; i++) {
        while (atomic_load(&crowd->asked) <= i)
            sched_yield();
        replies_answer(crowd->replies, crowd->tokens[i], some_answer());
    }
    return NULL;
}

static void each_is_told_exactly_once_though_answer_and_deadline_race(void **state)
{
    (void)state;
    struct crowd *crowd = calloc(1, sizeof *crowd);
    crowd->replies = replies_new();
    pthread_t answerers[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&answerers[i], NULL, answer_all, crowd), 0);
    for (int i = 0; i < QUESTIONS; i++) {
        assert_true(
            replies_expect(crowd->replies, i % 3, note, &crowd->fates[i], crowd->tokens[i]));
        atomic_fetch_add(&crowd->asked, 1);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(answerers[i], NULL), 0);
    replies_lose(crowd->replies);
    replies_free(&crowd->replies);
    for (int i = 0; i < QUESTIONS; i++)
        assert_int_equal(
            atomic_load(&crowd->fates[i].answered) + atomic_load(&crowd->fates[i].failed), 1);
    free(crowd);
}

static int open_library(void **state)
{
    (void)state;
    return nats_Open(-1) == NATS_OK ? 0 : -1;
}

static int close_library(void **state)
{
    (void)state;
    nats_Close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_told_once_and_a_second_one_dropped),
        cmocka_unit_test(a_late_answer_does_not_reach_the_next_question),
        cmocka_unit_test(tokens_that_are_none_are_ignored),
        cmocka_unit_test(deadlines_are_kept_whatever_their_order),
        cmocka_unit_test(a_lost_connection_is_told_to_all_who_wait),
        cmocka_unit_test(each_is_told_exactly_once_though_answer_and_deadline_race),
    };
    return cmocka_run_group_tests(tests, open_library, close_library);
}
