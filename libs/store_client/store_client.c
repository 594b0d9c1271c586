#include "store_client/store_client.h"

#include "messages/subjects.h"

/* An answer that cannot be read is the store's fault, not that of whoever asks. */
static bool blame_store(struct error *why)
{
    why->kind = ERROR_INTERNAL;
    return error_prefix(why, "the store's answer");
}

#define DEFINE_QUESTION_(function, subject, Ask, ask, Reply, reply)                                \
    bool function(struct bus *bus, Ask *question, int64_t timeout_ms, const char *trace,           \
                  struct arena *arena, const Reply **answer, struct error *why)                    \
    {                                                                                              \
        question->schema_version = SCHEMA_VERSION;                                                 \
        struct bytes said;                                                                         \
        if (!bus_request(bus, subject, pack_##ask(arena, question), timeout_ms, trace, arena,      \
                         &said, why))                                                              \
            return false;                                                                          \
        return unpack_##reply(arena, said, answer, why) || blame_store(why);                       \
    }
STORE_QUESTIONS(DEFINE_QUESTION_)
