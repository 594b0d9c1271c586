#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "notifier.h"

static const struct notifier_options OPTIONS = {
    .group_wait_ms = 5000, .repeat_ms = 14400 * 1000, .give_up_ms = 600 * 1000};

static struct instant at_s(int64_t seconds)
{
    return (struct instant){seconds * 1000 * CLOCK_MS};
}

static struct notifier fresh(void)
{
    struct notifier notifier;
    notifier_init(&notifier, &OPTIONS, at_s(0));
    return notifier;
}

static void changes_that_come_together_are_told_together(void **state)
{
    (void)state;
    struct notifier notifier = fresh();
    notifier_changed(&notifier, at_s(10));
    assert_false(notifier_must_send(&notifier, true, at_s(10)));
    notifier_changed(&notifier, at_s(13));
    assert_int_equal(notifier_wakes(&notifier, true, at_s(13)).ns, at_s(15).ns);
    assert_true(notifier_must_send(&notifier, true, at_s(15)));
    notifier_delivered(&notifier, at_s(16));
    assert_false(notifier_must_send(&notifier, true, at_s(100)));
}

static void a_change_on_the_way_is_told_next(void **state)
{
    (void)state;
    struct notifier notifier = fresh();
    notifier_changed(&notifier, at_s(0));
    assert_true(notifier_must_send(&notifier, true, at_s(5)));
    notifier_changed(&notifier, at_s(6));
    assert_false(notifier_must_send(&notifier, true, at_s(60)));
    notifier_delivered(&notifier, at_s(60));
    assert_true(notifier_must_send(&notifier, false, at_s(60)));
}

static void failures_are_tried_again_ever_later_until_given_up(void **state)
{
    (void)state;
    struct notifier notifier = fresh();
    notifier_changed(&notifier, at_s(0));
    static const int64_t WAITS_S[] = {1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60};
    int64_t now_s = 5;
    for (size_t i = 0; i < sizeof WAITS_S / sizeof WAITS_S[0]; i++) {
        assert_true(notifier_must_send(&notifier, true, at_s(now_s)));
        if (now_s >= 605) {
            assert_true(notifier_failed(&notifier, true, 0, at_s(now_s)));
            assert_false(notifier_must_send(&notifier, true, at_s(now_s + 60)));
            return;
        }
        assert_false(notifier_failed(&notifier, true, 0, at_s(now_s)));
        assert_false(notifier_must_send(&notifier, true, at_s(now_s + WAITS_S[i] - 1)));
        now_s += WAITS_S[i];
    }
    fail_msg("never given up");
}

static void the_receiver_may_ask_for_time(void **state)
{
    (void)state;
    struct notifier notifier = fresh();
    notifier_changed(&notifier, at_s(0));
    assert_true(notifier_must_send(&notifier, true, at_s(5)));
    assert_false(notifier_failed(&notifier, true, 30000, at_s(5)));
    assert_false(notifier_must_send(&notifier, true, at_s(34)));
    assert_true(notifier_must_send(&notifier, true, at_s(35)));
}

static void a_refusal_is_final_until_the_next_change(void **state)
{
    (void)state;
    struct notifier notifier = fresh();
    notifier_changed(&notifier, at_s(0));
    assert_true(notifier_must_send(&notifier, true, at_s(5)));
    assert_true(notifier_failed(&notifier, false, 0, at_s(5)));
    assert_false(notifier_must_send(&notifier, true, at_s(100)));
    notifier_changed(&notifier, at_s(100));
    assert_true(notifier_must_send(&notifier, true, at_s(105)));
}

static void what_fires_is_told_again_after_the_repeat_interval(void **state)
{
    (void)state;
    struct notifier notifier = fresh();
    notifier_changed(&notifier, at_s(0));
    assert_true(notifier_must_send(&notifier, true, at_s(5)));
    notifier_delivered(&notifier, at_s(5));
    assert_false(notifier_must_send(&notifier, true, at_s(14404)));
    assert_true(notifier_must_send(&notifier, true, at_s(14405)));
    notifier_delivered(&notifier, at_s(14405));
    assert_false(notifier_must_send(&notifier, false, at_s(30000)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_that_come_together_are_told_together),
        cmocka_unit_test(a_change_on_the_way_is_told_next),
        cmocka_unit_test(failures_are_tried_again_ever_later_until_given_up),
        cmocka_unit_test(the_receiver_may_ask_for_time),
        cmocka_unit_test(a_refusal_is_final_until_the_next_change),
        cmocka_unit_test(what_fires_is_told_again_after_the_repeat_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
