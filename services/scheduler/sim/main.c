/* scheduler_sim: random histories of a whole fleet around the real core of the scheduler.
 *
 *   scheduler_sim --seeds 2000 --first 0          must find nothing
 *   scheduler_sim --seeds 1000 --mutant no_abort  must find what that mutant breaks
 *   scheduler_sim --seeds 2000 --fairness         holds the queue against equal sharing
 *
 * Prints what was injected and exercised. Exits 1, with the seed, at a violation; with a mutant,
 * if there was none.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "fairness.h"
#include "sim.h"

/* What is broken, and the checkers that are expected to see it. */
static const struct {
    const char *name, *seen_by;
} MUTANT_TABLE[MUTANTS] = {
    [MUTANT_NONE] = {"none", ""},
    [MUTANT_PERMIT_ANY_INSTANCE] = {"permit_any_instance", "once"},
    [MUTANT_NO_PERMIT] = {"no_permit", "once, rule 2"},
    [MUTANT_NO_REREAD] = {"no_reread", "end"},
    [MUTANT_NO_OVERLAP] = {"no_overlap", "end"},
    [MUTANT_CAPS_FORGET] = {"caps_forget", "rule 2"},
    [MUTANT_CANCEL_FREES] = {"cancel_frees", "rule 1, rule 2"},
    [MUTANT_NO_TERMINAL_CHECK] = {"no_terminal_check", "states, posts"},
    [MUTANT_NO_ATTEMPT_CHECK] = {"no_attempt_check", "rule 1, rule 2"},
    [MUTANT_NO_ABORT] = {"no_abort", "rule 1, rule 2"},
    [MUTANT_ASKS_TWICE] = {"asks_twice", "once"},
    [MUTANT_GRANT_UNREBUILT] = {"grant_unrebuilt", "rule 11"},
    [MUTANT_FORGET_TRIES] = {"forget_tries", "rule 6"},
    [MUTANT_NO_BACKOFF] = {"no_backoff", "rule 6"},
    [MUTANT_NEVER_REAP] = {"never_reap", "rule 9"},
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
    "waits by rule 1",
    "calls at the cap",
    "why it waits",
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
    bool is_fairness, is_without_laxity;
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
    case 'q':
        request->is_fairness = true;
        return 0;
    case 'm':
        request->is_without_laxity = strcmp(argument, "no_laxity") == 0;
        if (request->is_without_laxity)
            return 0;
        for (int i = 0; i < MUTANTS; i++) {
            if (strcmp(MUTANT_TABLE[i].name, argument) == 0) {
                request->mutant = (enum mutant)i;
                return 0;
            }
        }
        argp_error(state, "no such mutant: %s", argument);
        return EINVAL;
    case ARGP_KEY_END:
        if (request->is_fairness ? request->mutant != MUTANT_NONE : request->is_without_laxity)
            argp_error(state, "no_laxity is the mutant of --fairness, and of nothing else");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Is it the violation we look for? Any one counts while nothing is broken on purpose. */
static bool is_looked_for(const struct sim *sim, enum mutant mutant)
{
    return mutant == MUTANT_NONE || strstr(MUTANT_TABLE[mutant].seen_by, sim->first_rule) != NULL;
}

/* Runs the seeds up to the first violation that is looked for; true if there is one. */
static bool run_seeds(const struct request *request, uint64_t counts[COUNTS])
{
    for (int64_t seed = request->first; seed < request->first + request->seeds; seed++) {
        SCOPED(sim_free) struct sim *sim = sim_new((uint64_t)seed, request->mutant);
        sim_run(sim);
        check_all(sim);
        for (int i = 0; i < COUNTS; i++)
            counts[i] += sim->counts[i];
        if (sim->violations > 0 && is_looked_for(sim, request->mutant)) {
            printf("seed %ld: %s\n", seed, sim->first_violation);
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    static const struct argp_option OPTIONS[] = {
        {"seeds", 's', "N", 0, "how many histories", 0},
        {"first", 'f', "S", 0, "the first seed", 0},
        {"mutant", 'm', "NAME", 0, "break one clause; success is to see it", 0},
        {"fairness", 'q', NULL, 0, "hold the order of users against equal sharing", 0},
        {0},
    };
    static const struct argp ARGP = {
        .options = OPTIONS,
        .parser = parse,
        .doc = "Simulates a fleet with faults around the scheduler's core.",
    };
    struct request request = {.seeds = 200};
    argp_parse(&ARGP, argc, argv, 0, NULL, &request);
    if (request.is_fairness) {
        bool is_kept = fairness_check(request.first, request.seeds, request.is_without_laxity);
        return is_kept != request.is_without_laxity ? 0 : 1;
    }
    uint64_t counts[COUNTS] = {0};
    bool is_violated = run_seeds(&request, counts);
    for (int i = 0; i < COUNTS; i++)
        printf("%20lu  %s\n", counts[i], COUNT_NAMES[i]);
    if (request.mutant != MUTANT_NONE) {
        printf("mutant %s: %s\n", MUTANT_TABLE[request.mutant].name,
               is_violated ? "caught" : "not seen");
        return is_violated ? 0 : 1;
    }
    printf("%ld seeds from %ld, violations %d\n", request.seeds, request.first, is_violated);
    return is_violated ? 1 : 0;
}
