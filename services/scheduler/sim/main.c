/* scheduler_sim: random histories of a whole fleet around the real core of the scheduler.
 *
 *   scheduler_sim --seeds 2000 --first 0          must find nothing
 *   scheduler_sim --seeds 1000 --mutant no_abort  must find what that mutant breaks
 *   scheduler_sim --seeds 2000 --fairness         holds the queue against equal sharing
 *   scheduler_sim --seeds 100 --shares            classes and tenants by weight
 *   scheduler_sim --first 7 --only LIST           tells one history, with only those decisions
 *
 * Prints how often each fault was injected and each rule exercised. Exits 1 at a violation, shrunk
 * to a short history, and if something was never exercised in 1,000 seeds or more; with a mutant,
 * if there was no violation. --seeds 0 means as many as TP_SIM_SEEDS says.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/number.h"
#include "runs.h"
#include "shrink.h"
#include "sim/checks/checkers.h"
#include "sim/sharing/fairness.h"
#include "sim/sharing/shares.h"

/* From so many on, what was never exercised will never be. */
enum { SEEDS_THAT_EXERCISE_ALL = 1000, MOST_ONLY = 4096 };

/* What is broken, and the checkers that are expected to see it. */
static const struct {
    const char *name, *seen_by;
} MUTANT_TABLE[MUTANTS] = {
    [MUTANT_NONE] = {"none", ""},
    [MUTANT_PERMIT_ANY_INSTANCE] = {"permit_any_instance", "once"},
    [MUTANT_NO_PERMIT] = {"no_permit", "once, rule 2"},
    [MUTANT_NO_REREAD] = {"no_reread", "end, rule 12"},
    [MUTANT_NO_OVERLAP] = {"no_overlap", "end, rule 12"},
    [MUTANT_CAPS_FORGET] = {"caps_forget", "rule 2"},
    [MUTANT_CANCEL_FREES] = {"cancel_frees", "rule 1, rule 2"},
    [MUTANT_NO_TERMINAL_CHECK] = {"no_terminal_check", "states, posts"},
    [MUTANT_NO_ATTEMPT_CHECK] = {"no_attempt_check", "rule 1, rule 2"},
    [MUTANT_NO_ABORT] = {"no_abort", "rule 1, rule 2"},
    [MUTANT_ASKS_TWICE] = {"asks_twice", "once"},
    [MUTANT_GRANT_UNREBUILT] = {"grant_unrebuilt", "rule 11"},
    [MUTANT_FORGET_TRIES] = {"forget_tries", "rule 6"},
    [MUTANT_NO_BACKOFF] = {"no_backoff", "rule 6"},
    [MUTANT_WINDOWS_FORGET] = {"windows_forget", "rule 5"},
    [MUTANT_PAUSES_FORGET] = {"pauses_forget", "servers"},
    [MUTANT_PROBES_FORGET] = {"probes_forget", "rule 7"},
    [MUTANT_BREAKER_NEVER_OPEN] = {"breaker_never_open", "rule 7"},
    [MUTANT_HEALS_NOTHING] = {"heals_nothing", "end"},
    [MUTANT_BELIEVES_SILENT] = {"believes_silent", "rule 2, rule 12"},
    [MUTANT_WINDOW_TOO_SHORT] = {"window_too_short", "rule 5"},
    [MUTANT_NEVER_SETTLES] = {"never_settles", "booked"},
    [MUTANT_DEAF_TO_SERVERS] = {"deaf_to_servers", "servers"},
    [MUTANT_TWO_PROBES] = {"two_probes", "rule 7"},
    [MUTANT_CLASSES_ALIKE] = {"classes_alike", "rule 4"},
    [MUTANT_CLASSES_STRICT] = {"classes_strict", "rule 4"},
    [MUTANT_CAPS_IGNORED] = {"caps_ignored", "rule 10"},
    [MUTANT_CAPS_NEVER_FREED] = {"caps_never_freed", "rule 10"},
    [MUTANT_DEAF_TO_LIMITS] = {"deaf_to_limits", "rule 5"},
    [MUTANT_INVENTS_REASONS] = {"invents_reasons", "rule 12"},
    [MUTANT_KEEPS_REASONS] = {"keeps_reasons", "rule 12"},
    [MUTANT_HEALS_REPLACE_EQUAL] = {"heals_replace_equal", "rule 7"},
    [MUTANT_NEVER_REAP] = {"never_reap", "rule 9"},
};

