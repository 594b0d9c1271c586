#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim.h"

struct happening {
    struct heap_node node;
    sim_deed *deed;
    void *what;
    struct process *process;
    uint32_t incarnation;
    struct happening *newer;
};

int64_t sim_between(struct sim *sim, int64_t least, int64_t most)
{
    sim->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = sim->random;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    mixed ^= mixed >> 31;
    return least + (int64_t)(mixed % (uint64_t)(most - least + 1));
}

bool sim_chance(struct sim *sim, uint32_t permille)
{
    return sim_between(sim, 0, 999) < (int64_t)permille;
}

bool sim_fault(struct sim *sim, enum count kind, uint32_t permille)
{
    if (sim->now >= FAULTS_END || !sim_chance(sim, permille))
        return false;
    sim->counts[kind]++;
    return true;
}

void *sim_keep(struct sim *sim, const void *bytes, size_t size)
{
    void *kept = arena_new(sim->arena, size);
    memcpy(kept, bytes, size);
    return kept;
}

void sim_violation(struct sim *sim, const char *rule, const char *format, ...)
{
    if (sim->violations++ > 0)
        return;
    char text[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    snprintf(sim->first_rule, sizeof(sim->first_rule), "%s", rule);
    snprintf(sim->first_violation, sizeof(sim->first_violation), "%s: %s", rule, text);
}

static void put(struct sim *sim, int64_t at, struct happening *happening)
{
    heap_add(&sim->happenings, &happening->node, (uint64_t)at);
}

void sim_after(struct sim *sim, int64_t delay, struct process *process, sim_deed *deed, void *what)
{
    struct happening *happening = arena_new(sim->arena, sizeof(*happening));
    *happening = (struct happening){.deed = deed,
                                    .what = what,
                                    .process = process,
                                    .incarnation = process ? process->incarnation : 0};
    put(sim, sim->now + (delay > 0 ? delay : 0), happening);
}

static int64_t network_delay(struct sim *sim)
{
    if (sim_fault(sim, FAULT_LATE, sim->now < sim->slow_until ? 600 : 30))
        return sim_between(sim, 100 * MS, 9 * SECOND);
    return sim_between(sim, 100, 8 * MS);
}

void sim_send(struct sim *sim, struct process *to, uint32_t loss_permille, sim_deed *deed,
              void *what)
{
    if (sim_fault(sim, FAULT_LOST, loss_permille))
        return;
    int64_t delay = network_delay(sim);
    sim_after(sim, delay, to, deed, what);
    if (sim_fault(sim, FAULT_TWICE, 10))
        sim_after(sim, delay + sim_between(sim, 0, 4 * SECOND), to, deed, what);
}

static void happen(struct sim *sim, struct happening *happening)
{
    struct process *process = happening->process;
    if (process && (process->incarnation != happening->incarnation || !process->is_alive))
        return;
    if (process && process->is_paused) {
        happening->newer = process->put_off;
        process->put_off = happening;
        return;
    }
    happening->deed(sim, happening->what);
}

/* ---- processes ---- */
static void boot(struct sim *sim, void *what)
{
    struct process *process = what;
    uint32_t number = (uint32_t)(process - sim->processes);
    process->incarnation++;
    process->is_alive = true;
    process->is_paused = false;
    process->put_off = NULL;
    if (number < SCHEDULERS)
        schedulers_boot(sim, number);
    else
        analyzers_boot(sim, number - SCHEDULERS);
}

static struct silence *begin_silence(struct sim *sim, struct process *process)
{
    struct silence *silence = arena_new(sim->arena, sizeof(*silence));
    *silence = (struct silence){.from = sim->now,
                                .to = FOREVER,
                                .incarnation = process->incarnation,
                                .next = process->silences};
    return process->silences = silence;
}

static void kill_process(struct sim *sim, struct process *process)
{
    if (!process->is_alive)
        return;
    uint32_t number = (uint32_t)(process - sim->processes);
    begin_silence(sim, process);
    process->is_alive = false;
    sim->counts[FAULT_KILLED]++;
    if (number < SCHEDULERS)
        schedulers_died(sim, number);
    else
        analyzers_died(sim, number - SCHEDULERS);
    sim_after(sim, sim_between(sim, 300 * MS, 6 * SECOND), NULL, boot, process);
}

static void kill_deed(struct sim *sim, void *what)
{
    kill_process(sim, what);
}

void sim_kill_soon(struct sim *sim, struct process *process)
{
    sim_after(sim, 100 * MS, process, kill_deed, process);
}

static void resume(struct sim *sim, void *what)
{
    struct process *process = what;
    if (!process->is_alive || !process->is_paused)
        return;
    process->is_paused = false;
    process->silences->to = sim->now;
    struct happening *next = process->put_off;
    process->put_off = NULL;
    while (next) {
        struct happening *happening = next;
        next = happening->newer;
        put(sim, sim->now + sim_between(sim, 0, 10 * MS), happening);
    }
}

static void pause_process(struct sim *sim, struct process *process)
{
    static const int64_t LENGTHS[] = {200 * MS, SECOND, 3 * SECOND, 8 * SECOND, 20 * SECOND};
    if (!process->is_alive || process->is_paused)
        return;
    begin_silence(sim, process);
    process->is_paused = true;
    sim->counts[FAULT_PAUSED]++;
    sim_after(sim, LENGTHS[sim_between(sim, 0, 4)], NULL, resume, process);
}

static void upset(struct sim *sim, void *what)
{
    if (sim->now >= FAULTS_END)
        return;
    struct process *process = &sim->processes[sim_between(sim, 0, PROCESSES - 1)];
    int64_t dice = sim_between(sim, 0, 99);
    if (dice < 30)
        kill_process(sim, process);
    else if (dice < 62)
        pause_process(sim, process);
    else if (dice < 72)
        kill_process(sim, &sim->processes[sim_between(sim, 0, SCHEDULERS - 1)]);
    else if (dice < 78)
        sim->events_lost_until = sim->now + sim_between(sim, SECOND / 2, 4 * SECOND);
    else if (dice < 84)
        sim->slow_until = sim->now + sim_between(sim, SECOND, 8 * SECOND);
    else if (dice < 90) {
        sim->store.away_until = sim->now + sim_between(sim, SECOND, 6 * SECOND);
        sim->counts[FAULT_STORE_AWAY]++;
    } else
        analyzers_upset_streams(sim);
    sim_after(sim, sim_between(sim, 200 * MS, 3 * SECOND), NULL, upset, what);
}

static void heal(struct sim *sim, void *what)
{
    (void)what;
    for (uint32_t i = 0; i < PROCESSES; i++)
        resume(sim, &sim->processes[i]);
}

static void every_second(struct sim *sim, void *what)
{
    if (sim->now >= sim->store.away_until)
        store_expire(sim);
    check_losses(sim);
    sim->is_over = sim->now > FAULTS_END && store_all_ended(sim);
    sim_after(sim, SECOND, NULL, every_second, what);
}

struct sim *sim_new(uint64_t seed, enum mutant mutant)
{
    struct sim *sim = calloc(1, sizeof(*sim));
    CHECK(sim);
    sim->arena = arena_open((size_t)512 << 20);
    sim->random = seed * UINT64_C(0xd1342543de82ef95) + 1;
    sim->mutant = mutant;
    return sim;
}

void sim_free(struct sim **sim)
{
    if (!*sim)
        return;
    for (uint32_t i = 0; i < SCHEDULERS; i++)
        scheduler_free(&(*sim)->schedulers[i].core);
    heap_free(&(*sim)->happenings);
    arena_close(&(*sim)->arena);
    free(*sim);
    *sim = NULL;
}

void sim_run(struct sim *sim)
{
    for (uint32_t i = 0; i < PROCESSES; i++) {
        sim->processes[i].clock_offset = sim_between(sim, 0, 1000 * SECOND);
        boot(sim, &sim->processes[i]);
    }
    store_plan_jobs(sim);
    sim_after(sim, SECOND, NULL, upset, NULL);
    sim_after(sim, SECOND, NULL, every_second, NULL);
    sim_after(sim, FAULTS_END, NULL, heal, NULL);
    while (!sim->is_over && sim->now < HEALED_END && sim->violations == 0) {
        struct heap_node *node = heap_take_until(&sim->happenings, UINT64_MAX);
        sim->now = (int64_t)node->key;
        happen(sim, HEAP_OWNER(node, struct happening, node));
    }
}
