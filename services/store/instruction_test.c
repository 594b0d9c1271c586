/* A user's own instruction: it goes with its job wherever that goes, and counts in what calls are
 * booked by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "desk_for_test.h"

#define INSTRUCTION "Is it ironic? \xF0\x9F\x99\x82"
#define SCHEMA "{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"null\"},\"a\":{}}}"
enum {
    ASKED_BYTES = sizeof INSTRUCTION + sizeof SCHEMA - 2,
    TEXT_BYTES = sizeof "text 0 \xF0\x9F\x99\x82" - 1
};

static const Tp__SubmitJobReply *submit_instructed(struct world *world, unsigned posts)
{
    Tp__SubmitJob *job = job_of(world, "ann", 1, posts);
    job->n_tasks = 0;
    job->instruction = INSTRUCTION;
    job->schema_json = (ProtobufCBinaryData){sizeof SCHEMA - 1, (uint8_t *)(uintptr_t)SCHEMA};
    const Tp__SubmitJobReply *reply = submit(world, job);
    assert_non_null(reply);
    return reply;
}

static void assert_instructed(const char *instruction, ProtobufCBinaryData schema_json)
{
    assert_string_equal(instruction, INSTRUCTION);
    assert_int_equal(schema_json.len, sizeof SCHEMA - 1);
    assert_memory_equal(schema_json.data, SCHEMA, sizeof SCHEMA - 1);
}

/* What the embedded analysis makes of a chunk for want of an endpoint: nothing. */
static void commit_unanalysable(struct world *world, const char *job, uint32_t posts)
{
    Tp__BatchItem *item = item_of(world, TP__BATCH_OPERATION__GRANT, job, 0);
    item->mode = TP__ANALYSIS_MODE__BY_EMBEDDED;
    item->is_degraded = true;
    item->endpoint = "";
    Tp__Outcome *outcome = outcome_of(world, run_item(world, item)->dispatch);
    outcome->was_called = false;
    outcome->outcome_class = TP__OUTCOME_CLASS__PARTIAL;
    outcome->n_results = 0;
    outcome->missing = arena_array(world->desk.arena, Tp__MissingPost *, posts);
    for (uint32_t i = 0; i < posts; i++) {
        Tp__MissingPost *missing = arena_new(world->desk.arena, sizeof *missing);
        *missing = (Tp__MissingPost)TP__MISSING_POST__INIT;
        missing->seq = i;
        missing->reason = "unanalysable";
        missing->is_final = true;
        outcome->missing[outcome->n_missing++] = missing;
    }
    assert_int_equal(commit_one(world, outcome), VERDICT_COMMITTED);
}

static void an_instruction_comes_back_with_the_job_and_goes_with_its_dispatch(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const char *job = submit_instructed(world, 2)->job_id;
    const Tp__JobView *seen = view(world, job);
    assert_instructed(seen->instruction, seen->schema_json);
    assert_int_equal(seen->n_tasks, 0);
    assert_int_equal(sql_number(world,
                                "select count(*) from list_jobs('acme', '', '{}', null, 9) j,"
                                " job_row(j, false) r where r.instruction <> ''"),
                     0);
    const Tp__Dispatch *dispatch = grant(world, job, 0)->dispatch;
    assert_instructed(dispatch->instruction, dispatch->schema_json);
}

static void calls_are_booked_by_the_instruction_and_its_answers_too(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const char *job = submit_instructed(world, 4)->job_id;
    assert_int_equal(job_state(world, job)->chunks[0]->text_bytes,
                     4 * TEXT_BYTES + ASKED_BYTES + ASKED_BYTES);
    assert_int_equal(sql_number(world,
                                "select dispatch_bytes - asked_bytes - sum(dispatch_bytes(p))"
                                " from chunks c join posts p using (job_id)"
                                " group by dispatch_bytes, asked_bytes"),
                     0);
    sql_do(world, "update chunks set tries = 3");
    run_item(world, item_of(world, TP__BATCH_OPERATION__SPLIT, job, 0));
    const Tp__JobState *split = job_state(world, job);
    assert_int_equal(split->n_chunks, 3);
    assert_int_equal(split->chunks[2]->text_bytes, 2 * TEXT_BYTES + ASKED_BYTES + ASKED_BYTES / 2);
    const Tp__Dispatch *part = grant(world, job, 2)->dispatch;
    assert_instructed(part->instruction, part->schema_json);
}

static void what_only_an_llm_could_do_is_healed_and_counts_as_analysed_then(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    const char *job = submit_instructed(world, 2)->job_id;
    commit_unanalysable(world, job, 2);
    const Tp__JobView *before = view(world, job);
    assert_int_equal(before->status, TP__JOB_STATUS__FAILED);
    assert_int_equal(before->progress->failed_posts, 2);
    assert_int_equal(heal(world, world->epoch, 100)->posts, 2);
    const Tp__JobEvent *made = world->desk.made.list[world->desk.made.count - 1];
    assert_true(made->job->is_healing);
    const Tp__Dispatch *dispatch = grant(world, made->job->job_id, 0)->dispatch;
    assert_instructed(dispatch->instruction, dispatch->schema_json);
    assert_int_equal(made->job->chunks[0]->text_bytes,
                     2 * TEXT_BYTES + ASKED_BYTES + ASKED_BYTES / 2);
    commit_one(world, outcome_of(world, dispatch));
    const Tp__JobView *after = view(world, job);
    assert_int_equal(after->status, TP__JOB_STATUS__FAILED); /* states never change */
    assert_int_equal(after->progress->failed_posts, 0);
    assert_int_equal(after->progress->processed_posts, 2);
    assert_int_equal(results(world, job, 0, 10)->rows[1]->provenance, TP__PROVENANCE__FROM_LLM);
    assert_string_equal(results(world, job, 0, 10)->rows[1]->reason, "");
    assert_int_equal(heal(world, world->epoch, 100)->posts, 0);
}

static void a_schema_without_an_instruction_is_kept_by_nobody(void **state)
{
    struct world *world = *state;
    Tp__SubmitJob *job = job_of(world, "ann", 1, 1);
    job->schema_json = (ProtobufCBinaryData){sizeof SCHEMA - 1, (uint8_t *)(uintptr_t)SCHEMA};
    assert_null(submit(world, job));
    assert_int_equal(world->why.kind, ERROR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FRESH_WORLD(an_instruction_comes_back_with_the_job_and_goes_with_its_dispatch),
        WITH_FRESH_WORLD(calls_are_booked_by_the_instruction_and_its_answers_too),
        WITH_FRESH_WORLD(what_only_an_llm_could_do_is_healed_and_counts_as_analysed_then),
        WITH_FRESH_WORLD(a_schema_without_an_instruction_is_kept_by_nobody),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
