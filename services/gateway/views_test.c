#include "states.h"
#include "views.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "json/json.h"

static char ID[] = "01a20190-bb98-771f-904f-fbe488bfa61b";

static json_t *parsed(const struct text *text)
{
    json_t *document;
    struct error why;
    assert_true(json_parse(text->chars, text->length, &document, &why));
    return document;
}

static const char *member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void a_job_is_shown_without_what_is_unknown(void **state)
{
    (void)state;
    Tp__Progress progress = TP__PROGRESS__INIT;
    Tp__JobView job = TP__JOB_VIEW__INIT;
    progress.total_posts = 5;
    job.job_id = ID;
    job.user_id = "a\"<lice>";
    job.service_class = TP__SERVICE_CLASS__PREMIUM;
    job.status = TP__JOB_STATUS__PROCESSING;
    job.progress = &progress;
    job.created_ms = 1795322592165;
    job.micros = 1000042;
    SCOPED(text_free) struct text out = {0};
    view_job(&job, &out);
    SCOPED(json_free) json_t *shown = parsed(&out);
    assert_string_equal(member(shown, "state"), "processing");
    assert_string_equal(member(shown, "user"), "a\"<lice>");
    assert_string_equal(member(shown, "class"), "premium");
    assert_string_equal(member(shown, "created_at"), "2026-11-22T04:43:12.165Z");
    assert_null(json_object_get(shown, "completed_at"));
    assert_null(json_object_get(shown, "error"));
    assert_int_equal(json_integer_value(json_object_get(shown, "total_posts")), 5);
    const json_t *usage = json_object_get(shown, "usage");
    assert_float_equal(json_real_value(json_object_get(usage, "usd")), 1.000042, 1e-9);
}

static Tp__JobView a_job(Tp__Progress *progress)
{
    Tp__JobView job = TP__JOB_VIEW__INIT;
    job.job_id = ID;
    job.service_class = TP__SERVICE_CLASS__STANDARD;
    job.status = TP__JOB_STATUS__QUEUED;
    job.progress = progress;
    return job;
}

static void rule_12_nothing_is_told_of_a_job_the_scheduler_does_not_know(void **state)
{
    (void)state;
    Tp__Progress progress = TP__PROGRESS__INIT;
    Tp__JobView job = a_job(&progress);
    Tp__WaitingReply unknown = TP__WAITING_REPLY__INIT, over = TP__WAITING_REPLY__INIT;
    over.is_known = 1;
    over.reason = TP__WAITING_REASON__NOTHING_WAITS;
    const Tp__WaitingReply *silent[] = {NULL, &unknown, &over};
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
        SCOPED(text_free) struct text out = {0};
        view_job_waiting(&job, silent[i], 0, &out);
        SCOPED(json_free) json_t *shown = parsed(&out);
        assert_null(json_object_get(shown, "waiting"));
        assert_null(json_object_get(shown, "position"));
    }
}

static void an_event_is_shown_with_its_number(void **state)
{
    (void)state;
    Tp__JobState job = TP__JOB_STATE__INIT;
    Tp__JobEvent event = TP__JOB_EVENT__INIT;
    job.job_id = ID;
    job.status = TP__JOB_STATUS__COMPLETED;
    event.job = &job;
    event.number = 9;
    event.kind = "completed";
    SCOPED(text_free) struct text out = {0};
    view_event(&event, &out);
    SCOPED(json_free) json_t *shown = parsed(&out);
    assert_int_equal(json_integer_value(json_object_get(shown, "number")), 9);
    assert_string_equal(member(shown, "event"), "completed");
    assert_string_equal(member(shown, "state"), "completed");
}

static void set_row(Tp__ResultRow *row, char *text, char *data)
{
    tp__result_row__init(row);
    row->post_id = "p1";
    row->text = (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)text};
    row->data_json = (ProtobufCBinaryData){.len = strlen(data), .data = (uint8_t *)data};
    row->provenance = TP__PROVENANCE__FROM_LLM;
    row->confidence = 0.9;
}

static void a_result_has_its_analysis_beside_its_post(void **state)
{
    (void)state;
    char text[] = "hi \"you\"\n";
    char data[] = "{\"sentiment\":{\"label\":\"positive\"},\"language\":\"en\"}";
    Tp__ResultRow row;
    set_row(&row, text, data);
    SCOPED(text_free) struct text out = {0};
    view_result(&row, &out);
    assert_null(strchr(out.chars, '\n'));
    SCOPED(json_free) json_t *shown = parsed(&out);
    assert_string_equal(member(shown, "text"), text);
    assert_string_equal(member(shown, "language"), "en");
    assert_string_equal(member(shown, "provenance"), "llm");
    assert_non_null(json_object_get(shown, "sentiment"));
}

static void a_post_without_a_result_has_its_reason(void **state)
{
    (void)state;
    char text[] = "x", data[] = "", empty[] = " { } ";
    Tp__ResultRow row;
    set_row(&row, text, data);
    row.reason = "refused";
    SCOPED(text_free) struct text out = {0};
    view_result(&row, &out);
    SCOPED(json_free) json_t *shown = parsed(&out);
    assert_string_equal(member(shown, "reason"), "refused");
    assert_null(json_object_get(shown, "provenance"));
    text_clear(&out);
    set_row(&row, text, empty);
    view_result(&row, &out);
    SCOPED(json_free) json_t *without = parsed(&out);
    assert_string_equal(member(without, "provenance"), "llm");
}

