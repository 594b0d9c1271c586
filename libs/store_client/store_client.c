#include "store_client/store_client.h"

#include "messages/subjects.h"

#define DEFINE_QUESTION_(function, subject, Ask, ask, Reply, reply)                                \
    bool function(struct bus *bus, Ask *question, int64_t timeout_ms, const char *trace,           \
                  struct arena *arena, const Reply **answer, struct error *why)                    \
    {                                                                                              \
        question->schema_version = SCHEMA_VERSION;                                                 \
        struct bytes said;                                                                         \
        return bus_request(bus, subject, pack_##ask(arena, question), timeout_ms, trace, arena,    \
                           &said, why) &&                                                          \
               unpack_##reply(arena, said, answer, why);                                           \
    }
STORE_QUESTIONS(DEFINE_QUESTION_)
