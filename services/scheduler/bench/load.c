#include "load.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"

enum { SLOTS = 64, CALL_MS = 50, MOST_CHUNKS = 4096 };

struct run {
    const struct load *load;
    struct scheduler *core;
    struct instant now;
    struct load_result result;
    uint8_t *is_served; /* by user */
    uint32_t *event_numbers;
    uint64_t *served_of;        /* by tenant */
    struct attempt_id *granted; /* to be asked for, called and committed */
    size_t granted_count, granted_capacity;
    struct batch_answer *answers;
    struct batch_item *items;
    size_t item_count;
    uint64_t sequence;
};

static double processor_seconds(void)
{
    struct timespec at;
    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at) == 0);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static double heap_bytes(void)
{
    struct mallinfo2 heap = mallinfo2();
    return (double)heap.uordblks + (double)heap.hblkhd;
}

static void take_actions(struct run *run, const struct actions *actions)
{
    run->result.actions += actions->count;
    for (size_t i = 0; i < actions->count; i++) {
        const struct action *action = &actions->list[i];
        if (action->kind != ACTION_ASK_BATCH)
            continue;
        run->sequence = action->batch.sequence;
        run->item_count = action->batch.count;
        memcpy(run->items, action->batch.items, run->item_count * sizeof(run->items[0]));
    }
}

static void tell(struct run *run, const struct event *event)
{
    take_actions(run, scheduler_step(run->core, event, run->now));
}

/* ---- jobs are numbered like their users ---- */
/* By hand: what the load itself costs is part of the figure. */
static char *write_hex(char *at, uint64_t number, int digits)
{
    for (int i = digits - 1; i >= 0; i--)
        *at++ = "0123456789abcdef"[number >> (4 * i) & 15];
    return at;
}

static void write_job_id(char id[JOB_ID_SIZE], uint32_t number)
{
    uint64_t mixed = (number + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);
    char *at = write_hex(id, number, 8);
    memcpy(at, "-0000-7000-8000-", 16);
    at = write_hex(at + 16, mixed >> 16, 12);
    *at = '\0';
}

static uint32_t number_of(const char *job_id)
{
    uint32_t number = 0;
    for (int i = 0; i < 8; i++)
        number =
            number << 4 | (uint32_t)(job_id[i] <= '9' ? job_id[i] - '0' : job_id[i] - 'a' + 10);
    return number;
}

static void write_name(char *name, char kind, uint32_t number)
{
    *name++ = kind;
    name = write_hex(name, number, 8);
    *name = '\0';
}

static void tell_job(struct run *run, uint32_t number, const struct chunk_facts *chunks,
                     uint32_t count)
{
    char id[JOB_ID_SIZE], tenant[16], user[16];
    write_job_id(id, number);
    write_name(tenant, 't', number % run->load->tenants);
    write_name(user, 'u', number);
    uint32_t event_number = ++run->event_numbers[number];
    struct job_facts job = {
        .job_id = id,
        .tenant_id = tenant,
        .user_id = user,
        .service_class = CLASS_STANDARD,
        .status = event_number > run->load->chunks ? JOB_COMPLETED : JOB_PROCESSING,
        .chunks = chunks,
        .chunk_count = count,
    };
    tell(run, &(struct event){.kind = EVENT_JOB_EVENT,
                              .job_event = {.job = &job, .number = event_number}});
}

static struct chunk_facts chunk_of(uint32_t number)
{
    return (struct chunk_facts){
        .number = number, .version = 1, .open_posts = 10, .text_bytes = 2000};
}

/* ---- the fleet ---- */
static void keep_leading(struct run *run)
{
    tell(run, &(struct event){.kind = EVENT_LEASE,
                              .is_answered = true,
                              .lease = {.is_held = true, .epoch = 1, .asked = run->now}});
    struct event beat = {.kind = EVENT_HEARTBEAT, .heartbeat.slots = SLOTS};
    strcpy(beat.heartbeat.instance_id, "hands");
    tell(run, &beat);
}

static void fill(struct run *run)
{
    struct chunk_facts chunks[MOST_CHUNKS];
    CHECK(run->load->chunks <= MOST_CHUNKS);
    for (uint32_t i = 0; i < run->load->chunks; i++)
        chunks[i] = chunk_of(i);
    double bytes = heap_bytes(), began = processor_seconds();
    for (uint32_t i = 0; i < run->load->users; i++)
        tell_job(run, i, chunks, run->load->chunks);
    run->result.fill_ns = (processor_seconds() - began) * 1e9 / run->load->users;
    run->result.bytes_per_job = (heap_bytes() - bytes) / run->load->users;
}

/* All that was asked for is granted. */
static void answer_batch(struct run *run)
{
    size_t count = run->item_count;
    run->item_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct batch_item *item = &run->items[i];
        CHECK(item->operation == BATCH_GRANT);
        struct chunk_facts chunk = chunk_of(item->id.chunk_number);
        chunk.status = CHUNK_IN_FLIGHT;
        chunk.version = 2;
        chunk.attempt = 1;
        chunk.epoch = 1;
        run->answers[i] = (struct batch_answer){
            .result = RESULT_GRANTED, .job_status = JOB_PROCESSING, .chunk = chunk};
        struct attempt_id *granted = &run->granted[run->granted_count++];
        *granted = item->id;
        granted->attempt = 1;
        uint32_t user = number_of(item->id.job_id);
        run->result.users_served += !run->is_served[user];
        run->is_served[user] = 1;
        run->served_of[user % run->load->tenants]++;
    }
    tell(run, &(struct event){.kind = EVENT_BATCH,
                              .is_answered = true,
                              .batch = {.epoch = 1,
                                        .sequence = run->sequence,
                                        .answers = run->answers,
                                        .answer_count = count}});
}