static void csv_is_quoted_and_no_field_is_a_formula(void **state)
{
    (void)state;
    char text[] = "=cmd(\"x\"),\r\nnext";
    char data[] =
        "{\"sentiment\":{\"label\":\"neutral\",\"score\":0.25},\"keywords\":[\"a\",\"b\"],"
        "\"entities\":{\"hashtags\":[{\"text\":\"cats\"}]}}";
    Tp__ResultRow row;
    set_row(&row, text, data);
    row.post_id = "+1";
    SCOPED(text_free) struct text out = {0};
    view_csv_row(&row, &out);
    assert_string_equal(out.chars, "0,\"'+1\",\"'=cmd(\"\"x\"\"),\r\nnext\",\"neutral\",0.25,0.9,,"
                                   "\"a;b\",\"\",\"cats\",\"\",\"\",\"llm\",\"\",\"\",,\"\",0,0,"
                                   "0.000000000\r\n");
    SCOPED(text_free) struct text head = {0};
    view_csv_head(&head);
    size_t columns = 1;
    for (const char *c = head.chars; *c; c++)
        columns += *c == ',';
    assert_int_equal(columns, 20);
}

static void a_result_tells_what_it_cost_as_far_as_that_is_known(void **state)
{
    (void)state;
    char text[] = "x", data[] = "{}";
    Tp__ResultRow row;
    set_row(&row, text, data);
    SCOPED(text_free) struct text unknown = {0}, known = {0}, free = {0}, line = {0};
    row.is_usage_unknown = true;
    view_result(&row, &unknown);
    assert_non_null(strstr(unknown.chars, ",\"usage\":null}"));
    row.is_usage_unknown = false;
    row.prompt_tokens = 120;
    row.completion_tokens = 30;
    row.nanos = UINT64_C(2000036000);
    view_result(&row, &known);
    assert_non_null(strstr(known.chars,
                           ",\"usage\":{\"prompt_tokens\":120,\"completion_tokens\":30,"
                           "\"usd\":2.000036000}}"));
    view_csv_row(&row, &line);
    assert_non_null(strstr(line.chars, ",120,30,2.000036000\r\n"));
    set_row(&row, text, data);
    row.provenance = TP__PROVENANCE__FROM_CACHE;
    view_result(&row, &free);
    assert_non_null(strstr(free.chars, "\"prompt_tokens\":0,\"completion_tokens\":0,"
                                       "\"usd\":0.000000000}}"));
}

static void what_an_instruction_asked_stands_in_its_own_column(void **state)
{
    (void)state;
    char text[] = "x", data[] = "{\"custom\":{\"b\": 0.1, \"a\": [\"q\"]}}";
    Tp__ResultRow row;
    set_row(&row, text, data);
    row.confidence = 0;
    SCOPED(text_free) struct text out = {0}, shown = {0};
    view_csv_row(&row, &out);
    assert_non_null(strstr(out.chars, "\"x\",,,,,\"\",\"\""));
    assert_non_null(strstr(out.chars, ",\"{\"\"b\"\":0.1,\"\"a\"\":[\"\"q\"\"]}\","));
    view_result(&row, &shown);
    SCOPED(json_free) json_t *result = parsed(&shown);
    assert_string_equal(json_string_value(json_array_get(
                            json_object_get(json_object_get(result, "custom"), "a"), 0)),
                        "q");
    assert_null(json_object_get(result, "confidence"));
}

static void a_job_tells_its_instruction_and_schema(void **state)
{
    (void)state;
    Tp__Progress progress = TP__PROGRESS__INIT;
    Tp__JobView job = a_job(&progress);
    char schema[] = "{\"type\":\"object\"}";
    job.instruction = "Is it \"ironic\"?";
    job.schema_json = (ProtobufCBinaryData){sizeof schema - 1, (uint8_t *)schema};
    SCOPED(text_free) struct text out = {0};
    view_job(&job, &out);
    SCOPED(json_free) json_t *shown = parsed(&out);
    assert_string_equal(member(shown, "instruction"), "Is it \"ironic\"?");
    assert_string_equal(member(json_object_get(shown, "schema"), "type"), "object");
    assert_int_equal(json_array_size(json_object_get(shown, "tasks")), 0);
}

static void states_have_names_both_ways(void **state)
{
    (void)state;
    for (int s = TP__JOB_STATUS__QUEUED; s <= TP__JOB_STATUS__EXPIRED; s++) {
        const char *name = state_name((Tp__JobStatus)s);
        Tp__JobStatus back;
        assert_true(state_parse(name, strlen(name), &back));
        assert_int_equal(back, s);
        assert_int_equal(state_is_final(back), s >= TP__JOB_STATUS__COMPLETED);
    }
    Tp__JobStatus none;
    assert_false(state_parse("done", 4, &none));
    assert_false(state_parse("queue", 5, &none));
    assert_false(state_parse("", 0, &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_shown_without_what_is_unknown),
        cmocka_unit_test(rule_12_nothing_is_told_of_a_job_the_scheduler_does_not_know),
        cmocka_unit_test(an_event_is_shown_with_its_number),
        cmocka_unit_test(a_result_has_its_analysis_beside_its_post),
        cmocka_unit_test(a_post_without_a_result_has_its_reason),
        cmocka_unit_test(csv_is_quoted_and_no_field_is_a_formula),
        cmocka_unit_test(a_result_tells_what_it_cost_as_far_as_that_is_known),
        cmocka_unit_test(what_an_instruction_asked_stands_in_its_own_column),
        cmocka_unit_test(a_job_tells_its_instruction_and_schema),
        cmocka_unit_test(states_have_names_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
