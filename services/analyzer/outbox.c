#include "outbox.h"

#include <pthread.h>

#include "base/check.h"
#include "base/scoped.h"
#include "messages/subjects.h"

enum {
    SMALL_ARENA_BYTES = 16 * 1024,
    STORE_TIMEOUT_MS = 3000,
    FIRST_RETRY_MS = 300,
    LAST_RETRY_MS = 3000,
};

static const struct instant NEVER = {INT64_MAX};

void outbox_ask(const struct outbox *outbox, const Tp__Dispatch *dispatch,
                const struct flow_action *action, const char *trace)
{
    SCOPED(arena_close) struct arena *arena = arena_open(SMALL_ARENA_BYTES);
    Tp__PermitAsk ask = TP__PERMIT_ASK__INIT;
    ask.schema_version = SCHEMA_VERSION;
    ask.job_id = dispatch->job_id;
    ask.chunk_number = dispatch->chunk_number;
    ask.attempt = dispatch->attempt;
    ask.instance_id = arena_string(arena, outbox->instance_id);
    ask.ask_number = action->ask_number;
    ask.is_free = action->is_free;
    struct error why;
    bool is_sent = bus_ask(outbox->bus, RPC_SCHEDULER_PERMIT, outbox->reply_subject,
                           pack_permit_ask(arena, &ask), trace, &why);
    (void)is_sent; /* it is repeated anyway */
}

void outbox_beat(const struct outbox *outbox, int slots, int busy)
{
    SCOPED(arena_close) struct arena *arena = arena_open(SMALL_ARENA_BYTES);
    Tp__Heartbeat beat = TP__HEARTBEAT__INIT;
    beat.schema_version = SCHEMA_VERSION;
    beat.instance_id = arena_string(arena, outbox->instance_id);
    beat.slots = (uint32_t)slots;
    beat.busy = (uint32_t)busy;
    struct error why;
    bool is_sent =
        bus_publish(outbox->bus, RPC_SCHEDULER_HEARTBEAT, pack_heartbeat(arena, &beat), &why);
    (void)is_sent; /* the next one follows in a second */
}

enum delivery_state { RESTING, UNDER_WAY, STORED, FAILED };

struct delivery {
    struct bus *bus;
    struct arena *arena;
    struct bytes body;
    const char *dedup_id, *trace;
    void (*wake)(void *context);
    void *context;
    pthread_mutex_t lock;      /* of state and why; also held while waking, so that whoever sees
                                * STORED and frees the delivery waits for the end of the call */
    enum delivery_state state; /* STORED and FAILED come from a broker thread */
    struct error why;          /* of FAILED */
    struct instant next_at;
    int64_t retry_ms;
    int tries;
};

struct delivery *delivery_new(struct bus *bus, const Tp__Outcome *outcome, const char *trace,
                              void (*wake)(void *context), void *context)
{
    struct delivery *delivery = calloc(1, sizeof *delivery);
    CHECK(delivery != NULL);
    delivery->bus = bus;
    delivery->arena = arena_open(2 * MESSAGE_MAX_BYTES);
    /* Not the same for a repeated attempt, which is another outcome; the same for our own tries. */
    delivery->dedup_id =
        arena_format(delivery->arena, "%s:%u:%u:%s", outcome->job_id, outcome->chunk_number,
                     outcome->attempt, outcome->instance_id);
    delivery->trace = trace != NULL ? arena_string(delivery->arena, trace) : NULL;
    delivery->body = pack_outcome(delivery->arena, outcome);
    delivery->wake = wake;
    delivery->context = context;
    delivery->retry_ms = FIRST_RETRY_MS;
    CHECK(pthread_mutex_init(&delivery->lock, NULL) == 0);
    return delivery;
}

static enum delivery_state state_of(struct delivery *delivery)
{
    CHECK(pthread_mutex_lock(&delivery->lock) == 0);
    enum delivery_state state = delivery->state;
    CHECK(pthread_mutex_unlock(&delivery->lock) == 0);
    return state;
}

void delivery_free(struct delivery **delivery)
{
    if (*delivery == NULL)
        return;
    CHECK(state_of(*delivery) != UNDER_WAY);
    pthread_mutex_destroy(&(*delivery)->lock);
    arena_close(&(*delivery)->arena);
    free(*delivery);
    *delivery = NULL;
}

static void hear_stored(void *context, const struct error *why)
{
    struct delivery *delivery = context;
    CHECK(pthread_mutex_lock(&delivery->lock) == 0);
    if (why != NULL)
        delivery->why = *why;
    delivery->state = why == NULL ? STORED : FAILED;
    delivery->wake(delivery->context);
    CHECK(pthread_mutex_unlock(&delivery->lock) == 0);
}

static void set_state(struct delivery *delivery, enum delivery_state state)
{
    CHECK(pthread_mutex_lock(&delivery->lock) == 0);
    delivery->state = state;
    CHECK(pthread_mutex_unlock(&delivery->lock) == 0);
}

bool delivery_move(struct delivery *delivery, struct instant now, bool *has_failed,
                   struct error *why)
{
    *has_failed = false;
    switch (state_of(delivery)) {
    case STORED:
        return true;
    case UNDER_WAY:
        return false;
    case FAILED:
        *has_failed = true;
        *why = delivery->why;
        delivery->next_at = instant_plus_ms(now, delivery->retry_ms);
        delivery->retry_ms *= 2;
        if (delivery->retry_ms > LAST_RETRY_MS)
            delivery->retry_ms = LAST_RETRY_MS;
        set_state(delivery, RESTING);
        return false;
    case RESTING:
        break;
    }
    if (instant_is_before(now, delivery->next_at))
        return false;
    delivery->tries++;
    set_state(delivery, UNDER_WAY);
    bus_store_async(delivery->bus, SUBJECT_RESULT, delivery->body, delivery->dedup_id,
                    delivery->trace, STORE_TIMEOUT_MS, hear_stored, delivery);
    return false;
}

struct instant delivery_next_at(struct delivery *delivery)
{
    return state_of(delivery) == RESTING ? delivery->next_at : NEVER;
}

int delivery_tries(const struct delivery *delivery)
{
    return delivery->tries;
}
