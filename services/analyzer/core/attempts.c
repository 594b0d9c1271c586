#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "flow_state.h"

bool attempt_key_make(const char *job_id, uint32_t chunk_number, uint32_t attempt,
                      struct attempt_key *key)
{
    *key = (struct attempt_key){.chunk_number = chunk_number, .attempt = attempt};
    size_t length = strlen(job_id);
    if (length >= sizeof key->job_id)
        return false;
    memcpy(key->job_id, job_id, length);
    return true;
}

struct remembered *attempts_find(const struct flow *flow, const struct attempt_key *key)
{
    struct remembered *memory;
    HASH_FIND(hh, flow->memories, key, sizeof *key, memory);
    return memory;
}

void attempts_forget(struct flow *flow, struct remembered *memory)
{
    HASH_DEL(flow->memories, memory);
    free(memory);
}

static void forget_oldest(struct flow *flow)
{
    struct remembered *memory, *next;
    HASH_ITER (hh, flow->memories, memory, next) {
        if (HASH_COUNT(flow->memories) <= flow->config.memory)
            return;
        if (memory->item != NULL)
            continue;
        attempts_forget(flow, memory);
    }
}

struct remembered *attempts_remember(struct flow *flow, const struct attempt_key *key)
{
    struct remembered *memory = calloc(1, sizeof *memory);
    CHECK(memory != NULL);
    memory->key = *key;
    HASH_ADD(hh, flow->memories, key, sizeof memory->key, memory);
    forget_oldest(flow);
    return memory;
}

void attempts_free(struct flow *flow)
{
    struct remembered *memory, *next;
    HASH_ITER (hh, flow->memories, memory, next) {
        free(memory->item);
        attempts_forget(flow, memory);
    }
}
