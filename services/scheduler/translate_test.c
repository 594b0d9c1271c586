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

static void a_grant_names_its_endpoint_and_its_price(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 16);
    struct batch_item items[] = {{.operation = BATCH_GRANT,
                                  .id = translate_attempt(JOB, 7, 0),
                                  .endpoint = "spare",
                                  .reserved_micros = 2100,
                                  .prompt_nanos = 150,
                                  .completion_nanos = 600},
                                 {.operation = BATCH_GRANT,
                                  .id = translate_attempt(JOB, 8, 0),
                                  .mode = MODE_EMBEDDED,
                                  .is_probe = true,
                                  .is_degraded = true}};
    Tp__BatchItem **wire = translate_items(arena, items, 2);
    assert_string_equal(wire[0]->endpoint, "spare");
    assert_int_equal(wire[0]->reserved_micros, 2100);
    assert_int_equal(wire[0]->prompt_nanos, 150);
    assert_int_equal(wire[0]->completion_nanos, 600);
    assert_false(wire[0]->is_degraded || wire[0]->is_probe);
    assert_string_equal(wire[1]->endpoint, "");
    assert_true(wire[1]->is_degraded && wire[1]->is_probe);
}

static void a_job_says_whether_it_heals_and_needs_an_llm(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 16);
    Tp__JobState job = TP__JOB_STATE__INIT;
    job.service_class = TP__SERVICE_CLASS__BACKGROUND;
    struct job_facts facts;
    translate_job(arena, &job, &facts);
    assert_false(facts.is_healing || facts.needs_llm);
    job.is_healing = 1;
    translate_job(arena, &job, &facts);
    assert_true(facts.is_healing && !facts.needs_llm);
    job = (Tp__JobState)TP__JOB_STATE__INIT;
    job.service_class = TP__SERVICE_CLASS__STANDARD;
    job.needs_llm = 1;
    translate_job(arena, &job, &facts);
    assert_true(facts.needs_llm && !facts.is_healing);
}

static void calls_and_what_was_spent_keep_their_meaning(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 16);
    Tp__CallRecord call = TP__CALL_RECORD__INIT;
    call.epoch = 5;
    call.granted_in_ms = -1500;
    call.lease_in_ms = 28500;
    call.is_settled = 1;
    call.settled_in_ms = -200;
    call.tokens = 1500;
    call.tenant_id = "acme";
    call.user_id = "ann";
    call.job_id = JOB;
    call.chunk_number = 2;
    call.attempt = 4;
    call.endpoint = "main";
    call.micros = 900;
    call.outcome_class = TP__OUTCOME_CLASS__SERVER_ERROR;
    call.was_called = 1;
    Tp__CallRecord *calls[] = {&call};
    const struct call_facts *facts = translate_calls(arena, calls, 1);
    assert_string_equal(facts->id.job_id, JOB);
    assert_int_equal(facts->id.chunk_number, 2);
    assert_int_equal(facts->id.attempt, 4);
    assert_string_equal(facts->tenant_id, "acme");
    assert_string_equal(facts->user_id, "ann");
    assert_string_equal(facts->endpoint, "main");
    assert_int_equal(facts->epoch, 5);
    assert_int_equal(facts->granted_in_ms, -1500);
    assert_int_equal(facts->lease_in_ms, 28500);
    assert_int_equal(facts->settled_in_ms, -200);
    assert_true(facts->is_settled && facts->was_called);
    assert_int_equal(facts->tokens, 1500);
    assert_int_equal(facts->micros, 900);
    assert_int_equal(facts->outcome_class, OUTCOME_SERVER_ERROR);
    Tp__SpendRecord spend = TP__SPEND_RECORD__INIT;
    spend.tenant_id = "acme";
    spend.user_id = "ann";
    spend.ended_ago_ms = 600000;
    spend.micros = 77;
    Tp__SpendRecord *spends[] = {&spend};
    const struct spend_facts *spent = translate_spends(arena, spends, 1);
    assert_string_equal(spent->tenant_id, "acme");
    assert_string_equal(spent->user_id, "ann");
    assert_string_equal(spent->endpoint, "");
    assert_int_equal(spent->ended_ago_ms, 600000);
    assert_int_equal(spent->micros, 77);
}

