/* Messages in and out, checked.
 *
 * unpack_*(): bytes to a message in `arena` (whose cap bounds what a hostile message may unpack
 * to), then checked: schema version, required ids, enums in range, texts valid UTF-8 without NUL,
 * numbers finite and in bounds, list lengths. What comes out can be relied on: parts are there but
 * for a batch item's dispatch, unless granted, and its chunk, if gone. Fields of later versions are
 * passed over. ERROR_INVALID says what is wrong with which field. Strings are const.
 * pack_*(): a message to bytes in `arena`.
 * One pair for each message that travels alone; they are declared by the table below.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "audit.pb-c.h"
#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "cache.pb-c.h"
#include "control.pb-c.h"
#include "event.pb-c.h"
#include "grant.pb-c.h"
#include "job.pb-c.h"
#include "permit.pb-c.h"
#include "telemetry.pb-c.h"
#include "trace.pb-c.h"
#include "usage.pb-c.h"
#include "waiting.pb-c.h"
#include "work.pb-c.h"

enum { SCHEMA_VERSION = 1, MESSAGE_MAX_BYTES = 1000 * 1000, UNPACK_CAP_BYTES = 16 << 20 };

/* Limits that every message keeps, wherever it comes from. */
enum {
    CHUNK_MAX_POSTS = 100,
    CHUNK_MAX_TEXT_BYTES = 256 * 1024,
    POST_MAX_TEXT_BYTES = 32 * 1024,
    POST_ID_MAX_BYTES = 100,
    USER_ID_MAX_BYTES = 200,
    TASKS_MAX = 10,
    INSTRUCTION_MAX_BYTES = 2000,
    ANSWER_SCHEMA_MAX_BYTES = 8 * 1024,
    JOB_MAX_POSTS = 10000,
    BATCH_MAX_ITEMS = 256,
    CACHE_KEY_BYTES = 32,
    CLAIMANT_HEARD_MS = 5000, /* so long after its last claim or sign of life; see cache.proto */
};

/* X(name, Type, lower): unpack_dispatch(), pack_dispatch(), ... */
#define TRAVELLING_MESSAGES(X)                                                                     \
    X(dispatch, Tp__Dispatch, tp__dispatch)                                                        \
    X(outcome, Tp__Outcome, tp__outcome)                                                           \
    X(permit_ask, Tp__PermitAsk, tp__permit_ask)                                                   \
    X(permit_answer, Tp__PermitAnswer, tp__permit_answer)                                          \
    X(heartbeat, Tp__Heartbeat, tp__heartbeat)                                                     \
    X(waiting_ask, Tp__WaitingAsk, tp__waiting_ask)                                                \
    X(waiting_reply, Tp__WaitingReply, tp__waiting_reply)                                          \
    X(job_event, Tp__JobEvent, tp__job_event)                                                      \
    X(submit_part, Tp__SubmitPart, tp__submit_part)                                                \
    X(submit_part_reply, Tp__SubmitPartReply, tp__submit_part_reply)                               \
    X(submit_job, Tp__SubmitJob, tp__submit_job)                                                   \
    X(submit_job_reply, Tp__SubmitJobReply, tp__submit_job_reply)                                  \
    X(job_query, Tp__JobQuery, tp__job_query)                                                      \
    X(job_reply, Tp__JobReply, tp__job_reply)                                                      \
    X(jobs_query, Tp__JobsQuery, tp__jobs_query)                                                   \
    X(jobs_reply, Tp__JobsReply, tp__jobs_reply)                                                   \
    X(results_query, Tp__ResultsQuery, tp__results_query)                                          \
    X(results_reply, Tp__ResultsReply, tp__results_reply)                                          \
    X(chunks_query, Tp__ChunksQuery, tp__chunks_query)                                             \
    X(chunks_reply, Tp__ChunksReply, tp__chunks_reply)                                             \
    X(cancel_job, Tp__CancelJob, tp__cancel_job)                                                   \
    X(events_query, Tp__EventsQuery, tp__events_query)                                             \
    X(events_reply, Tp__EventsReply, tp__events_reply)                                             \
    X(authenticate, Tp__Authenticate, tp__authenticate)                                            \
    X(authenticate_reply, Tp__AuthenticateReply, tp__authenticate_reply)                           \
    X(lease_ask, Tp__LeaseAsk, tp__lease_ask)                                                      \
    X(lease_reply, Tp__LeaseReply, tp__lease_reply)                                                \
    X(batch, Tp__Batch, tp__batch)                                                                 \
    X(batch_reply, Tp__BatchReply, tp__batch_reply)                                                \
    X(snapshot_ask, Tp__SnapshotAsk, tp__snapshot_ask)                                             \
    X(snapshot_reply, Tp__SnapshotReply, tp__snapshot_reply)                                       \
    X(changed_ask, Tp__ChangedAsk, tp__changed_ask)                                                \
    X(changed_reply, Tp__ChangedReply, tp__changed_reply)                                          \
    X(job_state_ask, Tp__JobStateAsk, tp__job_state_ask)                                           \
    X(job_state_reply, Tp__JobStateReply, tp__job_state_reply)                                     \
    X(heal_ask, Tp__HealAsk, tp__heal_ask)                                                         \
    X(heal_reply, Tp__HealReply, tp__heal_reply)                                                   \
    X(set_control, Tp__SetControl, tp__set_control)                                                \
    X(control_reply, Tp__ControlReply, tp__control_reply)                                          \
    X(control_changed, Tp__ControlChanged, tp__control_changed)                                    \
    X(controls_query, Tp__ControlsQuery, tp__controls_query)                                       \
    X(controls_reply, Tp__ControlsReply, tp__controls_reply)                                       \
    X(cache_find, Tp__CacheFind, tp__cache_find)                                                   \
    X(cache_found, Tp__CacheFound, tp__cache_found)                                                \
    X(usage_query, Tp__UsageQuery, tp__usage_query)                                                \
    X(usage_reply, Tp__UsageReply, tp__usage_reply)                                                \
    X(audit_query, Tp__AuditQuery, tp__audit_query)                                                \
    X(audit_reply, Tp__AuditReply, tp__audit_reply)                                                \
    X(telemetry, Tp__Telemetry, tp__telemetry)                                                     \
    X(trace_batch, Tp__TraceBatch, tp__trace_batch)

#define DECLARE_MESSAGE_(name, Type, lower)                                                        \
    MUST_USE bool unpack_##name(struct arena *arena, struct bytes bytes, const Type **message,     \
                                struct error *why);                                                \
    struct bytes pack_##name(struct arena *arena, const Type *message);
TRAVELLING_MESSAGES(DECLARE_MESSAGE_)
#undef DECLARE_MESSAGE_
