/* A trace of two schedulers: what one of them began, the other one ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "trace/tape_for_test.h"
#include "whatif.h"

static const char JOB[] = "01890000-0000-7000-8000-000000000001";
enum { BEGAN_S = 1000, TOKENS = 1234, MICROS = 77 };

static int64_t wall_s; /* of all schedulers; their own clocks differ */

static int64_t wall_ms(void)
{
    return wall_s * 1000;
}

struct brain {
    struct scheduler_config config;
    struct scheduler *core;
    struct recorder *recorder;
    int64_t ahead_s;        /* of the wall */
    struct instant asked;   /* for the lease */
    struct batch_item item; /* of the last batch, which has one */
    uint64_t sequence;
    size_t permits;
};

static void tell(struct brain *brain, struct event event)
{
    struct instant now = {(wall_s + brain->ahead_s) * INT64_C(1000000000)};
    recorder_begin(brain->recorder, brain->core, &event);
    const struct actions *actions = scheduler_step(brain->core, &event, now);
    recorder_end(brain->recorder, brain->core, &event, now, actions);
    for (size_t i = 0; i < actions->count; i++) {
        const struct action *action = &actions->list[i];
        if (action->kind == ACTION_ASK_LEASE)
            brain->asked = action->asked;
        brain->permits += action->kind == ACTION_ANSWER && action->answer.is_permitted;
        if (action->kind != ACTION_ASK_BATCH)
            continue;
        assert_int_equal(action->batch.count, 1);
        brain->item = action->batch.items[0];
        brain->sequence = action->batch.sequence;
    }
}

static struct brain open_brain(struct tape *tape, const char *name, int64_t ahead_s)
{
    struct brain brain = {.config = SCHEDULER_DEFAULTS, .ahead_s = ahead_s};
    brain.config.endpoint_count = 1;
    strcpy(brain.config.endpoints[0].name, "main");
    brain.config.endpoints[0].prompt_nanos = 100;
    brain.core =
        scheduler_new(&brain.config, (struct instant){(wall_s + ahead_s) * CLOCK_MS * 1000});
    brain.recorder = recorder_new(&(struct recorder_options){.instance_id = name,
                                                             .config = &brain.config,
                                                             .take = tape_take,
                                                             .context = tape,
                                                             .wall_ms = wall_ms});
    return brain;
}

/* All is handed out, as if in its first batch. */
static void close_brain(struct brain *brain)
{
    recorder_free(&brain->recorder);
    scheduler_free(&brain->core);
}

static void beat(struct brain *brain)
{
    struct event event = {.kind = EVENT_HEARTBEAT, .heartbeat = {.slots = 4}};
    strcpy(event.heartbeat.instance_id, "hands");
    tell(brain, event);
}

static void take_lead(struct brain *brain, uint64_t epoch, const struct job_facts *job,
                      const struct call_facts *call)
{
    tell(brain, (struct event){.kind = EVENT_TIME});
    tell(brain, (struct event){.kind = EVENT_LEASE,
                               .is_answered = true,
                               .lease = {.is_held = true, .epoch = epoch, .asked = brain->asked}});
    beat(brain);
    tell(brain, (struct event){.kind = EVENT_SNAPSHOT,
                               .is_answered = true,
                               .snapshot = {.epoch = epoch,
                                            .now_us = wall_s * 1000000,
                                            .jobs = job,
                                            .job_count = job != NULL,
                                            .calls = call,
                                            .call_count = call != NULL,
                                            .next_cursor = ""}});
}

static void lose_lead(struct brain *brain)
{
    tell(brain, (struct event){.kind = EVENT_LEASE, .is_answered = true, .lease.left_ms = 5000});
}

static struct chunk_facts chunk_in(enum chunk_status status, uint32_t version, uint32_t attempt)
{
    return (struct chunk_facts){.version = version,
                                .attempt = attempt,
                                .epoch = attempt,
                                .open_posts = status == CHUNK_DONE ? 0 : 10,
                                .text_bytes = status == CHUNK_DONE ? 0 : 1000,
                                .lease_left_ms = status == CHUNK_IN_FLIGHT ? 60000 : 0,
                                .status = status};
}

static struct job_facts job_of(const struct chunk_facts *chunk, enum job_status status)
{
    return (struct job_facts){.job_id = JOB,
                              .tenant_id = "acme",
                              .user_id = "ann",
                              .service_class = CLASS_STANDARD,
                              .status = status,
                              .event_number = chunk->version,
                              .chunks = chunk,
                              .chunk_count = 1};
}

static void tell_job(struct brain *brain, const struct chunk_facts *chunk, enum job_status status)
{
    struct job_facts job = job_of(chunk, status);
    tell(brain, (struct event){.kind = EVENT_JOB_EVENT,
                               .job_event = {.job = &job, .number = chunk->version}});
}

static void ask_permit(struct brain *brain, uint32_t number)
{
    size_t before = brain->permits;
    struct event ask = {.kind = EVENT_PERMIT_ASK,
                        .ask = {.id = {.attempt = 1}, .ask_number = number}};
    strcpy(ask.ask.id.job_id, JOB);
    strcpy(ask.ask.instance_id, "hands");
    tell(brain, ask);
    assert_int_equal(brain->permits, before + 1);
}

