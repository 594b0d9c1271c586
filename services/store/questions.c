#include "questions.h"

#include <string.h>

#include "messages/subjects.h"

const struct question QUESTIONS[] = {
    {RPC_STORE_PART, "part", answer_part, PILE_OTHERS},
    {RPC_STORE_SUBMIT, "submit", answer_submit, PILE_OTHERS},
    {RPC_STORE_JOB, "job", answer_job, PILE_OTHERS},
    {RPC_STORE_JOBS, "jobs", answer_jobs, PILE_OTHERS},
    {RPC_STORE_RESULTS, "results", answer_results, PILE_OTHERS},
    {RPC_STORE_CANCEL, "cancel", answer_cancel, PILE_OTHERS},
    {RPC_STORE_EVENTS, "events", answer_events, PILE_OTHERS},
    {RPC_STORE_AUTHENTICATE, "authenticate", answer_authenticate, PILE_OTHERS},
    {RPC_STORE_CHUNKS, "chunks", answer_chunks, PILE_OTHERS},
    {RPC_STORE_USAGE, "usage", answer_usage, PILE_OTHERS},
    {RPC_STORE_AUDIT, "audit", answer_audit, PILE_OTHERS},
    {RPC_STORE_SET_CONTROL, "set_control", answer_set_control, PILE_OTHERS},
    {RPC_STORE_CONTROLS, "controls", answer_controls, PILE_OTHERS},
    {RPC_STORE_CACHE_FIND, "cache_find", answer_cache_find, PILE_REDIS},
    {RPC_STORE_LEASE, "lease", answer_lease, PILE_LEADERS},
    {RPC_STORE_BATCH, "batch", answer_batch, PILE_LEADERS},
    {RPC_STORE_HEAL, "heal", answer_heal, PILE_OTHERS},
    {RPC_STORE_SNAPSHOT, "snapshot", answer_snapshot, PILE_OTHERS},
    {RPC_STORE_CHANGED, "changed", answer_changed, PILE_OTHERS},
    {RPC_STORE_JOB_STATE, "job_state", answer_job_state, PILE_OTHERS},
};
const size_t QUESTION_COUNT = sizeof QUESTIONS / sizeof QUESTIONS[0];

const struct question *question_find(const char *subject)
{
    for (size_t i = 0; i < QUESTION_COUNT; i++) {
        if (strcmp(subject, QUESTIONS[i].subject) == 0)
            return &QUESTIONS[i];
    }
    return NULL;
}
