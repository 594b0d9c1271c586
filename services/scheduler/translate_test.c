#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "translate.h"

#define JOB "019ab9c2-7f00-7abc-8def-0123456789ab"

static Tp__ChunkState chunk_in_flight(void)
{
    Tp__ChunkState chunk = TP__CHUNK_STATE__INIT;
    chunk.chunk_number = 2;
    chunk.status = TP__CHUNK_STATUS__IN_FLIGHT;
    chunk.version = 9;
    chunk.attempt = 4;
    chunk.epoch = 5;
    chunk.lease_left_ms = 30000;
    chunk.last_class = TP__OUTCOME_CLASS__SERVER_ERROR;
    chunk.mode = TP__ANALYSIS_MODE__BY_EMBEDDED;
    return chunk;
}

static void a_chunk_keeps_its_meaning(void **state)
{
    (void)state;
    Tp__ChunkState chunk = chunk_in_flight();
    struct chunk_facts facts;
    translate_chunk(&chunk, &facts);
    assert_int_equal(facts.number, 2);
    assert_int_equal(facts.status, CHUNK_IN_FLIGHT);
    assert_int_equal(facts.version, 9);
    assert_int_equal(facts.attempt, 4);
    assert_int_equal(facts.epoch, 5);
    assert_int_equal(facts.lease_left_ms, 30000);
    assert_int_equal(facts.last_class, OUTCOME_SERVER_ERROR);
    assert_int_equal(facts.mode, MODE_EMBEDDED);
}

static void no_outcome_and_a_good_one_are_no_failure(void **state)
{
    (void)state;
    Tp__ChunkState chunk = chunk_in_flight();
    struct chunk_facts facts;
    chunk.last_class = TP__OUTCOME_CLASS__NO_OUTCOME;
    translate_chunk(&chunk, &facts);
    assert_int_equal(facts.last_class, OUTCOME_NONE);
    chunk.last_class = TP__OUTCOME_CLASS__OK;
    translate_chunk(&chunk, &facts);
    assert_int_equal(facts.last_class, OUTCOME_NONE);
    chunk.last_class = TP__OUTCOME_CLASS__PARTIAL;
    translate_chunk(&chunk, &facts);
    assert_int_equal(facts.last_class, OUTCOME_PARTIAL);
}

static void an_item_says_the_same_on_the_wire(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 16);
    struct batch_item item = {
        .operation = BATCH_REAP, .id = translate_attempt(JOB, 7, 3), .is_charged = true};
    Tp__BatchItem **wire = translate_items(arena, &item, 1);
    assert_int_equal(wire[0]->operation, TP__BATCH_OPERATION__REAP);
    assert_string_equal(wire[0]->job_id, JOB);
    assert_int_equal(wire[0]->chunk_number, 7);
    assert_int_equal(wire[0]->attempt, 3);
    assert_true(wire[0]->is_charged);
}

static void an_answer_without_its_chunk_means_that_the_job_is_over(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 16);
    Tp__BatchItemReply item = TP__BATCH_ITEM_REPLY__INIT;
    item.result = TP__BATCH_RESULT__GONE;
    Tp__BatchItemReply *items[] = {&item};
    Tp__BatchReply reply = TP__BATCH_REPLY__INIT;
    reply.status = TP__BATCH_STATUS__ANSWERED;
    reply.n_items = 1;
    reply.items = items;
    struct event event = {.kind = EVENT_BATCH};
    assert_true(translate_answers(arena, &reply, &event));
    assert_int_equal(event.batch.status, BATCH_ANSWERED);
    assert_int_equal(event.batch.answers[0].result, RESULT_GONE);
    assert_int_equal(event.batch.answers[0].job_status, JOB_EXPIRED);
    assert_int_equal(event.batch.answers[0].chunk.status, CHUNK_DONE);
}

static void an_answer_that_is_none_is_refused(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 16);
    Tp__BatchReply reply = TP__BATCH_REPLY__INIT;
    struct event event = {.kind = EVENT_BATCH};
    assert_false(translate_answers(arena, &reply, &event));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_keeps_its_meaning),
        cmocka_unit_test(no_outcome_and_a_good_one_are_no_failure),
        cmocka_unit_test(an_item_says_the_same_on_the_wire),
        cmocka_unit_test(an_answer_without_its_chunk_means_that_the_job_is_over),
        cmocka_unit_test(an_answer_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
