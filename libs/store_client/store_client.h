/* The store's questions, typed: what only the store can answer or do, asked over the broker.
 *
 *   Tp__JobQuery query = TP__JOB_QUERY__INIT; ...
 *   const Tp__JobReply *reply;
 *   if (!store_job(bus, &query, 2000, trace, arena, &reply, &why)) ...
 *
 * Each waits up to timeout_ms. The reply lives in the arena. schema_version is filled in here.
 * Errors are those of bus_request() and those the store answers (see proto/job.proto and
 * proto/grant.proto). Thread-safe as the bus is; the arena is the caller's.
 */
#pragma once

#include "bus/bus.h"
#include "messages/messages.h"

/* X(function, subject, Ask, ask, Reply, reply) */
#define STORE_QUESTIONS(X)                                                                         \
    X(store_part, RPC_STORE_PART, Tp__SubmitPart, submit_part, Tp__SubmitPartReply,                \
      submit_part_reply)                                                                           \
    X(store_submit, RPC_STORE_SUBMIT, Tp__SubmitJob, submit_job, Tp__SubmitJobReply,               \
      submit_job_reply)                                                                            \
    X(store_job, RPC_STORE_JOB, Tp__JobQuery, job_query, Tp__JobReply, job_reply)                  \
    X(store_jobs, RPC_STORE_JOBS, Tp__JobsQuery, jobs_query, Tp__JobsReply, jobs_reply)            \
    X(store_results, RPC_STORE_RESULTS, Tp__ResultsQuery, results_query, Tp__ResultsReply,         \
      results_reply)                                                                               \
    X(store_chunks, RPC_STORE_CHUNKS, Tp__ChunksQuery, chunks_query, Tp__ChunksReply,              \
      chunks_reply)                                                                                \
    X(store_cancel, RPC_STORE_CANCEL, Tp__CancelJob, cancel_job, Tp__JobReply, job_reply)          \
    X(store_events, RPC_STORE_EVENTS, Tp__EventsQuery, events_query, Tp__EventsReply,              \
      events_reply)                                                                                \
    X(store_authenticate, RPC_STORE_AUTHENTICATE, Tp__Authenticate, authenticate,                  \
      Tp__AuthenticateReply, authenticate_reply)                                                   \
    X(store_lease, RPC_STORE_LEASE, Tp__LeaseAsk, lease_ask, Tp__LeaseReply, lease_reply)          \
    X(store_batch, RPC_STORE_BATCH, Tp__Batch, batch, Tp__BatchReply, batch_reply)                 \
    X(store_snapshot, RPC_STORE_SNAPSHOT, Tp__SnapshotAsk, snapshot_ask, Tp__SnapshotReply,        \
      snapshot_reply)                                                                              \
    X(store_changed, RPC_STORE_CHANGED, Tp__ChangedAsk, changed_ask, Tp__ChangedReply,             \
      changed_reply)                                                                               \
    X(store_job_state, RPC_STORE_JOB_STATE, Tp__JobStateAsk, job_state_ask, Tp__JobStateReply,     \
      job_state_reply)                                                                             \
    X(store_cache_find, RPC_STORE_CACHE_FIND, Tp__CacheFind, cache_find, Tp__CacheFound,           \
      cache_found)                                                                                 \
    X(store_usage, RPC_STORE_USAGE, Tp__UsageQuery, usage_query, Tp__UsageReply, usage_reply)      \
    X(store_audit, RPC_STORE_AUDIT, Tp__AuditQuery, audit_query, Tp__AuditReply, audit_reply)      \
    X(store_heal, RPC_STORE_HEAL, Tp__HealAsk, heal_ask, Tp__HealReply, heal_reply)                \
    X(store_set_control, RPC_STORE_SET_CONTROL, Tp__SetControl, set_control, Tp__ControlReply,     \
      control_reply)                                                                               \
    X(store_controls, RPC_STORE_CONTROLS, Tp__ControlsQuery, controls_query, Tp__ControlsReply,    \
      controls_reply)

#define DECLARE_QUESTION_(function, subject, Ask, ask, Reply, reply)                               \
    MUST_USE bool function(struct bus *bus, Ask *question, int64_t timeout_ms, const char *trace,  \
                           struct arena *arena, const Reply **answer, struct error *why);
STORE_QUESTIONS(DECLARE_QUESTION_)
#undef DECLARE_QUESTION_
