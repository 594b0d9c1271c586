/* Lives of the core in which the store answers what it likes: whatever a trace tells is read, and
 * the model makes something of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "trace/random_life_for_test.h"
#include "whatif.h"

enum { LIVES = 40, STEPS = 1500 };

/* Answers how many jobs it told of; 0 = it had no work in it. */
static size_t read_and_run(uint64_t seed, unsigned refused)
{
    struct life life;
    life_open(&life, seed);
    life.tape.refuse = refused;
    life_live(&life, STEPS);
    life_end(&life);
    SCOPED(trace_close) struct trace *trace = NULL;
    SCOPED(history_free) struct history history = {0};
    struct error why;
    assert_true(trace_open_bytes(life.tape.file.chars, life.tape.file.length, &trace, &why));
    bool is_read = history_read(trace, &history, &why);
    life_close(&life);
    if (!is_read)
        return 0;
    if (refused > 0)
        assert_true(history.lost_steps > 0);
    struct whatif_setting setting = whatif_setting(&history);
    setting.analyzers = setting.slots = 4;
    struct figures was = whatif_recorded(&history), again = whatif_run(&history, &setting);
    assert_true(was.failed_calls <= was.calls && again.failed_calls <= again.calls);
    return history.job_count;
}

static void whatever_a_trace_tells_is_read_and_run(void **state)
{
    (void)state;
    size_t jobs = 0;
    for (uint64_t seed = 1; seed <= LIVES; seed++)
        jobs += read_and_run(seed, 0);
    assert_true(jobs > LIVES);
}

static void what_is_missing_in_a_trace_is_told(void **state)
{
    (void)state;
    size_t jobs = 0;
    for (uint64_t seed = 1; seed <= LIVES; seed++)
        jobs += read_and_run(seed, 2);
    assert_true(jobs > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_a_trace_tells_is_read_and_run),
        cmocka_unit_test(what_is_missing_in_a_trace_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
