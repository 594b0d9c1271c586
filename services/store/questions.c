#include "questions.h"

#include <string.h>

#include "messages/subjects.h"

const struct question QUESTIONS[] = {
    {RPC_STORE_PART, "part", answer_part, false},
    {RPC_STORE_SUBMIT, "submit", answer_submit, false},
    {RPC_STORE_JOB, "job", answer_job, false},
    {RPC_STORE_JOBS, "jobs", answer_jobs, false},
    {RPC_STORE_RESULTS, "results", answer_results, false},
    {RPC_STORE_CANCEL, "cancel", answer_cancel, false},
    {RPC_STORE_EVENTS, "events", answer_events, false},
    {RPC_STORE_AUTHENTICATE, "authenticate", answer_authenticate, false},
    {RPC_STORE_SET_CONTROL, "set_control", answer_set_control, false},
    {RPC_STORE_CONTROLS, "controls", answer_controls, false},
    {RPC_STORE_LEASE, "lease", answer_lease, true},
    {RPC_STORE_BATCH, "batch", answer_batch, true},
    {RPC_STORE_HEAL, "heal", answer_heal, false},
    {RPC_STORE_SNAPSHOT, "snapshot", answer_snapshot, false},
    {RPC_STORE_CHANGED, "changed", answer_changed, false},
    {RPC_STORE_JOB_STATE, "job_state", answer_job_state, false},
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
