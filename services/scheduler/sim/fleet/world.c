#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzers.h"
#include "base/check.h"
#include "controls.h"
#include "llm.h"
#include "schedulers.h"
#include "sim.h"
#include "store.h"
#include "upset.h"

struct happening {
    struct heap_node node;
    int64_t at;
    sim_deed *deed;
    void *what;
    struct process *process;
    uint32_t incarnation;
    struct happening *newer;
};

void *sim_keep(struct sim *sim, const void *bytes, size_t size)
{
    void *kept = arena_new(sim->arena, size);
    memcpy(kept, bytes, size);
    return kept;
}

const char *sim_node_name(uint32_t node)
{
    static const char *const NAMES[NODES] = {
        "scheduler 0", "scheduler 1", "analyzer 0", "analyzer 1", "analyzer 2", "store", "broker"};
    return node < NODES ? NAMES[node] : "";
}

void sim_tell(const struct sim *sim, uint32_t node, const char *format, ...)
{
    if (!sim->history.is_told)
        return;
    printf("%10.3f s  %-12s ", (double)sim->now / SECOND, sim_node_name(node));
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
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
    sim_tell(sim, NODES, "VIOLATED: %s: %s", rule, text);
    snprintf(sim->first_rule, sizeof(sim->first_rule), "%s", rule);
    snprintf(sim->first_violation, sizeof(sim->first_violation), "%s: %s", rule, text);
}

