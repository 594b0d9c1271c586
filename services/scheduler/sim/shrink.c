#include "shrink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "sim/checks/checkers.h"

enum { MOST_RUNS = 5000, MOST_SECONDS = 20 };

/* The shortest failing history so far: its decisions, as they came true. */
struct shrunk {
    struct history history;
    struct arena *ground;
    const char *rule;
    uint64_t *decisions;
    size_t count;
    uint32_t runs;
    time_t begun;
};

static bool may_go_on(const struct shrunk *shrunk)
{
    return shrunk->runs < MOST_RUNS && time(NULL) - shrunk->begun < MOST_SECONDS;
}

/* What came true, each once: a message and its copy may meet the same fault at the same time. */
static void keep(struct shrunk *shrunk, const struct sim *sim)
{
    free(shrunk->decisions);
    shrunk->decisions = calloc(sim->decided_count + 1, sizeof(uint64_t));
    CHECK(shrunk->decisions);
    shrunk->count = 0;
    for (size_t i = 0; i < sim->decided_count; i++) {
        bool is_known = false;
        for (size_t k = shrunk->count; k > 0 && !is_known; k--)
            is_known = shrunk->decisions[k - 1] == sim->decided[i];
        if (!is_known)
            shrunk->decisions[shrunk->count++] = sim->decided[i];
    }
}

/* Does it still fail with these decisions only? Then what came true of them is the shortest. */
static bool try_only(struct shrunk *shrunk, const uint64_t *only, size_t count)
{
    struct history history = shrunk->history;
    uint64_t *sorted = calloc(count + 1, sizeof(*sorted));
    CHECK(sorted);
    memcpy(sorted, only, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), sim_by_decision);
    history.only = sorted;
    history.only_count = count;
    SCOPED(sim_free) struct sim *sim = sim_new(&history, &CHECKERS, shrunk->ground);
    sim_run(sim);
    free(sorted);
    shrunk->runs++;
    if (sim->violations == 0 || strcmp(sim->first_rule, shrunk->rule) != 0)
        return false;
    keep(shrunk, sim);
    return true;
}

/* Leaves out one piece after another; true if some could be. */
static bool leave_out(struct shrunk *shrunk, size_t piece)
{
    bool is_shorter = false;
    uint64_t *rest = calloc(shrunk->count + 1, sizeof(*rest));
    CHECK(rest);
    for (size_t from = 0; from < shrunk->count && may_go_on(shrunk);) {
        size_t to = from + piece < shrunk->count ? from + piece : shrunk->count;
        memcpy(rest, shrunk->decisions, from * sizeof(*rest));
        memcpy(rest + from, shrunk->decisions + to, (shrunk->count - to) * sizeof(*rest));
        if (try_only(shrunk, rest, shrunk->count - (to - from)))
            is_shorter = true;
        else
            from += piece;
    }
    free(rest);
    return is_shorter;
}

static void shrink(struct shrunk *shrunk)
{
    for (size_t piece = shrunk->count / 2; piece > 0 && may_go_on(shrunk);) {
        bool is_shorter = leave_out(shrunk, piece);
        if (piece > 1)
            piece /= 2;
        else if (!is_shorter)
            return;
    }
}

/* All of what the seed decided, in the order in which it came true. */
static void begin(struct shrunk *shrunk)
{
    SCOPED(sim_free) struct sim *sim = sim_new(&shrunk->history, &CHECKERS, shrunk->ground);
    sim_run(sim);
    keep(shrunk, sim);
}

static void tell(const struct shrunk *shrunk, const char *mutant)
{
    struct history history = shrunk->history;
    qsort(shrunk->decisions, shrunk->count, sizeof(uint64_t), sim_by_decision);
    history.only = shrunk->decisions;
    history.only_count = shrunk->count;
    history.is_told = true;
    SCOPED(sim_free) struct sim *sim = sim_new(&history, &CHECKERS, shrunk->ground);
    sim_run(sim);
    printf("repeat it: scheduler_sim --first %lu%s%s --only ", history.seed,
           mutant[0] ? " --mutant " : "", mutant);
    for (size_t i = 0; i < shrunk->count; i++) {
        char name[64];
        sim_name_decision(shrunk->decisions[i], name, sizeof(name));
        printf("%s%s", i > 0 ? "," : "", name);
    }
    putchar('\n');
}

void shrink_and_tell(const struct history *failing, const char *rule, const char *mutant)
{
    SCOPED(arena_close) struct arena *ground = arena_open(SIM_GROUND_BYTES);
    struct shrunk shrunk = {
        .history = *failing, .ground = ground, .rule = rule, .begun = time(NULL)};
    begin(&shrunk);
    size_t before = shrunk.count;
    shrink(&shrunk);
    printf("shrunk from %zu decisions to %zu in %u runs:\n", before, shrunk.count, shrunk.runs);
    tell(&shrunk, mutant);
    free(shrunk.decisions);
}