/* It is granted its first attempt, and permitted to be called. */
static void begin_call(struct brain *brain, uint64_t epoch)
{
    struct batch_answer answer = {.result = RESULT_GRANTED,
                                  .job_status = JOB_PROCESSING,
                                  .chunk = chunk_in(CHUNK_IN_FLIGHT, 2, 1)};
    assert_string_equal(brain->item.id.job_id, JOB);
    tell(brain, (struct event){.kind = EVENT_BATCH,
                               .is_answered = true,
                               .batch = {.epoch = epoch,
                                         .sequence = brain->sequence,
                                         .answers = &answer,
                                         .answer_count = 1}});
    ask_permit(brain, 1);
}

static struct history read(struct tape *tape)
{
    struct history history = {0};
    SCOPED(trace_close) struct trace *trace = NULL;
    struct error why;
    if (!trace_open_bytes(tape->file.chars, tape->file.length, &trace, &why) ||
        !history_read(trace, &history, &why))
        fail_msg("%s", why.message);
    text_free(&tape->file);
    return history;
}

/* The first scheduler dies after its permit; what the second one finds is told to it. */
static struct history life_with_takeover(const struct call_facts *found)
{
    struct tape tape = {0};
    struct chunk_facts ready = chunk_in(CHUNK_READY, 1, 0);
    struct chunk_facts done = chunk_in(CHUNK_DONE, 3, 1);
    struct job_facts running = job_of(&ready, JOB_QUEUED);
    wall_s = BEGAN_S;
    struct brain first = open_brain(&tape, "first", 0);
    take_lead(&first, 1, &running, NULL);
    begin_call(&first, 1);
    close_brain(&first);

    wall_s += 10;
    struct chunk_facts flying = chunk_in(CHUNK_IN_FLIGHT, 2, 1);
    struct job_facts found_job = job_of(&flying, JOB_PROCESSING);
    struct brain second = open_brain(&tape, "second", -500);
    take_lead(&second, 2, &found_job, found);
    wall_s++;
    tell_job(&second, &done, JOB_COMPLETED);
    close_brain(&second);
    return read(&tape);
}

static struct call_facts call_as_found(void)
{
    struct call_facts call = {.tenant_id = "acme",
                              .user_id = "ann",
                              .endpoint = "main",
                              .id.attempt = 1,
                              .epoch = 1,
                              .granted_in_ms = -10000,
                              .lease_in_ms = 50000,
                              .tokens = TOKENS,
                              .micros = MICROS};
    strcpy(call.id.job_id, JOB);
    return call;
}

static void a_call_that_ended_while_nobody_led_is_told_by_the_next_snapshot(void **state)
{
    (void)state;
    struct call_facts call = call_as_found();
    call.is_settled = call.was_called = true;
    call.settled_in_ms = -4000;
    struct history history = life_with_takeover(&call);
    struct figures figures = whatif_recorded(&history);
    assert_int_equal(figures.calls, 1);
    assert_int_equal(figures.tokens, TOKENS);
    assert_int_equal((int)(figures.usd * 1e6 + 0.5), MICROS);
    assert_int_equal(history.use.unheard, 0);
    assert_int_equal(history.setting.commit_us, 0);     /* seconds without a leader are no commit */
    assert_int_equal(history.use.call_us, 6 * 1000000); /* by the wall, whatever their clocks say */
    assert_int_equal(figures.jobs, 1);
    assert_true(figures.makespan_s > 10.9 && figures.makespan_s < 11.1);
    assert_int_equal(history.setting.analyzers, 1);
    assert_int_equal(history.setting.most_analyzers, 1);
    history_free(&history);
}

static void a_call_of_which_nobody_heard_counts_as_booked(void **state)
{
    (void)state;
    struct call_facts call = call_as_found();
    struct history history = life_with_takeover(&call);
    struct figures figures = whatif_recorded(&history);
    assert_int_equal(history.use.unheard, 1);
    assert_int_equal(figures.calls, 1);
    assert_int_equal(figures.tokens, TOKENS);
    assert_int_equal((int)(figures.usd * 1e6 + 0.5), MICROS);
    assert_int_equal(history.drawn, 1);
    history_free(&history);
}

/* Its permit may have been lost with the dead leader's last words. */
static void a_call_that_a_dead_leader_left_counts_as_booked(void **state)
{
    (void)state;
    struct call_facts call = call_as_found();
    call.id.attempt = 7;
    call.granted_in_ms = -9000;
    struct history history = life_with_takeover(&call);
    assert_int_equal(history.use.unheard, 2); /* and the one that was permitted */
    assert_true(whatif_recorded(&history).tokens > TOKENS);
    history_free(&history);
}

static void calls_from_before_the_trace_are_not_its_own(void **state)
{
    (void)state;
    struct call_facts call = call_as_found();
    call.id.attempt = 7;
    call.is_settled = call.was_called = true;
    call.granted_in_ms = -11000;
    call.settled_in_ms = -10500;
    struct history history = life_with_takeover(&call);
    assert_int_equal(whatif_recorded(&history).calls, 1); /* the one that was permitted */
    assert_int_equal(history.use.unheard, 1);
    history_free(&history);
}

