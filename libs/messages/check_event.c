#include "messages/checks.h"

/* A full chunk, an instruction with its schema, and a quarter of that for each post's answer. */
enum {
    ASKED_MAX_BYTES = INSTRUCTION_MAX_BYTES + ANSWER_SCHEMA_MAX_BYTES,
    CALL_MAX_BYTES = CHUNK_MAX_TEXT_BYTES + ASKED_MAX_BYTES + CHUNK_MAX_POSTS * ASKED_MAX_BYTES / 4,
};

bool check_chunk_state(const Tp__ChunkState *chunk, struct error *why)
{
    return check_range("chunk_number", chunk->chunk_number, 0, JOB_MAX_CHUNKS, why) &&
           check_set("status", chunk->status, why) &&
           check_range("open_posts", chunk->open_posts, 0, CHUNK_MAX_POSTS, why) &&
           check_range("text_bytes", chunk->text_bytes, 0, CALL_MAX_BYTES, why);
}

bool check_job_state(const Tp__JobState *job, struct error *why)
{
    if (!check_uuid("job_id", job->job_id, why) || !check_token("tenant_id", job->tenant_id, why) ||
        !check_name("user_id", job->user_id, USER_ID_MAX_BYTES, why) ||
        !check_set("service_class", job->service_class, why) ||
        !check_set("status", job->status, why) ||
        !check_range("chunks", job->n_chunks, 0, JOB_MAX_CHUNKS, why))
        return false;
    for (size_t i = 0; i < job->n_chunks; i++) {
        if (!check_chunk_state(job->chunks[i], why))
            return error_prefix(why, "chunks[%zu]", i);
    }
    return true;
}

bool check_job_event(const Tp__JobEvent *message, struct error *why)
{
    if (!check_range("number", message->number, 1, UINT32_MAX, why) ||
        !check_name("kind", message->kind, NAME_MAX_BYTES, why) ||
        !check_present("job", message->job, why) ||
        !check_present("progress", message->progress, why))
        return false;
    return check_job_state(message->job, why) || error_prefix(why, "job");
}