static void a_call_that_has_ended_keeps_its_meaning(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 16);
    Tp__ServerLimits limits = TP__SERVER_LIMITS__INIT;
    limits.requests = 60;
    limits.has_requests_left = 1;
    limits.requests_reset_ms = 7000;
    Tp__EndedCall call = TP__ENDED_CALL__INIT, bare = TP__ENDED_CALL__INIT,
                  *calls[] = {&call, &bare};
    call.endpoint = "main";
    call.granted_ago_ms = 4000000000;
    call.settled_ago_ms = 2500;
    call.outcome_class = TP__OUTCOME_CLASS__RATE_LIMITED;
    call.was_called = 1;
    call.is_probe = 1;
    call.tokens = 900;
    call.retry_after_ms = 30000;
    call.server_limits = &limits;
    const struct ended_call *facts = translate_ended(arena, calls, 2);
    assert_string_equal(facts->endpoint, "main");
    assert_int_equal(facts->granted_in_ms, -4000000000);
    assert_int_equal(facts->settled_in_ms, -2500);
    assert_int_equal(facts->outcome_class, OUTCOME_RATE_LIMITED);
    assert_true(facts->was_called && facts->is_probe);
    assert_int_equal(facts->tokens, 900);
    assert_int_equal(facts->retry_after_ms, 30000);
    assert_int_equal(facts->server_limits.requests, 60);
    assert_int_equal(facts->server_limits.requests_left, 0);
    assert_int_equal(facts->server_limits.requests_reset_ms, 7000);
    assert_int_equal(facts->server_limits.tokens_left, -1);
    assert_false(facts[1].was_called || facts[1].is_probe);
    assert_int_equal(facts[1].server_limits.requests_left, -1);
}

static void a_control_keeps_its_meaning(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 16);
    Tp__Limits limits = TP__LIMITS__INIT;
    limits.requests_per_minute = 600;
    limits.tokens_per_minute = 200000;
    limits.calls_in_flight = 8;
    limits.micros_per_day = 20000000;
    limits.is_shadow = 1;
    Tp__Control control = TP__CONTROL__INIT;
    control.scope = TP__CONTROL_SCOPE__USER;
    control.tenant_id = "acme";
    control.name = "ann";
    control.state = TP__CONTROL_STATE__HELD;
    control.message = "moving house";
    control.weight = 2.5;
    control.burst = 4;
    control.limits = &limits;
    control.version = 12;
    Tp__Control without = TP__CONTROL__INIT;
    without.scope = TP__CONTROL_SCOPE__SYSTEM;
    without.state = TP__CONTROL_STATE__REDUCED;
    without.is_removed = 1;
    Tp__Control *controls[] = {&control, &without};
    const struct control_facts *facts = translate_controls(arena, controls, 2);
    assert_int_equal(facts[0].scope, SCOPE_USER);
    assert_string_equal(facts[0].tenant_id, "acme");
    assert_string_equal(facts[0].name, "ann");
    assert_int_equal(facts[0].state, CONTROL_HELD);
    assert_string_equal(facts[0].message, "moving house");
    assert_true(facts[0].weight == 2.5);
    assert_int_equal(facts[0].burst, 4);
    assert_int_equal(facts[0].version, 12);
    assert_false(facts[0].is_removed);
    assert_true(facts[0].has_limits && facts[0].limits.is_shadow);
    assert_int_equal(facts[0].limits.requests_per_minute, 600);
    assert_int_equal(facts[0].limits.tokens_per_minute, 200000);
    assert_int_equal(facts[0].limits.calls_in_flight, 8);
    assert_int_equal(facts[0].limits.micros_per_day, 20000000);
    assert_int_equal(facts[1].scope, SCOPE_SYSTEM);
    assert_int_equal(facts[1].state, CONTROL_REDUCED);
    assert_true(facts[1].is_removed);
    assert_false(facts[1].has_limits);
}

