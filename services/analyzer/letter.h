/* What other threads tell the analyzer's own thread. Whoever takes a letter frees it, with
 * letter_free() of inbox.h. */
#pragma once

#include "core/flow.h"

enum letter_kind { LETTER_PERMIT, LETTER_CANCEL };

struct letter {
    enum letter_kind kind;
    char job_id[FLOW_JOB_SIZE];
    struct flow_permit permit; /* its job_id is the letter's */
};
