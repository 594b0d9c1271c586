#include "fairness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/splitmix.h"
#include "core/queue.h"

enum { MOST_USERS = 120, MOST_SLOTS = 10 };
#define CHUNK_NS INT64_C(50000000)
#define ROUNDING 1e-3 /* chunks: the queue's keys are not finer */

struct history {
    uint32_t slots, users;
    struct {
        int64_t arrival_ns, call_ns;
        uint32_t chunks;
    } user[MOST_USERS]; /* by arrival */
};

struct seeds {
    int64_t first, count;
};

/* When each user had its last result. */
struct ends {
    double ns[MOST_USERS];
};

static const struct order {
    const char *name;
    enum fairness fairness;
    bool has_first_chunks_first, is_promised;
} ORDERS[] = {
    {"fair_sojourn", FAIRNESS_SOJOURN, true, true},
    {"fair_sojourn, first chunks not first", FAIRNESS_SOJOURN, false, true},
    {"round_robin", FAIRNESS_ROUND_ROBIN, false, false},
    {"fifo", FAIRNESS_FIFO, false, false},
};
enum { ORDER_COUNT = sizeof ORDERS / sizeof ORDERS[0] };

static uint64_t draw(uint64_t *random, uint64_t below)
{
    return splitmix_next(random) % below;
}

