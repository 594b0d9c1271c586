/* The scheduler's metrics, all of them. The owner thread's, but for scheduler_metrics_batch(),
 * _refused(), _traced() and _forecast(), which any thread may call. */
#pragma once

#include "core/core.h"

struct scheduler_metrics;

struct scheduler_metrics *scheduler_metrics_new(void);
void scheduler_metrics_free(struct scheduler_metrics **metrics);

/* The core's figures as they are now. */
void scheduler_metrics_set(struct scheduler_metrics *metrics,
                           const struct scheduler_figures *figures);

/* A job got its first permit so long after it was heard of. */
void scheduler_metrics_waited(int64_t waited_ms);

/* The store answered a batch, or did not, after so long. */
void scheduler_metrics_batch(double seconds);

/* A message could not be taken: it was invalid, or the mailbox full. */
void scheduler_metrics_refused(const char *reason);

/* So many steps of the trace were stored, or lost. */
void scheduler_metrics_traced(const char *fate, uint32_t steps);

/* A forecast took so long. */
void scheduler_metrics_forecast(double seconds);

/* A job of which a finish had been told is done: within "p50", "p90" or "later". */
void scheduler_metrics_foretold(const char *within);
