/* What all of a history's calls come to, when all has been heard. */
#pragma once

#include "history.h"

/* When it began and ended: first of all. */
void sums_span(struct history *history);
/* What was called, what it cost and how long it took: by the setting's endpoints. */
void sums_calls(struct history *history);
