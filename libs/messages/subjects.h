/* Every subject, stream and consumer of the system, once.
 *
 * bus_provision() makes the streams and consumers of STREAMS; manifests and docs are held against
 * this table by tests. Subjects with a variable part are made by the functions below.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "work.pb-c.h"

#define STREAM_WORK "WORK"
#define STREAM_RESULTS "RESULTS"
#define STREAM_EVENTS "EVENTS"
#define STREAM_TRACE "TRACE"
#define CONSUMER_RESULTS "store"

#define SUBJECT_RESULT "tp.result"
#define SUBJECT_EVENTS_ALL "tp.event.>"
#define SUBJECT_CANCEL_ALL "tp.cancel.*"
#define SUBJECT_CONTROL "tp.control"
#define SUBJECT_TRACE "tp.trace"
#define SUBJECT_TELEMETRY_ALL "tp.telemetry.>"

#define RPC_SCHEDULER_PERMIT "tp.rpc.scheduler.permit"
#define RPC_SCHEDULER_HEARTBEAT "tp.rpc.scheduler.heartbeat"
#define RPC_SCHEDULER_WAITING "tp.rpc.scheduler.waiting"
#define RPC_SCHEDULER_ENDPOINTS "tp.rpc.scheduler.endpoints"

#define RPC_STORE_ALL "tp.rpc.store.*"
#define RPC_STORE_PART "tp.rpc.store.part"
#define RPC_STORE_SUBMIT "tp.rpc.store.submit"
#define RPC_STORE_JOB "tp.rpc.store.job"
#define RPC_STORE_JOBS "tp.rpc.store.jobs"
#define RPC_STORE_RESULTS "tp.rpc.store.results"
#define RPC_STORE_CHUNKS "tp.rpc.store.chunks"
#define RPC_STORE_CANCEL "tp.rpc.store.cancel"
#define RPC_STORE_EVENTS "tp.rpc.store.events"
#define RPC_STORE_AUTHENTICATE "tp.rpc.store.authenticate"
#define RPC_STORE_LEASE "tp.rpc.store.lease"
#define RPC_STORE_BATCH "tp.rpc.store.batch"
#define RPC_STORE_SNAPSHOT "tp.rpc.store.snapshot"
#define RPC_STORE_CHANGED "tp.rpc.store.changed"
#define RPC_STORE_JOB_STATE "tp.rpc.store.job_state"
#define RPC_STORE_HEAL "tp.rpc.store.heal"
#define RPC_STORE_CACHE_FIND "tp.rpc.store.cache_find"
#define RPC_STORE_USAGE "tp.rpc.store.usage"
#define RPC_STORE_AUDIT "tp.rpc.store.audit"
#define RPC_STORE_SET_CONTROL "tp.rpc.store.set_control"
#define RPC_STORE_CONTROLS "tp.rpc.store.controls"

enum { SUBJECT_SIZE = 160 };

/* tp.work.<class>; also the durable consumer of that class on WORK is named after the class. */
void subject_work(Tp__ServiceClass service_class, char subject[SUBJECT_SIZE]);
/* "interactive", "premium", "standard", "background" */
const char *class_name(Tp__ServiceClass service_class);
bool class_parse(const char *name, Tp__ServiceClass *service_class);

/* tp.event.<tenant>.<job>; tp.cancel.<job>; tp.telemetry.<service>.<instance> */
void subject_event(const char *tenant_id, const char *job_id, char subject[SUBJECT_SIZE]);
void subject_cancel(const char *job_id, char subject[SUBJECT_SIZE]);
void subject_telemetry(const char *service, const char *instance, char subject[SUBJECT_SIZE]);

/* May it stand as one token of a subject: 1 to 64 of A-Z a-z 0-9 - _ */
bool subject_token_is_valid(const char *token);

struct stream_consumer {
    const char *name, *filter; /* filter NULL = the whole stream */
};
struct stream {
    const char *name;
    const char *subjects[2]; /* the second may be NULL */
    bool is_work_queue;      /* else limits by age */
    int64_t max_bytes, max_age_s;
    struct stream_consumer consumers[5]; /* ends with a NULL name */
};
extern const struct stream STREAMS[];
extern const size_t STREAM_COUNT;
