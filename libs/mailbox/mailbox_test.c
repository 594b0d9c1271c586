#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mailbox/mailbox.h"

static struct instant in_ms(int64_t ms)
{
    return instant_plus_ms(clock_now(), ms);
}

static void letters_come_in_the_order_they_were_posted(void **state)
{
    (void)state;
    SCOPED(mailbox_free) struct mailbox *mailbox = mailbox_new(3);
    int letters[10];
    for (int i = 0; i < 9; i += 3) { /* the ring turns */
        for (int j = 0; j < 3; j++)
            assert_true(mailbox_post(mailbox, &letters[i + j]));
        assert_int_equal(mailbox_length(mailbox), 3);
        assert_ptr_equal(mailbox_try_take(mailbox), &letters[i]);
        assert_ptr_equal(mailbox_take(mailbox, in_ms(0)), &letters[i + 1]);
        assert_true(mailbox_post(mailbox, &letters[9]));
        assert_ptr_equal(mailbox_try_take(mailbox), &letters[i + 2]);
        assert_ptr_equal(mailbox_try_take(mailbox), &letters[9]);
        assert_null(mailbox_try_take(mailbox));
    }
}

static void a_full_mailbox_refuses_and_the_poster_keeps_the_letter(void **state)
{
    (void)state;
    SCOPED(mailbox_free) struct mailbox *mailbox = mailbox_new(1);
    int first, second;
    assert_true(mailbox_post(mailbox, &first));
    assert_false(mailbox_post(mailbox, &second));
    assert_ptr_equal(mailbox_try_take(mailbox), &first);
    assert_true(mailbox_post(mailbox, &second));
    assert_ptr_equal(mailbox_try_take(mailbox), &second);
}

static void a_closed_mailbox_refuses_but_gives_what_it_holds(void **state)
{
    (void)state;
    SCOPED(mailbox_free) struct mailbox *mailbox = mailbox_new(2);
    int letter;
    assert_true(mailbox_post(mailbox, &letter));
    mailbox_close(mailbox);
    assert_false(mailbox_post(mailbox, &letter));
    assert_ptr_equal(mailbox_take(mailbox, in_ms(60000)), &letter);
    assert_null(
        mailbox_take(mailbox, in_ms(60000))); /* at once: the test's time limit would tell */
}

static void taking_ends_at_the_deadline_and_not_before(void **state)
{
    (void)state;
    SCOPED(mailbox_free) struct mailbox *mailbox = mailbox_new(1);
    struct instant deadline = in_ms(30);
    assert_null(mailbox_take(mailbox, deadline));
    assert_false(instant_is_before(clock_now(), deadline));
}

static void *post_one(void *context)
{
    static int letter;
    assert_true(mailbox_post(context, &letter));
    return NULL;
}

static void *close_it(void *context)
{
    mailbox_close(context);
    return NULL;
}

/* Whichever comes first, the taker or the other thread: the taker does not sleep on. */
static void wake_by(void *(*act)(void *), bool is_letter)
{
    SCOPED(mailbox_free) struct mailbox *mailbox = mailbox_new(1);
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, act, mailbox), 0);
    assert_int_equal(mailbox_take(mailbox, in_ms(60000)) != NULL, is_letter);
    pthread_join(other, NULL);
}

static void a_sleeping_taker_wakes_for_a_letter_and_for_the_closing(void **state)
{
    (void)state;
    wake_by(post_one, true);
    wake_by(close_it, false);
}

enum { POSTERS = 4, LETTERS_EACH = 5000 };

struct poster {
    struct mailbox *mailbox;
    struct letter {
        int poster, number;
    } letters[LETTERS_EACH];
};

static void *post_all(void *context)
{
    struct poster *poster = context;
    for (int i = 0; i < LETTERS_EACH; i++) {
        while (!mailbox_post(poster->mailbox, &poster->letters[i]))
            sched_yield();
    }
    return NULL;
}

static void nothing_is_lost_doubled_or_reordered_among_several_posters(void **state)
{
    (void)state;
    static struct poster posters[POSTERS];
    SCOPED(mailbox_free) struct mailbox *mailbox = mailbox_new(16);
    pthread_t threads[POSTERS];
    for (int i = 0; i < POSTERS; i++) {
        posters[i].mailbox = mailbox;
        for (int j = 0; j < LETTERS_EACH; j++)
            posters[i].letters[j] = (struct letter){.poster = i, .number = j};
        assert_int_equal(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
    }
    int next[POSTERS] = {0};
    for (int i = 0; i < POSTERS * LETTERS_EACH; i++) {
        const struct letter *letter = mailbox_take(mailbox, in_ms(60000));
        assert_non_null(letter);
        assert_int_equal(letter->number, next[letter->poster]++);
    }
    for (int i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(mailbox_length(mailbox), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_come_in_the_order_they_were_posted),
        cmocka_unit_test(a_full_mailbox_refuses_and_the_poster_keeps_the_letter),
        cmocka_unit_test(a_closed_mailbox_refuses_but_gives_what_it_holds),
        cmocka_unit_test(taking_ends_at_the_deadline_and_not_before),
        cmocka_unit_test(a_sleeping_taker_wakes_for_a_letter_and_for_the_closing),
        cmocka_unit_test(nothing_is_lost_doubled_or_reordered_among_several_posters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
