#include "counts.h"

#include <stdio.h>

const struct counter COUNTERS[COUNTS] = {
    [FAULT_LOST] = {"lost", GROUP_FAULTS, ""},
    [FAULT_LATE] = {"late", GROUP_FAULTS, ""},
    [FAULT_TWICE] = {"twice", GROUP_FAULTS, ""},
    [FAULT_REORDERED] = {"reordered", GROUP_FAULTS, ""},
    [FAULT_COMMIT_UNKNOWN] = {"commit-unknown", GROUP_FAULTS, ""},
    [FAULT_DISPATCH_UNKNOWN] = {"dispatch-unknown", GROUP_FAULTS, ""},
    [FAULT_ACK_LOST] = {"ack-lost", GROUP_FAULTS, ""},
    [FAULT_FORGOTTEN] = {"forgotten", GROUP_FAULTS, ""},
    [FAULT_REPEATED] = {"repeated", GROUP_FAULTS, ""},
    [FAULT_KILLED] = {"killed", GROUP_FAULTS, ""},
    [FAULT_PAUSED] = {"paused", GROUP_FAULTS, ""},
    [FAULT_PARTITIONED] = {"partitioned", GROUP_FAULTS, ""},
    [FAULT_CLOCK_STEP] = {"clock-step", GROUP_FAULTS, ""},
    [FAULT_STORE_AWAY] = {"store-away", GROUP_FAULTS, ""},
    [FAULT_EVENTS_LOST] = {"events-lost", GROUP_FAULTS, ""},
    [FAULT_SLOW] = {"slow", GROUP_FAULTS, ""},
    [FAULT_STREAMS_UPSET] = {"streams-upset", GROUP_FAULTS, ""},
    [FAULT_LLM_HANGS] = {"llm-hangs", GROUP_FAULTS, ""},
    [FAULT_LLM_REFUSES] = {"llm-refuses", GROUP_FAULTS, ""},
    [FAULT_LLM_LEAVES_OUT] = {"llm-leaves-out", GROUP_FAULTS, ""},
    [FAULT_LLM_UNAWARE] = {"llm-unaware-of-death", GROUP_FAULTS, ""},
    [FAULT_ENDPOINT_DOWN] = {"endpoint-down", GROUP_FAULTS, ""},
    [FAULT_POISON] = {"poison-post", GROUP_FAULTS, ""},
    [FAULT_HOPELESS] = {"hopeless-post", GROUP_FAULTS, ""},
    [FAULT_KILLER] = {"killer-post", GROUP_FAULTS, ""},
    [FAULT_HEALED_TWICE] = {"healed-twice", GROUP_FAULTS, ""},
    [FAULT_USAGE_UNKNOWN] = {"usage-unknown", GROUP_FAULTS, ""},
    [COUNT_CUT_OFF] = {"messages cut off", GROUP_FAULTS, ""},
    [WORK_JOB] = {"job", GROUP_WORK, ""},
    [WORK_POST] = {"post", GROUP_WORK, ""},
    [WORK_CANCEL] = {"cancel", GROUP_WORK, ""},
    [WORK_DEADLINE] = {"deadline", GROUP_WORK, ""},
    [WORK_CACHED] = {"cached", GROUP_WORK, ""},
    [WORK_CONTROL] = {"control", GROUP_WORK, ""},
    [WORK_LIMITS] = {"limits", GROUP_WORK, ""},
    [WORK_BURSTS] = {"bursts", GROUP_WORK, ""},
    [WORK_SERVER_LIMITS] = {"servers-limits", GROUP_WORK, ""},
    [WORK_CAPS] = {"caps", GROUP_WORK, ""},
    [WORK_LOWER] = {"lower-limits", GROUP_WORK, ""},
    [WORK_CHANCE] = {"chance", GROUP_WORK, ""},
    [COUNT_CALLS] = {"calls", GROUP_WORK, ""},
    [COUNT_GRANTS] = {"grants", GROUP_WORK, ""},
    [COUNT_RULE_1] = {"chunks that waited for their user's other one", GROUP_RULES, "1"},
    [COUNT_BURST_CALLS] = {"calls beside another one of their user", GROUP_RULES, "1"},
    [COUNT_BURSTS_TAKEN_BACK] = {"grants of bursts taken back", GROUP_RULES, "1"},
    [COUNT_EXCUSED] = {"overlaps that a silent analyzer explains", GROUP_RULES, "1"},
    [COUNT_RULE_2] = {"calls begun as the last that may run", GROUP_RULES, "2"},
    [COUNT_BATCHES] = {"batches of grants held against announced slots", GROUP_RULES, "2"},
    [COUNT_HELD] = {"tenants, users or all held", GROUP_RULES, "3"},
    [COUNT_OTHER_CONTROLS] = {"tenants, users or all drained or weighed", GROUP_RULES, "3"},
    [COUNT_RULE_4] = {"grants of a class while another one waits", GROUP_RULES, "4"},
    [COUNT_FULL_REQUESTS] = {"calls at a limit of requests", GROUP_RULES, "5"},
    [COUNT_FULL_TOKENS] = {"calls at a limit of tokens", GROUP_RULES, "5"},
    [COUNT_FULL_IN_FLIGHT] = {"calls at a limit of calls in flight", GROUP_RULES, "5"},
    [COUNT_FULL_MONEY] = {"calls at a limit of money", GROUP_RULES, "5"},
    [COUNT_FULL_OF_USER] = {"calls at a limit of one user", GROUP_RULES, "5"},
    [COUNT_UNDER_LOWERED] = {"permits under a limit lowered while running", GROUP_RULES, "5"},
    [COUNT_LOWERED_BELOW] = {"limits lowered below what counts already", GROUP_RULES, "5"},
    [COUNT_SERVER_REFUSED] = {"calls beyond a server's own limit", GROUP_RULES, "5"},
    [COUNT_PAUSES] = {"pauses that servers asked for", GROUP_RULES, "5"},
    [COUNT_PAUSES_TAKEN_OVER] = {"pauses that a new leader was told of", GROUP_RULES, "5"},
    [COUNT_LOWERED] = {"learned limits that went down", GROUP_RULES, "5"},
    [COUNT_RAISED] = {"learned limits that went up", GROUP_RULES, "5"},
    [COUNT_BEGUN] = {"limits learned before a refusal", GROUP_RULES, "5"},
    [COUNT_BOOKS] = {"leaders' accounts compared with the calls", GROUP_RULES, "5"},
    [COUNT_SETTLED] = {"calls settled by their usage", GROUP_RULES, "5"},
    [COUNT_SETTLED_AS_BOOKED] = {"calls settled as they were booked", GROUP_RULES, "5"},
    [COUNT_SPENT_BEFORE] = {"earlier spends told to leaders", GROUP_RULES, "5"},
    [COUNT_OPENED] = {"breakers opened for certain", GROUP_RULES, "7"},
    [COUNT_OPEN_TAKEN_OVER] = {"open breakers that a new leader was told of", GROUP_RULES, "7"},
    [COUNT_PROBES] = {"probes after that", GROUP_RULES, "7"},
    [COUNT_DEGRADED] = {"posts embedded for want of an endpoint", GROUP_RULES, "7"},
    [COUNT_HEALINGS] = {"jobs that heal", GROUP_RULES, "7"},
    [COUNT_HEALED] = {"posts healed", GROUP_RULES, "7"},
    [COUNT_NO_BETTER] = {"results that were no better and replaced none", GROUP_RULES, "7"},
    [COUNT_REDUCED] = {"times that all was reduced", GROUP_RULES, "7"},
    [COUNT_POISONED] = {"poison posts isolated", GROUP_RULES, "6"},
    [COUNT_RULE_10] = {"leaders' figures compared with the rows", GROUP_RULES, "10"},
    [COUNT_WAITING] = {"what leaders say that waits compared with the rows", GROUP_RULES, "10"},
    [COUNT_QUEUE_OF_USER] = {"jobs refused by the cap of their user (429)", GROUP_RULES, "10"},
    [COUNT_QUEUE_OF_TENANT] = {"jobs refused by the cap of their tenant (429)", GROUP_RULES, "10"},
    [COUNT_QUEUE_IN_ALL] = {"jobs refused by the cap in all (503)", GROUP_RULES, "10"},
    [COUNT_RETRIES] = {"retries", GROUP_RULES, "6"},
    [COUNT_SPLITS] = {"splits", GROUP_RULES, "6"},
    [COUNT_EMBEDDED] = {"grants to the embedded analysis", GROUP_RULES, "6"},
    [COUNT_CANCELLED] = {"jobs cancelled", GROUP_RULES, "8"},
    [COUNT_EXPIRED] = {"jobs expired", GROUP_RULES, "8"},
    [COUNT_REAPED] = {"attempts reaped", GROUP_RULES, "9"},
    [COUNT_RELEASED] = {"grants released", GROUP_RULES, "9"},
    [COUNT_TAKEOVERS] = {"takeovers", GROUP_RULES, "11"},
    [COUNT_WHY_OWN] = {"told that its user's own chunk runs", GROUP_RULES, "12"},
    [COUNT_WHY_LIMIT] = {"told that a limit is used up", GROUP_RULES, "12"},
    [COUNT_WHY_PAUSE] = {"told that a server wants a pause", GROUP_RULES, "12"},
    [COUNT_WHY_ENDPOINT] = {"told that no endpoint may be called", GROUP_RULES, "12"},
    [COUNT_WHY_REDUCED] = {"told that all is reduced", GROUP_RULES, "12"},
    [COUNT_WHY_ENDPOINT_HELD] = {"told that an endpoint is held", GROUP_RULES, "12"},
    [COUNT_RULE_12] = {"answers to why a job waits", GROUP_RULES, "12"},
};

void counts_print(const uint64_t counts[COUNTS])
{
    static const char *const TITLES[] = {"faults", "work", "rules"};
    for (int group = GROUP_FAULTS; group <= GROUP_RULES; group++) {
        printf("%s\n", TITLES[group]);
        for (int i = 0; i < COUNTS; i++)
            if ((int)COUNTERS[i].group == group)
                printf("%16lu  %2s  %s\n", counts[i], COUNTERS[i].rule, COUNTERS[i].name);
    }
}

bool counts_are_all_seen(const uint64_t counts[COUNTS])
{
    bool are_all = true;
    for (int i = 0; i < COUNTS; i++) {
        if (counts[i] > 0)
            continue;
        printf("never exercised: %s\n", COUNTERS[i].name);
        are_all = false;
    }
    return are_all;
}
