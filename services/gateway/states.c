#include "states.h"

#include <string.h>

static const struct {
    Tp__JobStatus status;
    const char *name;
} STATES[] = {
    {TP__JOB_STATUS__QUEUED, "queued"},       {TP__JOB_STATUS__PROCESSING, "processing"},
    {TP__JOB_STATUS__COMPLETED, "completed"}, {TP__JOB_STATUS__FAILED, "failed"},
    {TP__JOB_STATUS__CANCELLED, "cancelled"}, {TP__JOB_STATUS__EXPIRED, "expired"},
};
static const size_t STATE_COUNT = sizeof STATES / sizeof *STATES;

const char *state_name(Tp__JobStatus status)
{
    for (size_t i = 0; i < STATE_COUNT; i++)
        if (STATES[i].status == status)
            return STATES[i].name;
    return "unknown";
}

bool state_parse(const char *name, size_t length, Tp__JobStatus *status)
{
    for (size_t i = 0; i < STATE_COUNT; i++) {
        if (strlen(STATES[i].name) == length && memcmp(STATES[i].name, name, length) == 0) {
            *status = STATES[i].status;
            return true;
        }
    }
    return false;
}

bool state_is_final(Tp__JobStatus status)
{
    return status >= TP__JOB_STATUS__COMPLETED;
}
