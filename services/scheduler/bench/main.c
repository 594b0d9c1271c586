/* scheduler_bench: what a decision of the scheduler's core costs, by how many users wait.
 *
 *   scheduler_bench                 1,000 to 1,000,000 users, two orders, one tenant and 100: JSON
 *   scheduler_bench --users 1000000 --decisions 200000
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"
#include "load.h"

struct request {
    int64_t users, decisions;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case 'u':
        if (!number_parse_int(argument, &request->users) || request->users < 1)
            argp_error(state, "--users: must be 1 or more");
        return 0;
    case 'd':
        if (!number_parse_int(argument, &request->decisions) || request->decisions < 1)
            argp_error(state, "--decisions: must be 1 or more");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void measure(enum fairness fairness, const char *name, uint32_t users, uint32_t tenants,
                    uint32_t decisions, bool is_last)
{
    struct load load = {.fairness = fairness, .users = users, .tenants = tenants, .chunks = 1};
    double bytes_per_job = load_run(&load).bytes_per_job;
    /* Half of what waits is left, so that users are many to the end. */
    load.decisions = decisions;
    load.chunks = (2 * decisions + users - 1) / users;
    struct load_result result = load_run(&load);
    printf("  {\"fairness\": \"%s\", \"users\": %u, \"tenants\": %u, \"chunks_per_user\": %u,"
           " \"decisions\": %lu, \"decisions_per_s\": %.0f, \"ns_per_decision\": %.0f,"
           " \"actions_per_s\": %.0f, \"ns_per_job_that_comes\": %.0f, \"bytes_per_job\": %.0f,"
           " \"users_served\": %lu, \"chunks_of_a_tenant\": [%lu, %lu]}%s\n",
           name, users, tenants, load.chunks, result.decisions,
           (double)result.decisions / result.seconds,
           result.seconds * 1e9 / (double)result.decisions, (double)result.actions / result.seconds,
           result.fill_ns, bytes_per_job, result.users_served, result.least_of, result.most_of,
           is_last ? "" : ",");
    fflush(stdout);
}

int main(int argc, char *argv[])
{
    static const struct argp_option OPTIONS[] = {
        {"users", 'u', "N", 0, "measure with so many users alone", 0},
        {"decisions", 'd', "N", 0, "for each figure (200000)", 0},
        {0},
    };
    static const struct argp ARGP = {
        OPTIONS, parse, NULL, "scheduler_bench -- what a decision costs", NULL, NULL, NULL};
    static const uint32_t USERS[] = {1000, 10000, 100000, 1000000};
    struct request request = {.decisions = 200000};
    argp_parse(&ARGP, argc, argv, 0, NULL, &request);
    puts("[");
    for (size_t i = 0; i < 4; i++) {
        uint32_t users = request.users ? (uint32_t)request.users : USERS[i];
        bool is_last = request.users || i == 3;
        uint32_t decisions = (uint32_t)request.decisions;
        measure(FAIRNESS_SOJOURN, "fair_sojourn", users, 1, decisions, false);
        measure(FAIRNESS_SOJOURN, "fair_sojourn", users, 100, decisions, false);
        measure(FAIRNESS_ROUND_ROBIN, "round_robin", users, 1, decisions, false);
        measure(FAIRNESS_ROUND_ROBIN, "round_robin", users, 100, decisions, is_last);
        if (is_last)
            break;
    }
    puts("]");
    return EXIT_SUCCESS;
}