/* The file has all of the first scheduler before it has any of the second. */
static void a_lead_that_went_back_and_forth_is_read_in_the_order_of_its_epochs(void **state)
{
    (void)state;
    struct tape tapes[2] = {0};
    struct chunk_facts ready = chunk_in(CHUNK_READY, 1, 0), done = chunk_in(CHUNK_DONE, 3, 1);
    wall_s = BEGAN_S;
    struct brain first = open_brain(&tapes[0], "first", 0);
    struct brain second = open_brain(&tapes[1], "second", 0);
    take_lead(&first, 1, NULL, NULL);
    lose_lead(&first);
    wall_s += 20;
    take_lead(&second, 2, NULL, NULL);
    tell_job(&second, &ready, JOB_QUEUED);
    begin_call(&second, 2);
    wall_s++;
    ask_permit(&second, 2); /* the first answer got lost: it is the same call */
    lose_lead(&second);
    wall_s += 19;
    struct chunk_facts flying = chunk_in(CHUNK_IN_FLIGHT, 2, 1);
    struct job_facts found = job_of(&flying, JOB_PROCESSING);
    take_lead(&first, 3, &found, NULL);
    struct event over = {.kind = EVENT_OUTCOME,
                         .outcome = {.id = {.attempt = 1},
                                     .was_called = true,
                                     .is_usage_known = true,
                                     .prompt_tokens = 100,
                                     .completion_tokens = 10,
                                     .server_limits = {-1, -1, -1, -1, -1, -1}}};
    strcpy(over.outcome.id.job_id, JOB);
    tell(&first, over);
    tell_job(&first, &done, JOB_COMPLETED);
    wall_s++;
    tell(&first, over); /* and once more */
    close_brain(&first);
    close_brain(&second);
    text_add_bytes(&tapes[0].file, tapes[1].file.chars + strlen(TRACE_HEADING),
                   tapes[1].file.length - strlen(TRACE_HEADING));
    text_free(&tapes[1].file);

    struct history history = read(&tapes[0]);
    struct figures figures = whatif_recorded(&history);
    assert_int_equal(figures.jobs, 1);
    assert_int_equal(figures.calls, 1);
    assert_int_equal(figures.tokens, 110);
    assert_true(figures.makespan_s > 19.9 && figures.makespan_s < 20.1);
    assert_int_equal(history.use.call_us, 20 * 1000000);
    assert_int_equal(history.use.of[0].micros, (100 * 100 + 999) / 1000);
    history_free(&history);
}

static struct chunk_facts part_of(uint32_t number)
{
    return (struct chunk_facts){
        .number = number, .version = 1, .depth = 1, .open_posts = 5, .text_bytes = 500};
}

/* rule 6: it has used up its tries, and is split. Wake-ups may come before the batch is answered.
 */
static void a_split_brings_no_result(void **state)
{
    (void)state;
    struct tape tape = {0};
    struct chunk_facts tired = chunk_in(CHUNK_READY, 1, 3);
    tired.tries = 3;
    tired.last_class = OUTCOME_INVALID_ANSWER;
    struct job_facts job = job_of(&tired, JOB_PROCESSING);
    wall_s = BEGAN_S;
    struct brain brain = open_brain(&tape, "first", 0);
    take_lead(&brain, 1, &job, NULL);
    wall_s += 30;
    tell(&brain, (struct event){.kind = EVENT_TIME});
    assert_int_equal(brain.item.operation, BATCH_SPLIT);
    struct batch_item split = brain.item;
    struct chunk_facts rows[] = {chunk_in(CHUNK_DONE, 2, 3), part_of(1), part_of(2)};
    job = job_of(rows, JOB_PROCESSING);
    job.chunk_count = 3;
    tell(&brain, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 2}});
    assert_string_equal(split.id.job_id, JOB);
    wall_s += 5;
    rows[1].status = rows[2].status = CHUNK_DONE;
    rows[1].version = rows[2].version = 3;
    rows[1].open_posts = rows[2].open_posts = 0;
    job.status = JOB_COMPLETED;
    job.event_number = 3;
    tell(&brain, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 3}});
    close_brain(&brain);
    struct history history = read(&tape);
    struct figures figures = whatif_recorded(&history);
    assert_true(figures.first.mean_s > 34.9);
    assert_int_equal(history.chunks, 2); /* of whose whole nothing was called */
    history_free(&history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_ended_while_nobody_led_is_told_by_the_next_snapshot),
        cmocka_unit_test(a_call_of_which_nobody_heard_counts_as_booked),
        cmocka_unit_test(a_call_that_a_dead_leader_left_counts_as_booked),
        cmocka_unit_test(calls_from_before_the_trace_are_not_its_own),
        cmocka_unit_test(a_lead_that_went_back_and_forth_is_read_in_the_order_of_its_epochs),
        cmocka_unit_test(a_split_brings_no_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
