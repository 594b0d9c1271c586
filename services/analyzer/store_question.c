#include "store_question.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/check.h"
#include "messages/subjects.h"
#include "shell.h"

enum { FAREWELL_MS = 50 };

enum stage { QUESTION_NONE, QUESTION_UNDER_WAY, QUESTION_ANSWERED };

struct store_question {
    struct analyzer *analyzer;
    pthread_mutex_t lock; /* a leaf; of all that follows */
    pthread_cond_t returned;
    int callers; /* of hear_answer(), now or later: until then nobody frees this */
    enum stage stage;
    struct arena *arena;         /* the answer's */
    const Tp__CacheFound *found; /* in it; NULL = no answer that can be used */
};

static void lock(struct store_question *question)
{
    CHECK(pthread_mutex_lock(&question->lock) == 0);
}

static void unlock(struct store_question *question)
{
    CHECK(pthread_mutex_unlock(&question->lock) == 0);
}

struct store_question *store_question_new(struct analyzer *analyzer)
{
    struct store_question *question = calloc(1, sizeof *question);
    CHECK(question != NULL);
    question->analyzer = analyzer;
    CHECK(pthread_mutex_init(&question->lock, NULL) == 0);
    CHECK(pthread_cond_init(&question->returned, NULL) == 0);
    return question;
}

static void wait_returned(struct store_question *question)
{
    lock(question);
    while (question->callers > 0)
        CHECK(pthread_cond_wait(&question->returned, &question->lock) == 0);
    unlock(question);
}

void store_question_free(struct store_question **question_)
{
    struct store_question *question = *question_;
    *question_ = NULL;
    if (question == NULL)
        return;
    wait_returned(question);
    arena_close(&question->arena);
    pthread_cond_destroy(&question->returned);
    pthread_mutex_destroy(&question->lock);
    free(question);
}

/* Chunks handed back shall not wait until we are heard no more. */
void store_question_take_leave(struct store_question *question)
{
    struct analyzer *analyzer = question->analyzer;
    wait_returned(question);
    SCOPED(arena_close) struct arena *arena = arena_open(UNPACK_CAP_BYTES);
    Tp__CacheFind find = TP__CACHE_FIND__INIT;
    find.schema_version = SCHEMA_VERSION;
    find.claimant = analyzer->instance_id;
    struct bytes reply;
    struct error why;
    bool is_heard = bus_request(analyzer->bus, RPC_STORE_CACHE_FIND, pack_cache_find(arena, &find),
                                FAREWELL_MS, NULL, arena, &reply, &why);
    (void)is_heard;
}

/* On a thread of the broker's. */
static void hear_answer(void *context, struct bytes reply, const struct error *why)
{
    struct store_question *question = context;
    struct arena *arena = arena_open(UNPACK_CAP_BYTES);
    const Tp__CacheFound *found = NULL;
    struct error unreadable;
    if (why != NULL || !unpack_cache_found(arena, reply, &found, &unreadable))
        found = NULL;
    lock(question);
    question->arena = arena;
    question->found = found;
    question->stage = QUESTION_ANSWERED;
    unlock(question);
    shell_wake(question->analyzer);
    lock(question);
    question->callers--;
    CHECK(pthread_cond_signal(&question->returned) == 0);
    unlock(question);
}

bool store_question_is_under_way(struct store_question *question)
{
    lock(question);
    bool is_under_way = question->stage != QUESTION_NONE;
    unlock(question);
    return is_under_way;
}

void store_question_ask(struct store_question *question, const Tp__CacheFind *find,
                        struct arena *arena)
{
    struct analyzer *analyzer = question->analyzer;
    lock(question);
    CHECK(question->stage == QUESTION_NONE);
    question->stage = QUESTION_UNDER_WAY;
    question->callers++;
    unlock(question);
    bus_request_async(analyzer->bus, RPC_STORE_CACHE_FIND, pack_cache_find(arena, find),
                      analyzer->settings->cache_wait_ms, hear_answer, question);
}

bool store_question_take_answer(struct store_question *question, struct arena **arena,
                                const Tp__CacheFound **found)
{
    lock(question);
    bool is_answered = question->stage == QUESTION_ANSWERED;
    if (is_answered) {
        *arena = TAKE(question->arena);
        *found = question->found;
        question->stage = QUESTION_NONE;
    }
    unlock(question);
    return is_answered;
}
