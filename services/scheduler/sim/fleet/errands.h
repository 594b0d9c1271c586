/* What a scheduler asks the store: each question is answered once, if only by "no answer". */
#pragma once

#include "sim.h"

/* One of the ACTION_ASK_* or ACTION_RESIGN; copied. */
void errands_ask(struct sim *sim, uint32_t number, const struct action *action);
