/* What other threads tell the analyzer's own thread. Whoever takes a letter frees it, with
 * letter_free() of inbox.h. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "flow.h"
#include "messages/messages.h"

enum letter_kind { LETTER_PERMIT, LETTER_CANCEL, LETTER_FOUND };

struct letter {
    enum letter_kind kind;
    char job_id[FLOW_JOB_SIZE];
    struct flow_permit permit; /* its job_id is the letter's */
    uint64_t lookup;           /* of FOUND: the number of the question */
    struct arena *arena;
    const Tp__CacheFound *found; /* in the arena; NULL = no answer that can be used */
};
