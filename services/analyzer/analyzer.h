/* The shell: one thread that takes dispatches, lets the core decide, and performs.
 *
 * It sleeps in the HTTP client's poll; whatever other threads have for it wakes it there.
 */
#pragma once

#include "base/error.h"
#include "base/scoped.h"
#include "endpoints/endpoints.h"
#include "settings.h"

struct analyzer;

/* Starts the thread. Settings, endpoints, topics (may be NULL) and process are lent for
 * its life. */
MUST_USE bool analyzer_open(const struct analyzer_settings *settings,
                            const struct endpoints *endpoints, const struct topic_sets *topics,
                            struct process *process, struct analyzer **analyzer, struct error *why);

/* Drains: takes nothing more, finishes what is permitted, hands back the rest; then it is gone. */
void analyzer_close(struct analyzer **analyzer);