static int by_number(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* The calls of a user last up to so many times as long, or as short, as the usual one. */
static void draw_history(struct history *history, uint64_t seed, uint64_t most_times)
{
    *history = (struct history){0};
    static const uint32_t MOST_CHUNKS[] = {3, 10, 30, 100};
    uint64_t random = seed;
    history->slots = 1 + (uint32_t)draw(&random, MOST_SLOTS);
    history->users = 1 + (uint32_t)draw(&random, 40);
    uint64_t kinds = 1 + draw(&random, 4), work = 0;
    for (uint32_t i = 0; i < history->users; i++) {
        history->user[i].chunks = 1 + (uint32_t)draw(&random, MOST_CHUNKS[draw(&random, kinds)]);
        work += history->user[i].chunks;
    }
    /* From all at once to a system that is idle now and then. */
    uint64_t spread = draw(&random, 3) * work * (uint64_t)CHUNK_NS / history->slots;
    int64_t arrivals[MOST_USERS];
    for (uint32_t i = 0; i < history->users; i++)
        arrivals[i] = (int64_t)draw(&random, spread + 1);
    qsort(arrivals, history->users, sizeof arrivals[0], by_number);
    for (uint32_t i = 0; i < history->users; i++) {
        int64_t times = 1 + (int64_t)draw(&random, most_times);
        history->user[i].arrival_ns = arrivals[i];
        history->user[i].call_ns = draw(&random, 2) ? CHUNK_NS * times : CHUNK_NS / times;
    }
}

/* ---- equal sharing: every user who is there is served at the rate min(1, slots / users) ---- */
static struct ends share_equally(const struct history *history)
{
    struct ends ends = {0};
    double left[MOST_USERS] = {0}, now = 0;
    uint32_t arrived = 0, finished = 0;
    while (finished < history->users) {
        double least = INFINITY;
        for (uint32_t i = 0; i < arrived; i++)
            if (left[i] > 0 && left[i] < least)
                least = left[i];
        uint32_t here = arrived - finished;
        double rate = here > history->slots ? (double)history->slots / here : 1;
        double next =
            arrived < history->users ? (double)history->user[arrived].arrival_ns : INFINITY;
        bool is_arrival = next <= now + least / rate;
        double step = is_arrival ? (next - now) * rate : least;
        now = is_arrival ? next : now + least / rate;
        for (uint32_t i = 0; i < arrived; i++) {
            if (left[i] <= 0)
                continue;
            left[i] -= step;
            if (left[i] > 1) /* ns */
                continue;
            left[i] = 0;
            ends.ns[i] = now;
            finished++;
        }
        if (is_arrival) {
            left[arrived] =
                (double)(history->user[arrived].chunks * history->user[arrived].call_ns);
            arrived++;
        }
    }
    return ends;
}

/* ---- the real queue ---- */
struct run {
    const struct history *history;
    struct queue queue;
    struct book book;
    struct job *jobs[MOST_USERS];
    uint32_t left[MOST_USERS]; /* chunks */
    struct {
        uint32_t user;
        int64_t end_ns;
    } calls[MOST_SLOTS]; /* who ends first, first; ties by start */
    uint32_t call_count, arrived, finished;
    struct ends ends;
};

static void arrive(struct run *run)
{
    uint32_t number = run->arrived++;
    char id[JOB_ID_SIZE], name[16];
    snprintf(id, sizeof id, "00000000-0000-7000-8000-%012x", number);
    snprintf(name, sizeof name, "%u", number);
    struct job_facts facts = {
        .job_id = id, .tenant_id = "acme", .user_id = name, .service_class = CLASS_STANDARD};
    struct job *job = book_add_job(&run->book, &facts, run->queue.now);
    run->jobs[number] = job;
    run->left[number] = run->history->user[number].chunks;
    for (uint32_t i = 0; i < run->left[number]; i++) {
        struct chunk *chunk = book_add_chunk(job, i);
        chunk->facts.status = CHUNK_READY;
        queue_add(&run->queue, chunk);
    }
}

static void occupy(struct run *run, struct turn *turn, int change)
{
    struct user *user = book_user_of(turn);
    user->occupied = (uint16_t)(user->occupied + change);
    queue_occupy(&run->queue, turn, change);
    queue_user_changed(&run->queue, user);
}

static void end_call(struct run *run)
{
    uint32_t number = run->calls[0].user;
    run->call_count--;
    memmove(&run->calls[0], &run->calls[1], run->call_count * sizeof run->calls[0]);
    occupy(run, book_first_turn(book_user_of(run->jobs[number]->turn)), -1);
    if (--run->left[number] > 0)
        return;
    run->ends.ns[number] = (double)run->queue.now.ns;
    run->finished++;
}

static void serve(struct run *run)
{
    struct chunk *chunk;
    while (run->call_count < run->history->slots && (chunk = queue_next(&run->queue))) {
        uint32_t number = 0;
        while (run->jobs[number] != book_job_of(chunk))
            number++;
        queue_charge(&run->queue, chunk, QUANTUM_TOKENS);
        queue_remove(&run->queue, chunk);
        occupy(run, book_turn_of(chunk), 1);
        int64_t end_ns = run->queue.now.ns + run->history->user[number].call_ns;
        uint32_t place = run->call_count++;
        for (; place > 0 && run->calls[place - 1].end_ns > end_ns; place--)
            run->calls[place] = run->calls[place - 1];
        run->calls[place].user = number;
        run->calls[place].end_ns = end_ns;
    }
}

static struct ends serve_all(const struct history *history, const struct order *order,
                             bool is_mutant)
{
    struct run run = {.history = history};
    queue_open(&run.queue,
               &(struct queue_config){.fairness = order->fairness,
                                      .has_first_chunks_first = order->has_first_chunks_first,
                                      .weights = {1, 1, 1, 1}});
    queue_set_pace(&run.queue, history->slots, CHUNK_NS / 1000);
    if (is_mutant)
        run.queue.urgent_below = -INFINITY;
    while (run.finished < history->users) {
        int64_t next = run.call_count > 0 ? run.calls[0].end_ns : INT64_MAX;
        if (run.arrived < history->users && history->user[run.arrived].arrival_ns < next)
            next = history->user[run.arrived].arrival_ns;
        queue_pass_time(&run.queue, (struct instant){next});
        while (run.call_count > 0 && run.calls[0].end_ns == next)
            end_call(&run);
        while (run.arrived < history->users && history->user[run.arrived].arrival_ns == next)
            arrive(&run);
        serve(&run);
    }
    book_free(&run.book);
    queue_close(&run.queue);
    return run.ends;
}

/* ---- what came of it ---- */
struct tally {
    uint64_t users, late;
    double sum, worst; /* of the times, s; the worst excess over equal sharing, chunks */
};

static void add(struct tally *tally, const struct history *history, const struct ends *ends,
                const struct ends *equal)
{
    for (uint32_t i = 0; i < history->users; i++) {
        double excess = (ends->ns[i] - equal->ns[i]) / (double)CHUNK_NS;
        tally->users++;
        tally->late += excess > 1 + ROUNDING;
        tally->sum += (ends->ns[i] - (double)history->user[i].arrival_ns) / 1e9;
        tally->worst = excess > tally->worst ? excess : tally->worst;
    }
}

static void add_history(struct tally tallies[ORDER_COUNT + 1], const struct history *history,
                        bool is_mutant)
{
    struct ends equal = share_equally(history);
    add(&tallies[ORDER_COUNT], history, &equal, &equal);
    for (int i = 0; i < ORDER_COUNT; i++) {
        struct ends ends = serve_all(history, &ORDERS[i], is_mutant);
        add(&tallies[i], history, &ends, &equal);
    }
}

static void report(const char *title, const struct tally tallies[ORDER_COUNT + 1])
{
    printf("%s\n%36s  %8s %14s %14s\n", title, "", "mean s", "worst excess", "later by > 1");
    for (int i = 0; i <= ORDER_COUNT; i++) {
        const struct tally *tally = &tallies[i];
        printf("%36s  %8.3f %7.3f chunks %8lu users\n",
               i < ORDER_COUNT ? ORDERS[i].name : "equal sharing",
               tally->sum / (double)tally->users, tally->worst, tally->late);
    }
}

static bool is_promise_kept(const struct tally tallies[ORDER_COUNT + 1])
{
    for (int i = 0; i < ORDER_COUNT; i++)
        if (ORDERS[i].is_promised && tallies[i].late > 0)
            return false;
    return true;
}

static bool check_one(const char *title, uint32_t slots, uint32_t users, uint32_t chunks,
                      bool is_mutant)
{
    struct history history = {.slots = slots, .users = users};
    CHECK(users <= MOST_USERS && slots <= MOST_SLOTS);
    for (uint32_t i = 0; i < users; i++) {
        history.user[i].chunks = chunks;
        history.user[i].call_ns = CHUNK_NS;
    }
    struct tally tallies[ORDER_COUNT + 1] = {0};
    add_history(tallies, &history, is_mutant);
    report(title, tallies);
    return is_promise_kept(tallies);
}

static bool check_many(const char *title, const struct seeds *seeds, uint64_t most_times,
                       bool is_mutant)
{
    struct tally tallies[ORDER_COUNT + 1] = {0};
    for (int64_t i = 0; i < seeds->count; i++) {
        struct history history;
        draw_history(&history, (uint64_t)(seeds->first + i), most_times);
        add_history(tallies, &history, is_mutant);
    }
    char whole[120];
    snprintf(whole, sizeof whole, "%ld random histories of %lu users, %s", seeds->count,
             tallies[0].users, title);
    report(whole, tallies);
    return is_promise_kept(tallies);
}

bool fairness_check(int64_t first, int64_t count, bool is_mutant)
{
    struct seeds seeds = {first, count};
    bool is_kept[] = {
        check_one("100 users x 10 chunks of 50 ms on 10 slots", 10, 100, 10, is_mutant),
        check_one("3 users x 100 chunks on 2 slots", 2, 3, 100, is_mutant),
        check_many("calls of 50 ms", &seeds, 1, is_mutant),
    };
    /* Nothing is promised where calls are unequal: how late it gets is a figure. */
    (void)check_many("calls of 12 to 200 ms", &seeds, 4, is_mutant);
    return is_kept[0] && is_kept[1] && is_kept[2];
}
