/* Rows to messages: the one place that knows how the SQL functions' answers look.
 *
 * Each reads its columns from where `cells` stands and leaves it behind them; the order is that of
 * the types and functions of the same name in migrations/. All lives in the cells' arena.
 */
#pragma once

#include <stdbool.h>

#include "db.h"
#include "messages/messages.h"

/* What a call has made known to the world, in order: to be published after its commit. */
struct made_events {
    size_t count, capacity;
    const Tp__JobEvent **list;
    const Tp__Control *control; /* set anew; NULL = none */
};
void made_events_add(struct made_events *events, const Tp__JobEvent *event, struct arena *arena);

/* "processing" and TP__JOB_STATUS__PROCESSING. NO_STATUS for what is none. */
Tp__JobStatus status_parse(const char *name);
const char *status_name(Tp__JobStatus status);

/* event_view; NULL if it is null. Durations count from the event's own time. */
Tp__JobEvent *read_event(struct cells *cells);
/* job_state */
Tp__JobState *read_job_state(struct cells *cells, int64_t now_us);
/* control_row() */
Tp__Control *read_control(struct cells *cells);
/* job_row() */
Tp__JobView *read_job_view(struct cells *cells, bool *is_settled);
/* Columns 3 to 20 of batch_lines(); `item` is what was asked for. */
Tp__BatchItemReply *read_batch_line(struct cells *cells, const Tp__BatchItem *item, uint64_t epoch);
