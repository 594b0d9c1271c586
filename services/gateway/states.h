/* The states of a job by the names clients know. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "job.pb-c.h"

/* "queued", "processing", ...; and back. */
const char *state_name(Tp__JobStatus status);
bool state_parse(const char *name, size_t length, Tp__JobStatus *status);
bool state_is_final(Tp__JobStatus status);
