/* What a job is asked: tasks.h, and how an instruction travels. */
#include "messages/tasks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "messages/examples_for_test.h"

static void tasks_have_names_and_make_sets(void **state)
{
    (void)state;
    for (int i = 0; i < TASK_COUNT; i++) {
        enum task task;
        assert_true(task_parse(task_name((enum task)i), &task));
        assert_int_equal(task, i);
        assert_true(task_set_has(TASKS_ALL, task));
    }
    enum task none;
    assert_false(task_parse("Sentiment", &none));
    static const char *const names[] = {"topics", "of a later version", "summary"};
    struct task_set set = task_set_of(3, names);
    assert_true(task_set_has(set, TASK_TOPICS));
    assert_true(task_set_has(set, TASK_SUMMARY));
    assert_false(task_set_has(set, TASK_SENTIMENT));
    assert_int_equal(set.bits, 1U << TASK_TOPICS | 1U << TASK_SUMMARY);
}

static void a_summary_alone_asks_nothing_of_the_posts(void **state)
{
    (void)state;
    struct task_set set = {0};
    assert_false(task_set_is_of_posts(set));
    task_set_add(&set, TASK_SUMMARY);
    assert_false(task_set_is_of_posts(set));
    task_set_add(&set, TASK_LANGUAGE);
    assert_true(task_set_is_of_posts(set));
}

/* NULL = it passes; else it must be refused for that. */
static void expect(const char *instruction, ProtobufCBinaryData schema_json, const char *fault)
{
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    Tp__Dispatch message = dispatch_3;
    message.instruction = instruction;
    message.schema_json = schema_json;
    const Tp__Dispatch *unpacked;
    struct error why;
    bool is_taken = unpack_dispatch(arena, pack_dispatch(arena, &message), &unpacked, &why);
    assert_int_equal(is_taken, fault == NULL);
    if (fault != NULL)
        assert_non_null(strstr(why.message, fault));
}

static void an_instruction_comes_with_its_schema_or_neither_does(void **state)
{
    (void)state;
    examples_prepare();
    char instruction[INSTRUCTION_MAX_BYTES + 2] = "";
    memset(instruction, 'x', INSTRUCTION_MAX_BYTES);
    expect("", (ProtobufCBinaryData){0}, NULL);
    expect(instruction, dispatch_3.schema_json, NULL);
    instruction[INSTRUCTION_MAX_BYTES] = 'x';
    expect(instruction, dispatch_3.schema_json, "bytes of instruction");
    expect("", dispatch_3.schema_json, "bytes of instruction");
    expect("x", (ProtobufCBinaryData){0}, "schema_json");
    expect("x", binary("{\xFF}"), "schema_json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_have_names_and_make_sets),
        cmocka_unit_test(a_summary_alone_asks_nothing_of_the_posts),
        cmocka_unit_test(an_instruction_comes_with_its_schema_or_neither_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