static void ask(struct run *run, const struct attempt_id *id)
{
    struct event event = {.kind = EVENT_PERMIT_ASK, .ask = {.id = *id, .ask_number = 1}};
    strcpy(event.ask.instance_id, "hands");
    strcpy(event.ask.reply, "_INBOX.hands");
    tell(run, &event);
}

static void end_call(struct run *run, const struct attempt_id *id)
{
    tell(run, &(struct event){.kind = EVENT_OUTCOME,
                              .outcome = {.id = *id,
                                          .was_called = true,
                                          .is_usage_known = true,
                                          .prompt_tokens = 900,
                                          .completion_tokens = 400}});
    struct chunk_facts chunk = chunk_of(id->chunk_number);
    chunk.status = CHUNK_DONE;
    chunk.version = 3;
    chunk.attempt = 1;
    tell_job(run, number_of(id->job_id), &chunk, 1);
    run->result.decisions++;
}

/* What is granted by now asks for its permit, runs, and ends a call's time later. */
static void serve_round(struct run *run)
{
    while (run->item_count > 0)
        answer_batch(run);
    size_t calls = run->granted_count < SLOTS ? run->granted_count : SLOTS;
    CHECK(calls > 0);
    struct attempt_id ids[SLOTS];
    memcpy(ids, run->granted, calls * sizeof(ids[0]));
    run->granted_count -= calls;
    memmove(run->granted, run->granted + calls, run->granted_count * sizeof(ids[0]));
    for (size_t i = 0; i < calls; i++)
        ask(run, &ids[i]);
    run->now = instant_plus_ms(run->now, CALL_MS);
    for (size_t i = 0; i < calls; i++)
        end_call(run, &ids[i]);
    keep_leading(run);
}

static void open_run(struct run *run, const struct load *load)
{
    struct scheduler_config config = SCHEDULER_DEFAULTS;
    config.fairness = load->fairness;
    config.max_active_users = SLOTS;
    *run = (struct run){.load = load, .now = {INT64_C(1000000000)}};
    run->core = scheduler_new(&config, run->now);
    run->is_served = calloc(load->users, sizeof(run->is_served[0]));
    run->event_numbers = calloc(load->users, sizeof(run->event_numbers[0]));
    run->served_of = calloc(load->tenants, sizeof(run->served_of[0]));
    run->granted_capacity = (size_t)4 * BATCH_LIMIT;
    run->granted = calloc(run->granted_capacity, sizeof(run->granted[0]));
    run->answers = calloc(BATCH_LIMIT, sizeof(run->answers[0]));
    run->items = calloc(BATCH_LIMIT, sizeof(run->items[0]));
    CHECK(run->is_served && run->event_numbers && run->served_of && run->granted && run->answers &&
          run->items);
    tell(run, &(struct event){.kind = EVENT_TIME});
    tell(run, &(struct event){.kind = EVENT_LEASE,
                              .is_answered = true,
                              .lease = {.is_held = true, .epoch = 1, .asked = run->now}});
    tell(run, &(struct event){.kind = EVENT_SNAPSHOT,
                              .is_answered = true,
                              .snapshot = {.epoch = 1, .now_us = 1000000, .next_cursor = ""}});
}

static void close_run(struct run *run)
{
    scheduler_free(&run->core);
    free(run->is_served);
    free(run->event_numbers);
    free(run->served_of);
    free(run->granted);
    free(run->answers);
    free(run->items);
}

/* A figure is worth nothing if what it counts did not happen. */
static void check_counts(struct run *run)
{
    struct scheduler_figures figures;
    scheduler_figures(run->core, &figures);
    uint64_t granted = 0;
    run->result.least_of = UINT64_MAX;
    for (uint32_t i = 0; i < run->load->tenants; i++) {
        granted += run->served_of[i];
        if (run->served_of[i] < run->result.least_of)
            run->result.least_of = run->served_of[i];
        if (run->served_of[i] > run->result.most_of)
            run->result.most_of = run->served_of[i];
    }
    CHECK(figures.grants == granted);
    CHECK(figures.permits_llm == run->result.decisions);
    CHECK(figures.queued[CLASS_STANDARD] + figures.in_flight + run->result.decisions ==
          (uint64_t)run->load->users * run->load->chunks);
}

struct load_result load_run(const struct load *load)
{
    struct run run;
    open_run(&run, load);
    fill(&run);
    keep_leading(&run); /* from now on there are slots */
    uint64_t actions_before = run.result.actions;
    double began = processor_seconds();
    while (run.result.decisions < load->decisions)
        serve_round(&run);
    run.result.seconds = processor_seconds() - began;
    run.result.actions -= actions_before;
    while (run.item_count > 0) /* so that all that is asked for is counted as granted */
        answer_batch(&run);
    check_counts(&run);
    close_run(&run);
    return run.result;
}
