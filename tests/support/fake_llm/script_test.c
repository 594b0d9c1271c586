#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "script.h"

static struct script *parsed(const char *text)
{
    struct script *script = NULL;
    struct error why = {0};
    if (!script_parse(text, strlen(text), &script, &why))
        fail_msg("%s", why.message);
    return script;
}

static int chosen(struct script *script, const char *user, const char *text)
{
    const char *texts[] = {"an innocent post", text};
    const struct call call = {"main", user, texts, 2};
    int rule;
    script_choose(script, &call, &rule);
    return rule;
}

static void the_first_rule_that_matches_acts(void **state)
{
    (void)state;
    SCOPED(script_free) struct script *script =
        parsed("{\"rules\":["
               "{\"when\":{\"user\":\"ann\"},\"then\":{\"status\":500}},"
               "{\"when\":{\"text\":\"poison\"},\"then\":{\"status\":400}},"
               "{\"when\":{\"user\":\"ann\"},\"then\":{\"status\":429}}]}");
    assert_int_equal(chosen(script, "ann", "poison"), 0);
    assert_int_equal(chosen(script, "bob", "some poison here"), 1);
    assert_int_equal(chosen(script, "bob", "nothing"), -1);
}

static void calls_are_counted_per_rule(void **state)
{
    (void)state;
    SCOPED(script_free) struct script *script =
        parsed("{\"rules\":[{\"when\":{\"user\":\"ann\",\"nth\":2},\"then\":{\"status\":500}},"
               "{\"when\":{\"every\":3},\"then\":{\"status\":429}},"
               "{\"when\":{\"first\":2},\"then\":{\"status\":503}}]}");
    assert_int_equal(chosen(script, "bob", ""), 2); /* 1st for rules 2 and 3 */
    assert_int_equal(chosen(script, "ann", ""), 2); /* 2nd for them */
    assert_int_equal(chosen(script, "ann", ""), 0); /* ann's 2nd */
    assert_int_equal(chosen(script, "ann", ""), 1); /* 3rd for rule 2 */
    assert_int_equal(chosen(script, "ann", ""), -1);
}

static void rules_and_limits_are_of_one_endpoint_if_they_say_so(void **state)
{
    (void)state;
    SCOPED(script_free) struct script *script =
        parsed("{\"rules\":[{\"when\":{\"endpoint\":\"spare\"},\"then\":{\"status\":500}},"
               "{\"when\":{\"endpoint\":\"main\"},\"then\":{}}],\"limits\":["
               "{\"endpoint\":\"main\",\"requests_per_minute\":60,\"tokens_per_minute\":900},"
               "{\"requests_per_minute\":7}]}");
    assert_int_equal(chosen(script, "u", ""), 1);
    assert_int_equal(script_limits(script, "main").calls, 60);
    assert_int_equal(script_limits(script, "main").tokens, 900);
    assert_int_equal(script_limits(script, "").calls, 7);
    assert_int_equal(script_limits(script, "spare").calls, 0);
}

static void a_seed_decides_the_same_way_each_time(void **state)
{
    (void)state;
    const char *text = "{\"seed\":7,\"rules\":[{\"when\":{\"probability\":0.25},\"then\":{}}]}";
    SCOPED(script_free) struct script *one = parsed(text);
    SCOPED(script_free) struct script *two = parsed(text);
    int hits = 0;
    for (int i = 0; i < 4000; i++) {
        int rule = chosen(one, "u", "");
        assert_int_equal(rule, chosen(two, "u", ""));
        hits += rule == 0;
    }
    assert_in_range(hits, 900, 1100);
}

static void all_of_an_action_is_understood(void **state)
{
    (void)state;
    SCOPED(script_free) struct script *script =
        parsed("{\"rules\":[{\"then\":{\"delay_ms\":5,\"hold\":true,\"status\":429,\"headers\":{"
               "\"Retry-After\":\"1\"},"
               "\"body\":{\"error\":{}},\"truncate\":9,\"finish_reason\":\"length\",\"drop\":1,"
               "\"drop_text\":\"x\",\"duplicate\":2,\"invent\":3,\"drip\":10,\"omit_usage\":true,"
               "\"null_content\":true,\"reorder\":true,\"prose\":true,\"bad_utf8\":true,"
               "\"invalid\":\"score\",\"end\":\"hang\"}}]}");
    int rule;
    const struct action *action = script_choose(script, &(struct call){.user = ""}, &rule);
    assert_int_equal(action->delay_ms, 5);
    assert_int_equal(action->status, 429);
    assert_string_equal(action->headers[0].name, "Retry-After");
    assert_string_equal(action->headers[0].value, "1");
    assert_string_equal(action->body, "{\"error\":{}}");
    assert_int_equal(action->truncate, 9);
    assert_string_equal(action->finish_reason, "length");
    assert_int_equal(action->drop + action->duplicate + action->invent, 6);
    assert_int_equal(action->drip, 10);
    assert_true(action->omit_usage && action->null_content && action->reorder && action->prose);
    assert_true(action->bad_utf8 && action->is_held);
    assert_int_equal(action->invalid, INVALID_SCORE);
    assert_int_equal(action->end, ENDING_HANG);
}

static void a_misspelt_script_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
    } BAD[] = {
        {"nonsense", "JSON"},
        {"{\"rule\":[]}", "\"rule\""},
        {"{\"rules\":7}", "\"rules\""},
        {"{\"rules\":[7]}", "rule 1"},
        {"{\"rules\":[{\"then\":{}},{\"then\":{\"dely_ms\":1}}]}", "rule 2: then: unknown member"},
        {"{\"rules\":[{\"when\":{\"usr\":\"a\"},\"then\":{}}]}", "\"usr\""},
        {"{\"rules\":[{\"then\":{\"end\":\"explode\"}}]}", "\"explode\""},
        {"{\"rules\":[{\"then\":{\"status\":99}}]}", "status"},
        {"{\"rules\":[{\"when\":{}}]}", "\"then\""},
        {"{\"rules\":[{\"then\":{\"hostile\":{\"dorp\":0.3}}}]}", "\"dorp\""},
        {"{\"rules\":[{\"then\":{\"hostile\":{\"drop\":30}}}]}", "\"drop\""},
        {"{\"rules\":[],\"limits\":[{\"rpm\":1}]}", "limit 1: limit: unknown member \"rpm\""},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        struct script *script = NULL;
        struct error why;
        assert_false(script_parse(BAD[i].text, strlen(BAD[i].text), &script, &why));
        assert_non_null(strstr(why.message, BAD[i].said));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rule_that_matches_acts),
        cmocka_unit_test(calls_are_counted_per_rule),
        cmocka_unit_test(rules_and_limits_are_of_one_endpoint_if_they_say_so),
        cmocka_unit_test(a_seed_decides_the_same_way_each_time),
        cmocka_unit_test(all_of_an_action_is_understood),
        cmocka_unit_test(a_misspelt_script_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
