/* What a setting may be, in words: shared by faults and descriptions, private to the library. */
#pragma once

#include <stdbool.h>

#include "base/text.h"
#include "settings/settings.h"

bool setting_has_range(const struct setting *row);

/* "a whole number of ms from 1 to 60000" */
void setting_add_expectation(const struct setting *row, struct text *out);
