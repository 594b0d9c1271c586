/* Decisions: what there is to do, and what goes wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/splitmix.h"
#include "sim.h"

/* A decision's number: its kind, where, and about what or when, so that leaving out what happened
 * elsewhere leaves it as it is. */
enum { SITE_BITS = 12, NUMBER_BITS = 32 };

static uint64_t decision_of(enum count kind, uint32_t site, uint32_t number)
{
    CHECK((int)kind < DECISIONS && site < 1u << SITE_BITS);
    return (uint64_t)kind << (SITE_BITS + NUMBER_BITS) | (uint64_t)site << NUMBER_BITS | number;
}

/* Two steps of splitmix64, each from what the one before it gave. */
static uint64_t mix(uint64_t value)
{
    value = splitmix_next(&(uint64_t){value});
    return splitmix_next(&value);
}

static int64_t draw(const struct sim *sim, uint64_t what, int64_t least, int64_t most)
{
    uint64_t mixed = mix(sim->history.seed * UINT64_C(0xd1342543de82ef95) + what);
    return least + (int64_t)(mixed % (uint64_t)(most - least + 1));
}

int sim_by_decision(const void *a, const void *b)
{
    const uint64_t *one = a, *other = b;
    return (*one > *other) - (*one < *other);
}

static bool is_taken(const struct sim *sim, uint64_t decision, uint32_t permille)
{
    const struct history *history = &sim->history;
    /* The chance may differ from one time to the next that the same is decided. */
    if (draw(sim, decision, 0, 999) >= (int64_t)permille)
        return false;
    return !history->only || bsearch(&decision, history->only, history->only_count,
                                     sizeof(decision), sim_by_decision) != NULL;
}

bool sim_decide(struct sim *sim, enum count kind, uint32_t site, uint32_t number, uint32_t permille)
{
    uint64_t decision = decision_of(kind, site, number);
    if (!is_taken(sim, decision, permille))
        return false;
    if (sim->decided_count == sim->decided_capacity) {
        sim->decided_capacity = sim->decided_capacity ? sim->decided_capacity * 2 : 1024;
        sim->decided = reallocarray(sim->decided, sim->decided_capacity, sizeof(decision));
        CHECK(sim->decided);
    }
    sim->decided[sim->decided_count++] = decision;
    sim->last_decision = decision;
    sim->counts[kind]++;
    return true;
}

bool sim_fault(struct sim *sim, enum count kind, uint32_t site, uint32_t about, uint32_t permille)
{
    if (sim->now >= FAULTS_END)
        return false;
    return sim_decide(sim, kind, site, about, permille);
}

uint32_t sim_number_of(const char *job_id)
{
    enum { DIGITS = 4 };
    uint32_t number = 0;
    for (const char *digit = job_id + JOB_ID_SIZE - 1 - DIGITS; *digit; digit++)
        number = number * 10 + (uint32_t)(*digit - '0');
    return number;
}

uint32_t sim_about(const struct attempt_id *id, uint32_t which)
{
    uint32_t job = sim_number_of(id->job_id);
    return ((job * 32 + id->chunk_number % 32) * 64 + id->attempt % 64) * 64 + which % 64;
}

uint32_t sim_about_now(const struct sim *sim)
{
    return (uint32_t)(sim->now / (100 * MS));
}

int64_t sim_severity(const struct sim *sim, int64_t least, int64_t most)
{
    return draw(sim, mix(sim->last_decision), least, most);
}

int64_t sim_usual(const struct sim *sim, uint32_t site, int64_t least, int64_t most)
{
    if (sim->is_without_chance)
        return least;
    return draw(sim, mix((uint64_t)sim->now << SITE_BITS | site), least, most);
}

int64_t sim_trait(const struct sim *sim, enum count kind, uint32_t number, int64_t least,
                  int64_t most)
{
    return draw(sim, ~decision_of(kind, 0, number), least, most);
}

void sim_name_decision(uint64_t decision, char *text, size_t size)
{
    uint32_t kind = (uint32_t)(decision >> (SITE_BITS + NUMBER_BITS));
    uint32_t site = (uint32_t)(decision >> NUMBER_BITS) & ((1u << SITE_BITS) - 1);
    snprintf(text, size, "%s.%u.%u", COUNTERS[kind].name, site, (uint32_t)decision);
}

bool sim_parse_decision(const char *text, uint64_t *decision)
{
    char name[40];
    unsigned site = 0, number = 0;
    if (sscanf(text, "%39[^.].%u.%u", name, &site, &number) != 3 || site >= 1u << SITE_BITS)
        return false;
    for (int kind = 0; kind < DECISIONS; kind++) {
        if (strcmp(COUNTERS[kind].name, name) != 0)
            continue;
        *decision = decision_of((enum count)kind, site, number);
        return true;
    }
    return false;
}
