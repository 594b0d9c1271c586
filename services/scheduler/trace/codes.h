/* How the core's own values are written in a trace: format 1. Each function writes or reads, as the
 * coder does. A field that is added to a struct must be added here, behind the others, and read
 * only from formats that have it; the sizes asserted in events.c, actions.c and start.c remind of
 * it. Reply subjects are left out: no decision hangs on them. */
#pragma once

#include "coder.h"
#include "core/core.h"

enum { TRACE_FORMAT = 1 };

void code_attempt_id(struct coder *coder, struct attempt_id *id);
void code_limits(struct coder *coder, struct limits *limits);

void code_event(struct coder *coder, struct event *event);
void code_actions(struct coder *coder, struct actions *actions);
/* The config, and what outlives a lead. */
void code_start(struct coder *coder, struct scheduler_config *config,
                struct scheduler_start *start);
