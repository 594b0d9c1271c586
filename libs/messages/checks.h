/* What must hold of each message that travels, beyond what wire.h looks at.
 *
 * check_<message>() is asked after unpacking; the others are the rules that messages share. Each
 * answers true, or false with ERROR_INVALID naming the field. Pure.
 */
#pragma once

#include "messages/messages.h"

enum {
    TOKEN_MAX_BYTES = 64,
    NAME_MAX_BYTES = 200,  /* models, keys, instances, words */
    LINE_MAX_BYTES = 1000, /* one line for people */
    RESULT_MAX_BYTES = 256 * 1024,
    JOB_MAX_CHUNKS = 2 * JOB_MAX_POSTS, /* a chunk per post, each from a split */
    HASH_MAX_BYTES = 64,
    LEASE_MAX_MS = 3600 * 1000,
    JOBS_MAX_LIMIT = 200,
    RESULTS_MAX_LIMIT = 1000,
    EVENTS_MAX_LIMIT = 500,
    USAGE_MAX_LIMIT = 1000,
    CHUNKS_MAX_LIMIT = 1000,
    AUDIT_MAX_LINES = 200,
    ENDPOINT_MAX_BYTES = 32,
    DAY_MS = 24 * 3600 * 1000,
};
/* So that sums of money cannot overflow; in millionths of a dollar. */
#define CALL_MAX_MICROS (UINT64_C(1000000) * 1000000)
#define DAY_MAX_MICROS (UINT64_C(1000) * CALL_MAX_MICROS)
#define MINUTE_MAX_TOKENS (UINT64_C(1000000) * 1000000)

#define DECLARE_CHECK_(name, Type, lower)                                                          \
    MUST_USE bool check_##name(const Type *message, struct error *why);
TRAVELLING_MESSAGES(DECLARE_CHECK_)
#undef DECLARE_CHECK_

MUST_USE bool check_version(uint32_t version, struct error *why);

/* An enum that may not be its zero value. */
MUST_USE bool check_set(const char *field, uint32_t value, struct error *why);
MUST_USE bool check_range(const char *field, uint64_t value, uint64_t least, uint64_t most,
                          struct error *why);
/* A part that may not be missing. */
MUST_USE bool check_present(const char *field, const void *part, struct error *why);

MUST_USE bool check_uuid(const char *field, const char *text, struct error *why);
MUST_USE bool check_uuid_or_empty(const char *field, const char *text, struct error *why);
MUST_USE bool check_token(const char *field, const char *text, struct error *why);
/* 1 to max_bytes without control characters; or empty as well. */
MUST_USE bool check_name(const char *field, const char *text, size_t max_bytes, struct error *why);
MUST_USE bool check_name_or_empty(const char *field, const char *text, size_t max_bytes,
                                  struct error *why);
/* At most max_bytes of any text. */
MUST_USE bool check_length(const char *field, const char *text, size_t max_bytes,
                           struct error *why);
/* Bytes that are a text of 1 to max_bytes. */
MUST_USE bool check_text_bytes(const char *field, ProtobufCBinaryData text, size_t max_bytes,
                               struct error *why);
MUST_USE bool check_tasks(size_t count, const char *const *tasks, struct error *why);
/* The user's own instruction with the schema of its answers: both, or neither. */
MUST_USE bool check_instruction(const char *instruction, ProtobufCBinaryData schema_json,
                                struct error *why);
MUST_USE bool check_place(const char *job_id, uint32_t chunk_number, struct error *why);
MUST_USE bool check_attempt(uint32_t attempt, struct error *why);

/* Parts of several conversations. */
MUST_USE bool check_posts(size_t count, Tp__Post *const *posts, size_t max_count,
                          struct error *why);
/* CACHE_KEY_BYTES of anything. */
MUST_USE bool check_cache_key(ProtobufCBinaryData key, struct error *why);
MUST_USE bool check_result(const Tp__PostResult *result, struct error *why);
MUST_USE bool check_chunk_state(const Tp__ChunkState *chunk, struct error *why);
MUST_USE bool check_control(const Tp__Control *control, struct error *why);
MUST_USE bool check_controls(size_t count, Tp__Control *const *controls, struct error *why);
/* The name of an endpoint: a token of at most 32. */
MUST_USE bool check_endpoint_or_empty(const char *field, const char *text, struct error *why);
MUST_USE bool check_job_state(const Tp__JobState *job, struct error *why);
