/* Why a job waits and when it will be done, as clients see it (rule 12).
 *
 * A reply of the scheduler in, members of a JSON object out; and what of a new reply is worth
 * telling those who follow the job. `now_ms` is wall time. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "messages/messages.h"

/* ,"position":2,"waiting":{...},"eta_seconds":40,"eta":{...}: members after others; nothing if the
 * reply is NULL or says that nothing of the job waits or is known. */
void waiting_add(const Tp__WaitingReply *waiting, int64_t now_ms, struct text *out);

/* {"job_id":...,"event":"waiting",...}: what followers hear. It has no number, for it is no part of
 * the job's history. False: there is nothing to tell. */
bool waiting_event(const char *job_id, Tp__JobStatus status, const Tp__WaitingReply *waiting,
                   int64_t now_ms, struct text *out);

/* When it is worth asking after the job again. */
int waiting_retry_after_s(const Tp__WaitingReply *waiting);

/* What was told last; zero = nothing yet. */
struct waiting_told {
    Tp__WaitingReason reason;
    Tp__ControlScope scope;
    Tp__LimitKind limit;
    uint32_t position;
    int64_t finish_ms; /* P50, wall time; 0 = not known */
};
struct waiting_told waiting_told_of(const Tp__WaitingReply *waiting, int64_t now_ms);

/* Forecasts waver: one that moved by less than a tenth of what is left, or two seconds, is none. */
bool waiting_is_news(const struct waiting_told *last, const struct waiting_told *next,
                     int64_t now_ms);
