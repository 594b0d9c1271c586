/* What a record of a trace is; seen by its writer and its readers only. */
#pragma once

#include "core/core.h"

enum trace_mark { MARK_START, MARK_STEP };
#define TRACE_MARKS 2

/* Of a chapter's first step: but for what an earlier lead leaves behind. In *room, which grows. */
struct actions trace_first_actions(const struct actions *actions, struct action **room,
                                   size_t *capacity);