static const char *const SHARES_MUTANTS[] = {[SHARES_AS_THEY_ARE] = "none",
                                             [SHARES_NOT_SETTLED] = "not_settled",
                                             [SHARES_TENANTS_ALIKE] = "tenants_alike",
                                             [SHARES_CLASSES_ALIKE] = "classes_alike"};

enum what { WHAT_FLEET, WHAT_FAIRNESS, WHAT_SHARES };

struct request {
    struct runs runs;
    enum what what;
    const char *mutant; /* its name */
    enum shares_mutant shares_mutant;
    bool has_only, is_plain;
    uint64_t only[MOST_ONLY];
    size_t only_count;
};

static int64_t seeds_of(struct argp_state *state, const char *argument)
{
    int64_t seeds = 0;
    const char *setting = getenv("TP_SIM_SEEDS");
    if (number_parse_int(argument, &seeds) && seeds == 0 && setting)
        argument = setting;
    if (!number_parse_int(argument, &seeds) || seeds < 0)
        argp_error(state, "not a number of seeds: %s", argument);
    return seeds > 0 ? seeds : 10000;
}

static void parse_only(struct request *request, struct argp_state *state, char *list)
{
    request->has_only = true;
    for (char *rest = list, *name; (name = strsep(&rest, ",")) && name[0];) {
        if (request->only_count == MOST_ONLY ||
            !sim_parse_decision(name, &request->only[request->only_count]))
            argp_error(state, "not a decision: %s", name);
        request->only_count++;
    }
    qsort(request->only, request->only_count, sizeof(request->only[0]), sim_by_decision);
}

