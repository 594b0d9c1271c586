/* What bounds an analyzer's calls and memory, on the stage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stage_for_test.h"

static void a_server_that_does_not_begin_to_answer_is_given_up(void **state)
{
    (void)state;
    atomic_store(&stage.llm.mood, TEST_LLM_IS_SILENT);
    stage.settings.first_byte_timeout_ms = 200;
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const Tp__Outcome *outcome = outcome_of(dispatch(TP__ANALYSIS_MODE__BY_LLM));
    stage.settings.first_byte_timeout_ms = 0;
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__TIMEOUT);
    assert_non_null(strstr(outcome->detail, "no first byte"));
    assert_true(outcome->was_called);
    assert_false(outcome->usage->is_known);
}

static void without_trusted_tls_nothing_is_sent(void **state)
{
    (void)state;
    const char *url = arena_format(stage.arena, "https%s", strchr(stage.llm.url, ':'));
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(url);
    const Tp__Outcome *outcome = outcome_of(dispatch(TP__ANALYSIS_MODE__BY_LLM));
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__CONNECTION);
    assert_non_null(strstr(outcome->detail, "no connection: "));
    assert_false(outcome->was_called);
    assert_true(outcome->usage->is_known);
}

static void above_its_ceiling_of_memory_it_leaves_the_work_to_others(void **state)
{
    (void)state;
    stage.settings.memory_mb = 1; /* less than any process takes */
    SCOPED(analyzer_close) struct analyzer *full = analyzer_by(stage.llm.url);
    wait_for_slots(0);
    const char *job = dispatch(TP__ANALYSIS_MODE__BY_LLM);
    assert_null(next_outcome(300));
    assert_int_equal(atomic_load(&stage.asks), 0);
    stage.settings.memory_mb = 0;
    SCOPED(analyzer_close) struct analyzer *other = analyzer_by(stage.llm.url);
    assert_int_equal(outcome_of(job)->outcome_class, TP__OUTCOME_CLASS__OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_server_that_does_not_begin_to_answer_is_given_up, reset),
        cmocka_unit_test_setup(without_trusted_tls_nothing_is_sent, reset),
        cmocka_unit_test_setup(above_its_ceiling_of_memory_it_leaves_the_work_to_others, reset),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