static void put(struct sim *sim, int64_t at, struct happening *happening)
{
    happening->at = at;
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

/* A number for the link, so that what one does leaves the faults of the others as they are. */
static uint32_t link_of(const struct letter *letter)
{
    return letter->from * NODES + letter->to;
}

static int64_t network_delay(struct sim *sim, const struct letter *letter)
{
    if (sim_fault(sim, FAULT_LATE, link_of(letter), letter->about,
                  sim->now < sim->slow_until ? 600 : 30)) {
        int64_t delay = sim_severity(sim, 100 * MS, 9 * SECOND);
        sim_tell(sim, letter->from, "%s to %s is %ld ms late", letter->name,
                 sim_node_name(letter->to), delay / MS);
        return delay;
    }
    if (sim_fault(sim, FAULT_REORDERED, link_of(letter), letter->about,
                  20)) /* what is sent next overtakes it */
        return sim_severity(sim, 10 * MS, 60 * MS);
    return sim_usual(sim, link_of(letter), 100, 8 * MS);
}

bool sim_is_cut(const struct sim *sim, uint32_t from, uint32_t to)
{
    return sim->now < sim->cut_until[from][to];
}

void sim_send(struct sim *sim, const struct letter *letter)
{
    struct process *to = letter->to < PROCESSES ? &sim->processes[letter->to] : NULL;
    if (sim_is_cut(sim, letter->from, letter->to)) {
        sim->counts[COUNT_CUT_OFF]++;
        sim_tell(sim, letter->from, "%s does not reach %s", letter->name,
                 sim_node_name(letter->to));
        return;
    }
    if (sim_fault(sim, FAULT_LOST, link_of(letter), letter->about, letter->loss_permille)) {
        sim_tell(sim, letter->from, "%s to %s is lost", letter->name, sim_node_name(letter->to));
        return;
    }
    int64_t delay = network_delay(sim, letter);
    sim_after(sim, delay, to, letter->deed, letter->what);
    if (!sim_fault(sim, FAULT_TWICE, link_of(letter), letter->about, 10))
        return;
    delay += sim_severity(sim, 0, 4 * SECOND);
    sim_tell(sim, letter->from, "%s to %s comes again after %ld ms", letter->name,
             sim_node_name(letter->to), delay / MS);
    sim_after(sim, delay, to, letter->deed, letter->what);
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

void sim_kill(struct sim *sim, struct process *process, int64_t away)
{
    if (!process->is_alive)
        return;
    uint32_t number = (uint32_t)(process - sim->processes);
    sim_tell(sim, number, "is killed, and comes back after %ld ms", away / MS);
    begin_silence(sim, process);
    process->is_alive = false;
    if (number < SCHEDULERS)
        schedulers_died(sim, number);
    else
        analyzers_died(sim, number - SCHEDULERS);
    sim_after(sim, away, NULL, boot, process);
}

static void die(struct sim *sim, void *what)
{
    sim_kill(sim, what, 2 * SECOND);
}

void sim_kill_soon(struct sim *sim, struct process *process)
{
    sim_after(sim, 100 * MS, process, die, process);
}

void sim_resume(struct sim *sim, struct process *process)
{
    if (!process->is_alive || !process->is_paused)
        return;
    sim_tell(sim, (uint32_t)(process - sim->processes), "goes on");
    process->is_paused = false;
    process->silences->to = sim->now;
    struct happening *next = process->put_off;
    process->put_off = NULL;
    while (next) {
        struct happening *happening = next;
        next = happening->newer;
        uint32_t key = (uint32_t)happening->at;
        put(sim, sim->now + sim_usual(sim, key % MANY_SITES, 0, 10 * MS), happening);
    }
}

static void resume(struct sim *sim, void *what)
{
    sim_resume(sim, what);
}

void sim_pause(struct sim *sim, struct process *process, int64_t length)
{
    if (!process->is_alive || process->is_paused)
        return;
    sim_tell(sim, (uint32_t)(process - sim->processes), "is paused for %ld ms", length / MS);
    begin_silence(sim, process);
    process->is_paused = true;
    sim_after(sim, length, NULL, resume, process);
}

static void heal(struct sim *sim, void *what)
{
    (void)what;
    upset_heal(sim);
}

static void lift_limits(struct sim *sim, void *what)
{
    (void)what;
    controls_lift_limits(sim);
}

static void every_second(struct sim *sim, void *what)
{
    if (sim->now >= sim->store.away_until)
        store_expire(sim);
    if (sim->now >= sim->store.away_until)
        store_count_work(sim);
    sim->witness->looks(sim);
    bool is_quiet = sim->now > FAULTS_END && store_all_ended(sim);
    sim->quiet_seconds = is_quiet ? sim->quiet_seconds + 1 : 0;
    sim->is_over = sim->quiet_seconds > sim->seconds_of_quiet;
    sim_after(sim, SECOND, NULL, every_second, what);
}

/* Most histories fit into one block, which is then used again and again: fresh memory costs a
 * fifth of the time under the address sanitizer. */
static void clear_ground(struct arena *ground)
{
    const size_t usual = (size_t)4 << 20;
    bool has_block = arena_used(ground) > 0 && arena_used(ground) < usual / 4 * 3;
    arena_reset(ground);
    if (has_block)
        return;
    arena_new(ground, usual);
    arena_reset(ground);
}

struct sim *sim_new(const struct history *history, const struct witness *witness,
                    struct arena *ground)
{
    struct sim *sim = calloc(1, sizeof(*sim));
    CHECK(sim);
    clear_ground(ground);
    sim->arena = ground;
    sim->history = *history;
    sim->witness = witness;
    sim->mutant = history->mutant;
    return sim;
}

void sim_free(struct sim **sim)
{
    if (!*sim)
        return;
    for (uint32_t i = 0; i < SCHEDULERS; i++)
        scheduler_free(&(*sim)->schedulers[i].core);
    heap_free(&(*sim)->happenings);
    free((*sim)->decided);
    free(*sim);
    *sim = NULL;
}

void sim_run(struct sim *sim)
{
    sim->is_without_chance = !sim_decide(sim, WORK_CHANCE, 0, 0, 1000);
    llm_plan(sim);
    servers_plan(sim);
    sim->has_bursts = sim_decide(sim, WORK_BURSTS, 0, 0, 500);
    for (uint32_t i = 0; i < PROCESSES; i++) {
        sim->processes[i].clock_offset = sim_trait(sim, WORK_CHANCE, i, 0, 1000 * SECOND);
        boot(sim, &sim->processes[i]);
    }
    store_plan_jobs(sim);
    controls_plan(sim);
    /* Some go on a little, until everybody has heard that all is over. */
    sim->seconds_of_quiet = sim_trait(sim, FAULT_PAUSED, 0, 0, 7) == 0 ? 14 : 0;
    upset_plan(sim);
    sim_after(sim, sim->limits_until, NULL, lift_limits, NULL);
    sim_after(sim, SECOND, NULL, every_second, NULL);
    sim_after(sim, FAULTS_END, NULL, heal, NULL);
    while (!sim->is_over && sim->now < HEALED_END && sim->violations == 0) {
        struct heap_node *node = heap_take_until(&sim->happenings, UINT64_MAX);
        struct happening *happening = HEAP_OWNER(node, struct happening, node);
        sim->now = happening->at;
        happen(sim, happening);
    }
    sim->witness->ends(sim);
}