/* The mutant is one of what is to be done; which that is, is known at the end of the arguments. */
static void parse_mutant(struct request *request, struct argp_state *state)
{
    const char *name = request->mutant;
    if (strcmp(name, "none") == 0) {
        request->mutant = NULL;
        return;
    }
    bool is_known = request->what == WHAT_FAIRNESS && strcmp(name, "no_laxity") == 0;
    for (int i = 0; request->what == WHAT_FLEET && i < MUTANTS; i++) {
        if (strcmp(MUTANT_TABLE[i].name, name) != 0)
            continue;
        request->runs.mutant = (enum mutant)i;
        request->runs.seen_by = MUTANT_TABLE[i].seen_by;
        is_known = true;
    }
    for (int i = 0; request->what == WHAT_SHARES && i <= SHARES_CLASSES_ALIKE; i++) {
        if (strcmp(SHARES_MUTANTS[i], name) != 0)
            continue;
        request->shares_mutant = (enum shares_mutant)i;
        is_known = true;
    }
    if (!is_known)
        argp_error(state, "no such mutant of what is to be done: %s", name);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case 's':
        request->runs.seeds = seeds_of(state, argument);
        return 0;
    case 'f':
        if (!number_parse_int(argument, &request->runs.first) || request->runs.first < 0)
            argp_error(state, "--first wants a number");
        return 0;
    case 'j':
        if (!number_parse_int(argument, &request->runs.jobs) || request->runs.jobs < 1 ||
            request->runs.jobs > MOST_JOBS)
            argp_error(state, "--jobs wants a number from 1 to %d", MOST_JOBS);
        return 0;
    case 'o':
        parse_only(request, state, argument);
        return 0;
    case 'p':
        request->is_plain = true;
        return 0;
    case 'q':
        request->what = WHAT_FAIRNESS;
        return 0;
    case 'm':
        request->mutant = argument;
        return 0;
    case 'w':
        request->what = WHAT_SHARES;
        return 0;
    case ARGP_KEY_END:
        if (request->mutant)
            parse_mutant(request, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* One history, told as it happens. */
static int tell(const struct request *request)
{
    struct history history = {.seed = (uint64_t)request->runs.first,
                              .mutant = request->runs.mutant,
                              .only = request->only,
                              .only_count = request->only_count,
                              .is_told = true};
    SCOPED(arena_close) struct arena *ground = arena_open(SIM_GROUND_BYTES);
    SCOPED(sim_free) struct sim *sim = sim_new(&history, &CHECKERS, ground);
    sim_run(sim);
    printf("violations: %u\n", sim->violations);
    return sim->violations > 0 ? 1 : 0;
}

static void report_failure(const struct request *request, const struct outcome_of_runs *found)
{
    const struct runs *runs = &request->runs;
    printf("seed %ld: %s\n", found->failing_seed, found->violation);
    if (request->is_plain)
        return;
    struct history failing = {.seed = (uint64_t)found->failing_seed, .mutant = runs->mutant};
    shrink_and_tell(&failing, found->rule,
                    runs->mutant == MUTANT_NONE ? "" : MUTANT_TABLE[runs->mutant].name);
}

static int run(const struct request *request)
{
    const struct runs *runs = &request->runs;
    struct outcome_of_runs found;
    runs_perform(runs, &found);
    if (found.has_failed)
        report_failure(request, &found);
    if (runs->mutant != MUTANT_NONE) {
        printf("mutant %s: %s\n", MUTANT_TABLE[runs->mutant].name,
               found.has_failed ? "caught" : "not seen");
        return found.has_failed ? 0 : 1;
    }
    counts_print(found.counts);
    printf("%ld seeds from %ld, violations %d\n", runs->seeds, runs->first, found.has_failed);
    bool is_exercised = found.has_failed || runs->seeds < SEEDS_THAT_EXERCISE_ALL ||
                        counts_are_all_seen(found.counts);
    return found.has_failed || !is_exercised ? 1 : 0;
}

int main(int argc, char **argv)
{
    static const struct argp_option OPTIONS[] = {
        {"seeds", 's', "N", 0, "how many histories; 0: as TP_SIM_SEEDS says, or 10000", 0},
        {"first", 'f', "S", 0, "the first seed", 0},
        {"jobs", 'j', "N", 0, "in so many processes", 0},
        {"mutant", 'm', "NAME", 0, "break one clause; success is to see it", 0},
        {"only", 'o', "LIST", 0, "tell the first seed's history, with only these decisions", 0},
        {"plain", 'p', NULL, 0, "do not make a failing history short", 0},
        {"shares", 'w', NULL, 0, "hold the shares of classes and tenants against weights", 0},
        {"fairness", 'q', NULL, 0, "hold the order of users against equal sharing", 0},
        {0},
    };
    static const struct argp ARGP = {
        .options = OPTIONS,
        .parser = parse,
        .doc = "Simulates a fleet with faults around the scheduler's core.",
    };
    static struct request request = {.runs = {.seeds = 200, .jobs = 1, .seen_by = ""}};
    argp_parse(&ARGP, argc, argv, 0, NULL, &request);
    int64_t first = request.runs.first, seeds = request.runs.seeds;
    bool is_broken = request.mutant != NULL;
    switch (request.what) {
    case WHAT_FLEET:
        return request.has_only ? tell(&request) : run(&request);
    case WHAT_FAIRNESS:
        return fairness_check(first, seeds, is_broken) != is_broken ? 0 : 1;
    case WHAT_SHARES:
        return shares_check(first, seeds, request.shares_mutant) != is_broken ? 0 : 1;
    }
    CHECK_UNREACHABLE();
}
