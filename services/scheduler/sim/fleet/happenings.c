#include "happenings.h"

#include <string.h>

#include "core/heap.h"

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

void sim_happen_next(struct sim *sim)
{
    struct heap_node *node = heap_take_until(&sim->happenings, UINT64_MAX);
    struct happening *happening = HEAP_OWNER(node, struct happening, node);
    sim->now = happening->at;
    happen(sim, happening);
}

void sim_boot(struct sim *sim, struct process *process)
{
    process->incarnation++;
    process->is_alive = true;
    process->is_paused = false;
    process->put_off = NULL;
    process->role->boot(sim, (uint32_t)(process - sim->processes));
}

static void boot(struct sim *sim, void *what)
{
    sim_boot(sim, what);
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
    process->role->die(sim, number);
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