static void an_outcome_tells_what_the_call_cost_and_what_the_server_said(void **state)
{
    (void)state;
    Tp__Usage usage = TP__USAGE__INIT;
    usage.is_known = 1;
    usage.prompt_tokens = 1200;
    usage.completion_tokens = 300;
    Tp__Outcome outcome = TP__OUTCOME__INIT;
    outcome.job_id = JOB;
    outcome.attempt = 4;
    outcome.outcome_class = TP__OUTCOME_CLASS__RATE_LIMITED;
    outcome.was_called = 1;
    outcome.usage = &usage;
    outcome.retry_after_ms = 1500;
    outcome.call_ms = 820;
    struct outcome_facts facts;
    translate_outcome(&outcome, &facts);
    assert_int_equal(facts.outcome_class, OUTCOME_RATE_LIMITED);
    assert_true(facts.was_called && facts.is_usage_known);
    assert_int_equal(facts.prompt_tokens, 1200);
    assert_int_equal(facts.completion_tokens, 300);
    assert_int_equal(facts.retry_after_ms, 1500);
    assert_int_equal(facts.call_ms, 820);
    assert_int_equal(facts.server_limits.requests, -1);
    assert_int_equal(facts.server_limits.tokens_left, -1);
    Tp__ServerLimits limits = TP__SERVER_LIMITS__INIT;
    limits.requests = 500;
    limits.has_requests_left = 1;
    limits.tokens_reset_ms = 3000;
    outcome.server_limits = &limits;
    translate_outcome(&outcome, &facts);
    assert_int_equal(facts.server_limits.requests, 500);
    assert_int_equal(facts.server_limits.requests_left, 0); /* said to be none: not the same */
    assert_int_equal(facts.server_limits.requests_reset_ms, -1);
    assert_int_equal(facts.server_limits.tokens, -1);
    assert_int_equal(facts.server_limits.tokens_left, -1);
    assert_int_equal(facts.server_limits.tokens_reset_ms, 3000);
}

static void an_explanation_names_its_scope_only_where_it_has_one(void **state)
{
    (void)state;
    struct explanation told = {.is_known = true,
                               .reason = WAITING_LIMIT,
                               .scope = SCOPE_ENDPOINT,
                               .scope_name = "main",
                               .limit = LIMIT_TOKENS,
                               .retry_in_ms = 700};
    Tp__WaitingReply reply = TP__WAITING_REPLY__INIT;
    translate_explanation(&told, &reply);
    assert_int_equal(reply.reason, TP__WAITING_REASON__LIMIT_REACHED);
    assert_int_equal(reply.scope, TP__CONTROL_SCOPE__ENDPOINT);
    assert_string_equal(reply.scope_name, "main");
    assert_int_equal(reply.limit, TP__LIMIT_KIND__TOKENS_PER_MINUTE);
    assert_int_equal(reply.retry_in_ms, 700);
    assert_string_equal(reply.message, "");
    reply = (Tp__WaitingReply)TP__WAITING_REPLY__INIT;
    told = (struct explanation){
        .is_known = true, .reason = WAITING_HELD, .scope = SCOPE_SYSTEM, .message = "later"};
    translate_explanation(&told, &reply);
    assert_int_equal(reply.scope, TP__CONTROL_SCOPE__SYSTEM);
    assert_string_equal(reply.message, "later");
    reply = (Tp__WaitingReply)TP__WAITING_REPLY__INIT;
    told = (struct explanation){.is_known = true, .reason = WAITING_OTHERS};
    translate_explanation(&told, &reply);
    assert_int_equal(reply.scope, TP__CONTROL_SCOPE__NO_SCOPE);
    assert_int_equal(reply.limit, TP__LIMIT_KIND__NO_LIMIT);
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
        cmocka_unit_test(a_grant_names_its_endpoint_and_its_price),
        cmocka_unit_test(a_job_says_whether_it_heals_and_needs_an_llm),
        cmocka_unit_test(calls_and_what_was_spent_keep_their_meaning),
        cmocka_unit_test(a_call_that_has_ended_keeps_its_meaning),
        cmocka_unit_test(a_control_keeps_its_meaning),
        cmocka_unit_test(an_outcome_tells_what_the_call_cost_and_what_the_server_said),
        cmocka_unit_test(an_explanation_names_its_scope_only_where_it_has_one),
        cmocka_unit_test(an_answer_without_its_chunk_means_that_the_job_is_over),
        cmocka_unit_test(an_answer_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
