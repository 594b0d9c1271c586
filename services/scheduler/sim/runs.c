#include "runs.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "sim/checks/checkers.h"

/* Longer runs tell how far they are, every so often. */
enum { TOLD_FROM = 50000, TOLD_EVERY_S = 10 };
/* Most end within milliseconds; one that does not end at all is a fault of the core. */
enum { STUCK_AFTER_S = 120 };

/* What the processes share. */
struct shared {
    atomic_long least_failing; /* no seed beyond it matters any more */
    atomic_long begun, done;
    atomic_long under_way[MOST_JOBS]; /* the seed of each process */
    struct outcome_of_runs found[MOST_JOBS];
};

static bool is_looked_for(const struct runs *runs, const struct sim *sim)
{
    return sim->violations > 0 &&
           (runs->seen_by[0] == '\0' || strstr(runs->seen_by, sim->first_rule));
}

static void note_failure(struct shared *shared, struct outcome_of_runs *found,
                         const struct sim *sim, int64_t seed)
{
    found->has_failed = true;
    found->failing_seed = seed;
    memcpy(found->rule, sim->first_rule, sizeof(found->rule));
    memcpy(found->violation, sim->first_violation, sizeof(found->violation));
    long least = atomic_load(&shared->least_failing);
    while (seed < least &&
           !atomic_compare_exchange_weak(&shared->least_failing, &least, (long)seed))
        continue;
}

/* One seed after another that nobody else has begun, up to the first violation that is looked for.
 */
static void perform_share(const struct runs *runs, struct shared *shared, int64_t job)
{
    struct outcome_of_runs *found = &shared->found[job];
    SCOPED(arena_close) struct arena *ground = arena_open(SIM_GROUND_BYTES);
    for (int64_t i;
         !found->has_failed && (i = atomic_fetch_add(&shared->begun, 1)) < runs->seeds;) {
        int64_t seed = runs->first + i;
        if (seed > atomic_load(&shared->least_failing))
            return;
        struct history history = {.seed = (uint64_t)seed, .mutant = runs->mutant};
        atomic_store(&shared->under_way[job], (long)seed);
        alarm(STUCK_AFTER_S); /* ends the process */
        SCOPED(sim_free) struct sim *sim = sim_new(&history, &CHECKERS, ground);
        sim_run(sim);
        for (int k = 0; k < COUNTS; k++)
            found->counts[k] += sim->counts[k];
        if (is_looked_for(runs, sim))
            note_failure(shared, found, sim, seed);
        atomic_fetch_add(&shared->done, 1);
    }
    alarm(0);
}

static void tell_progress(const struct runs *runs, const struct shared *shared, int elapsed_s)
{
    if (runs->seeds >= TOLD_FROM && elapsed_s > 0 && elapsed_s % TOLD_EVERY_S == 0)
        fprintf(stderr, "%ld of %ld seeds in %d s\n", (long)atomic_load(&shared->done), runs->seeds,
                elapsed_s);
}

/* Waits for one of our own processes; tells the progress meanwhile, and a history that does not
 * end. */
static void await(const struct runs *runs, const struct shared *shared, int64_t job, pid_t child,
                  time_t begun)
{
    int status = 0, told_s = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        int elapsed_s = (int)(time(NULL) - begun);
        if (elapsed_s != told_s)
            tell_progress(runs, shared, elapsed_s);
        told_s = elapsed_s;
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        fprintf(stderr, "seed %ld: has not ended after %d s; is the core in a loop?\n",
                atomic_load(&shared->under_way[job]), STUCK_AFTER_S);
        exit(EXIT_FAILURE);
    }
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void perform_in_processes(const struct runs *runs, struct shared *shared)
{
    pid_t children[MOST_JOBS];
    time_t begun = time(NULL);
    fflush(stdout);
    for (int64_t job = 0; job < runs->jobs; job++) {
        children[job] = fork();
        CHECK(children[job] >= 0);
        if (children[job] > 0)
            continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        perform_share(runs, shared, job);
        _exit(0);
    }
    for (int64_t job = 0; job < runs->jobs; job++)
        await(runs, shared, job, children[job], begun);
}

void runs_perform(const struct runs *runs, struct outcome_of_runs *found)
{
    CHECK(runs->jobs >= 1 && runs->jobs <= MOST_JOBS);
    struct shared *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    atomic_init(&shared->least_failing, INT64_MAX);
    perform_in_processes(runs, shared);
    *found = (struct outcome_of_runs){0};
    for (int64_t job = 0; job < runs->jobs; job++) {
        const struct outcome_of_runs *part = &shared->found[job];
        for (int i = 0; i < COUNTS; i++)
            found->counts[i] += part->counts[i];
        if (!part->has_failed || (found->has_failed && found->failing_seed < part->failing_seed))
            continue;
        found->has_failed = true;
        found->failing_seed = part->failing_seed;
        memcpy(found->rule, part->rule, sizeof(found->rule));
        memcpy(found->violation, part->violation, sizeof(found->violation));
    }
    munmap(shared, sizeof(*shared));
}
