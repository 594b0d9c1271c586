/* Events and actions in words, for people who compare them. Pure. */
#pragma once

#include "base/text.h"
#include "core/core.h"

void words_of_event(const struct event *event, struct text *out);
/* One line each, indented. */
void words_of_actions(const struct actions *actions, struct text *out);
