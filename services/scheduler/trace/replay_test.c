/* A fresh core takes the same steps as the recorded one, and what does not fit is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "codes.h"
#include "random_life_for_test.h"
#include "replay.h"

enum { LIVES = 12, STEPS = 6000 };

static void replay(struct life *life, struct replay *result)
{
    struct error why;
    SCOPED(trace_close) struct trace *trace = NULL;
    if (!trace_open_bytes(life->tape.file.chars, life->tape.file.length, &trace, &why) ||
        !replay_run(trace, result, &why))
        fail_msg("%s", why.message);
}

static void a_recorded_life_is_replayed_to_the_same_decisions(void **state)
{
    (void)state;
    uint64_t chapters = 0;
    for (uint64_t seed = 1; seed <= LIVES; seed++) {
        struct life life;
        struct replay result;
        life_open(&life, seed);
        life_live(&life, STEPS);
        life_end(&life);
        replay(&life, &result);
        if (result.is_different)
            fail_msg("seed %d, chapter %d, step %d:\n%s", (int)seed, (int)result.chapter,
                     (int)result.step, result.told.chars);
        assert_int_equal(result.gaps, 0);
        assert_int_equal(result.unchecked, 0);
        assert_true(result.events > STEPS / 4 && result.decisions > STEPS / 20);
        chapters += result.chapters;
        replay_free(&result);
        life_close(&life);
    }
    assert_true(chapters > 3 * LIVES); /* several epochs each */
}

/* A core with another cap: it is found at the first step where that shows. */
static void another_core_is_found_out_at_its_first_other_decision(void **state)
{
    (void)state;
    struct life life;
    struct replay result;
    life_open(&life, 3);
    life.config.max_active_users = 1; /* recorded, but not what the core had */
    recorder_free(&life.recorder);
    life.recorder = recorder_new(&(struct recorder_options){.instance_id = "brain",
                                                            .config = &life.config,
                                                            .take = tape_take,
                                                            .context = &life.tape,
                                                            .wall_ms = tape_wall_ms});
    life_live(&life, STEPS);
    life_end(&life);
    replay(&life, &result);
    assert_true(result.is_different);
    assert_true(result.step > 1);
    assert_non_null(strstr(result.told.chars, "recorded:"));
    assert_non_null(strstr(result.told.chars, "this build:"));
    replay_free(&result);
    life_close(&life);
}

/* Two steps of an idle leader, of which one has lost its only action. */
static void a_changed_step_is_found_where_it_is(void **state)
{
    (void)state;
    struct life life;
    struct replay result;
    life_open(&life, 5);
    life_step(&life, &(struct event){.kind = EVENT_TIME});
    struct event lease = {.kind = EVENT_LEASE,
                          .is_answered = true,
                          .lease = {.is_held = true, .epoch = 1, .asked = life.asked}};
    life_step(&life, &lease);
    for (int i = 0; i < 4; i++) {
        life.now = instant_plus_ms(life.now, 100);
        life_step(&life, &(struct event){.kind = EVENT_TIME});
    }
    const struct actions nothing = {0};
    life.now = instant_plus_ms(life.now, 300);
    struct event time = {.kind = EVENT_TIME};
    assert_true(scheduler_step(life.core, &time, life.now)->count > 0); /* it renews its lease */
    recorder_end(life.recorder, life.core, &time, life.now, &nothing);
    life_end(&life);
    replay(&life, &result);
    assert_true(result.is_different);
    assert_int_equal(result.chapter, 1);
    assert_int_equal(result.step, 6);
    assert_non_null(strstr(result.told.chars, "ask for the lease"));
    replay_free(&result);
    life_close(&life);
}

static void what_got_lost_is_said_and_the_next_chapter_is_checked(void **state)
{
    (void)state;
    struct life life;
    struct replay result;
    life_open(&life, 4);
    life.tape.refuse = 2;
    life_live(&life, STEPS);
    life_end(&life);
    replay(&life, &result);
    assert_false(result.is_different);
    assert_int_equal(result.gaps, 1);
    assert_true(result.lost_steps > 0);
    assert_true(result.chapters > 1);
    replay_free(&result);
    life_close(&life);
}

/* What the broker forgot leaves a gap in the numbers; what it repeats is read once. */
static void batches_may_be_missing_twice_or_in_any_order(void **state)
{
    (void)state;
    struct life life;
    struct replay whole, mixed;
    life_open(&life, 6);
    life_live(&life, STEPS);
    life_end(&life);
    replay(&life, &whole);
    struct text file = {0};
    text_add(&file, TRACE_HEADING);
    size_t at = strlen(TRACE_HEADING), first = 0;
    for (int i = 0; at < life.tape.file.length; i++) {
        const unsigned char *b = (const unsigned char *)life.tape.file.chars + at;
        size_t size = 4 + (b[0] | (size_t)b[1] << 8 | (size_t)b[2] << 16 | (size_t)b[3] << 24);
        if (i == 0)
            first = size;
        else
            text_add_bytes(&file, b, size);
        if (i == 1)
            text_add_bytes(&file, b, size);
        at += size;
    }
    text_add_bytes(&file, life.tape.file.chars + strlen(TRACE_HEADING), first);
    text_clear(&life.tape.file);
    text_add_bytes(&life.tape.file, file.chars, file.length);
    replay(&life, &mixed);
    assert_false(mixed.is_different);
    assert_int_equal(mixed.events, whole.events);
    assert_int_equal(mixed.gaps, 0);
    text_free(&file);
    replay_free(&whole);
    replay_free(&mixed);
    life_close(&life);
}

static void a_damaged_file_is_refused(void **state)
{
    (void)state;
    struct life life;
    struct error why;
    struct trace *trace = NULL;
    life_open(&life, 7);
    life_live(&life, 500);
    life_end(&life);
    assert_false(trace_open_bytes("nonsense", 8, &trace, &why));
    assert_int_equal(why.kind, ERROR_INVALID);
    assert_false(trace_open_bytes(life.tape.file.chars, life.tape.file.length - 1, &trace, &why));
    assert_non_null(strstr(why.message, "cut off"));
    life_close(&life);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recorded_life_is_replayed_to_the_same_decisions),
        cmocka_unit_test(another_core_is_found_out_at_its_first_other_decision),
        cmocka_unit_test(a_changed_step_is_found_where_it_is),
        cmocka_unit_test(what_got_lost_is_said_and_the_next_chapter_is_checked),
        cmocka_unit_test(batches_may_be_missing_twice_or_in_any_order),
        cmocka_unit_test(a_damaged_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
