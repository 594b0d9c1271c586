/* How often two answers were the same, and between which shares the truth lies: Wilson's interval
 * of 95 %, which stays within 0 and 1 and says something of few posts too. Pure; any thread. */
#pragma once

#include <stdint.h>

#include "base/text.h"
#include "messages/messages.h"

struct interval {
    double low, high;
};

/* Of `agreed` in `posts`; from 0 to 1 if there are none. */
struct interval agreement_interval(uint64_t agreed, uint64_t posts);

/* As JSON: what was compared of one model and version of the prompt. */
void agreement_write(const Tp__AuditLine *line, struct text *out);
