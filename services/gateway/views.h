/* Jobs, events and results as clients see them. Pure: messages in, JSON or CSV out. */
#pragma once

#include <stdbool.h>

#include "base/text.h"
#include "messages/messages.h"

/* Dollars of millionths of them: 12.000345 */
void view_usd(uint64_t micros, struct text *out);

void view_job(const Tp__JobView *job, struct text *out);
/* With its position, what it waits for and when it will be done, as far as the scheduler knows;
 * waiting may be NULL. */
void view_job_waiting(const Tp__JobView *job, const Tp__WaitingReply *waiting, int64_t now_ms,
                      struct text *out);
void view_event(const Tp__JobEvent *event, struct text *out);

/* One line of JSON without its end. */
void view_result(const Tp__ResultRow *row, struct text *out);

/* The columns, and a row of them (RFC 4180). A field that a spreadsheet would take for a formula
 * gets an apostrophe in front. */
void view_csv_head(struct text *out);
void view_csv_row(const Tp__ResultRow *row, struct text *out);
