/* scheduler_sim: random histories of a whole fleet around the real core of the scheduler.
 *
 *   scheduler_sim --seeds 2000 --first 0       what dev/test runs
 *   scheduler_sim --seeds 60 --mutant no_void  must be caught: exits 0 if a violation is seen
 *
 * Prints what was injected and exercised; exits 1 with the seed at a violation.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "sim.h"

static const char *const MUTANT_NAMES[MUTANTS] = {
    "none",        "permit_any_instance", "no_permit",         "no_reread",        "no_overlap",
    "caps_forget", "cancel_frees",        "no_terminal_check", "no_attempt_check", "no_abort",
    "asks_twice",  "grant_unrebuilt",     "forget_tries",      "no_backoff",       "never_reap",
};

static const char *const COUNT_NAMES[COUNTS] = {
    "lost",
    "late",
    "twice",
    "answer lost",
    "forgotten",
    "repeated",
    "killed",
    "paused",
    "store away",
    "llm hangs",
    "llm refuses",
    "llm leaves out",
    "jobs",
    "posts",
    "calls",
    "grants",
    "refused by rule 1",
    "calls at the cap",
    "splits",
    "retries",
    "embedded",
    "cancelled",
    "expired",
    "reaped",
    "released",
    "takeovers",
    "excused by silence",
};

struct request {
    int64_t seeds, first;
    enum mutant mutant;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case 's':
        if (!number_parse_int(argument, &request->seeds) || request->seeds < 1)
            argp_error(state, "--seeds wants a number above 0");
        return 0;
    case 'f':
        if (!number_parse_int(argument, &request->first) || request->first < 0)
            argp_error(state, "--first wants a number");
        return 0;
    case 'm':
        for (int i = 0; i < MUTANTS; i++) {
            if (strcmp(MUTANT_NAMES[i], argument) == 0) {
                request->mutant = (enum mutant)i;
                return 0;
            }
        }
        argp_error(state, "no such mutant: %s", argument);
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Runs the seeds; answers how many had violations, and stops at the first unless looking for it. */
static int64_t run_seeds(const struct request *request, uint64_t counts[COUNTS])
{
    for (int64_t seed = request->first; seed < request->first + request->seeds; seed++) {
        struct sim *sim = sim_new((uint64_t)seed, request->mutant);
        sim_run(sim);
        check_all(sim);
        for (int i = 0; i < COUNTS; i++)
            counts[i] += sim->counts[i];
        bool is_violated = sim->violations > 0;
        if (is_violated)
            printf("seed %ld: %s\n", seed, sim->first_violation);
        sim_free(&sim);
        if (is_violated)
            return seed;
    }
    return -1;
}

int main(int argc, char **argv)
{
    static const struct argp_option OPTIONS[] = {
        {"seeds", 's', "N", 0, "how many histories", 0},
        {"first", 'f', "S", 0, "the first seed", 0},
        {"mutant", 'm', "NAME", 0, "break one clause; success is to see it", 0},
        {0},
    };
    static const struct argp ARGP = {
        .options = OPTIONS,
        .parser = parse,
        .doc = "Simulates a fleet with faults around the scheduler's core.",
    };
    struct request request = {.seeds = 200};
    argp_parse(&ARGP, argc, argv, 0, NULL, &request);
    uint64_t counts[COUNTS] = {0};
    int64_t violated = run_seeds(&request, counts);
    for (int i = 0; i < COUNTS; i++)
        printf("%20lu  %s\n", counts[i], COUNT_NAMES[i]);
    if (request.mutant != MUTANT_NONE) {
        printf("mutant %s: %s\n", MUTANT_NAMES[request.mutant],
               violated >= 0 ? "caught" : "not seen");
        return violated >= 0 ? 0 : 1;
    }
    printf("%ld seeds from %ld, violations %d\n", request.seeds, request.first, violated >= 0);
    return violated >= 0 ? 1 : 0;
}
