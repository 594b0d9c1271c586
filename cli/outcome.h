/* How a command ends: its exit code, which scripts rely on; --help tells them. */
#pragma once

#include "base/error.h"

enum {
    END_OK = 0,
    END_JOB_FAILED = 1, /* a job ended other than completed, or something failed here */
    END_USAGE = 2,      /* wrong arguments, or input that is refused as it is */
    END_AUTH = 3,
    END_NOT_FOUND = 4,
    END_UNAVAILABLE = 5, /* rate-limited, overloaded, or not reachable */
    END_INTERRUPTED = 130,
};

static inline int end_of_error(const struct error *why)
{
    switch (why->kind) {
    case ERROR_INVALID:
    case ERROR_CONFLICT:
        return END_USAGE;
    case ERROR_DENIED:
        return END_AUTH;
    case ERROR_NOT_FOUND:
        return END_NOT_FOUND;
    case ERROR_BUSY:
    case ERROR_TIMEOUT:
    case ERROR_UNAVAILABLE:
    case ERROR_CLOSED:
        return END_UNAVAILABLE;
    case ERROR_CANCELLED:
        return END_INTERRUPTED;
    case ERROR_INTERNAL:
        return END_JOB_FAILED;
    }
    return END_JOB_FAILED;
}
