#include "bus/replies.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"

enum { FIRST_SLOTS = 16, MAX_SLOTS = 64 * 1024 };

/* One question. A slot is used again; its generation tells a late answer from the next one's. */
struct slot {
    uint32_t generation;
    bool is_waiting;
    struct instant deadline;
    int64_t timeout_ms;
    reply_done *done;
    void *context;
};

struct replies {
    pthread_mutex_t lock;
    pthread_cond_t sooner; /* a deadline before wakes_at, or the end */
    pthread_t watch;
    bool is_ending;
    struct instant wakes_at;
    struct slot *slots;
    uint32_t slot_count;
    uint32_t *free_slots;
    uint32_t free_count;
};

static const struct instant NEVER = {INT64_MAX};

static void lock(struct replies *replies)
{
    CHECK(pthread_mutex_lock(&replies->lock) == 0);
}

static void unlock(struct replies *replies)
{
    CHECK(pthread_mutex_unlock(&replies->lock) == 0);
}

/* ---- slots; all with the lock held ---- */

static bool has_free_slot(struct replies *replies)
{
    if (replies->free_count > 0)
        return true;
    if (replies->slot_count == MAX_SLOTS)
        return false;
    uint32_t count = replies->slot_count == 0 ? FIRST_SLOTS : replies->slot_count * 2;
    struct slot *slots = realloc(replies->slots, count * sizeof *slots);
    uint32_t *free_slots = realloc(replies->free_slots, count * sizeof *free_slots);
    CHECK(slots != NULL && free_slots != NULL);
    replies->slots = slots;
    replies->free_slots = free_slots;
    for (uint32_t i = count; i > replies->slot_count; i--) {
        replies->slots[i - 1] = (struct slot){0};
        replies->free_slots[replies->free_count++] = i - 1;
    }
    replies->slot_count = count;
    return true;
}

/* The slot's question, taken out. */
static struct slot take_slot(struct replies *replies, uint32_t index)
{
    struct slot taken = replies->slots[index];
    replies->slots[index].is_waiting = false;
    replies->free_slots[replies->free_count++] = index;
    return taken;
}

static bool take_token(struct replies *replies, const char *token, struct slot *taken)
{
    uint32_t index, generation;
    if (strlen(token) != REPLY_TOKEN_SIZE - 1 || sscanf(token, "%8x%8x", &index, &generation) != 2)
        return false;
    if (index >= replies->slot_count || !replies->slots[index].is_waiting ||
        replies->slots[index].generation != generation)
        return false;
    *taken = take_slot(replies, index);
    return true;
}

/* ---- deadlines ---- */

static void tell_timeout(const struct slot *slot)
{
    struct error why;
    error_set(&why, ERROR_TIMEOUT, "no answer within %lld ms", (long long)slot->timeout_ms);
    slot->done(slot->context, NULL, &why);
}

/* One pass over the slots: tells those that are due, and finds the next deadline. */
static void tell_due(struct replies *replies, struct instant now)
{
    replies->wakes_at = NEVER;
    for (uint32_t i = 0; i < replies->slot_count; i++) {
        if (!replies->slots[i].is_waiting)
            continue;
        struct instant deadline = replies->slots[i].deadline;
        if (instant_is_before(now, deadline)) {
            if (instant_is_before(deadline, replies->wakes_at))
                replies->wakes_at = deadline;
            continue;
        }
        struct slot due = take_slot(replies, i);
        unlock(replies);
        tell_timeout(&due);
        lock(replies);
    }
}

static void *watch_deadlines(void *context)
{
    struct replies *replies = context;
    lock(replies);
    while (!replies->is_ending) {
        tell_due(replies, clock_now());
        if (replies->is_ending)
            break;
        if (replies->wakes_at.ns == NEVER.ns) {
            pthread_cond_wait(&replies->sooner, &replies->lock);
        } else {
            const int64_t second = 1000 * CLOCK_MS;
            struct timespec until = {.tv_sec = replies->wakes_at.ns / second,
                                     .tv_nsec = replies->wakes_at.ns % second};
            pthread_cond_timedwait(&replies->sooner, &replies->lock, &until);
        }
    }
    unlock(replies);
    return NULL;
}

/* ---- the interface ---- */

struct replies *replies_new(void)
{
    struct replies *replies = calloc(1, sizeof *replies);
    CHECK(replies != NULL);
    replies->wakes_at = NEVER;
    pthread_condattr_t monotonic;
    CHECK(pthread_condattr_init(&monotonic) == 0);
    CHECK(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(&replies->sooner, &monotonic) == 0);
    CHECK(pthread_condattr_destroy(&monotonic) == 0);
    CHECK(pthread_mutex_init(&replies->lock, NULL) == 0);
    CHECK(pthread_create(&replies->watch, NULL, watch_deadlines, replies) == 0);
    return replies;
}

void replies_free(struct replies **replies)
{
    if (*replies == NULL)
        return;
    lock(*replies);
    (*replies)->is_ending = true;
    pthread_cond_signal(&(*replies)->sooner);
    unlock(*replies);
    CHECK(pthread_join((*replies)->watch, NULL) == 0);
    CHECK((*replies)->free_count == (*replies)->slot_count);
    pthread_cond_destroy(&(*replies)->sooner);
    pthread_mutex_destroy(&(*replies)->lock);
    free((*replies)->slots);
    free((*replies)->free_slots);
    free(*replies);
    *replies = NULL;
}

bool replies_expect(struct replies *replies, int64_t timeout_ms, reply_done *done, void *context,
                    char token[REPLY_TOKEN_SIZE])
{
    struct instant deadline = instant_plus_ms(clock_now(), timeout_ms);
    lock(replies);
    if (!has_free_slot(replies)) {
        unlock(replies);
        return false;
    }
    uint32_t index = replies->free_slots[--replies->free_count];
    struct slot *slot = &replies->slots[index];
    *slot = (struct slot){.generation = slot->generation + 1,
                          .is_waiting = true,
                          .deadline = deadline,
                          .timeout_ms = timeout_ms,
                          .done = done,
                          .context = context};
    snprintf(token, REPLY_TOKEN_SIZE, "%08x%08x", index, slot->generation);
    if (instant_is_before(deadline, replies->wakes_at)) {
        replies->wakes_at = deadline;
        pthread_cond_signal(&replies->sooner);
    }
    unlock(replies);
    return true;
}

bool replies_forget(struct replies *replies, const char *token)
{
    struct slot forgotten;
    lock(replies);
    bool was_waiting = take_token(replies, token, &forgotten);
    unlock(replies);
    return was_waiting;
}

void replies_answer(struct replies *replies, const char *token, natsMsg *answer)
{
    struct slot answered;
    lock(replies);
    bool was_waiting = take_token(replies, token, &answered);
    unlock(replies);
    if (was_waiting)
        answered.done(answered.context, answer, NULL);
    else
        natsMsg_Destroy(answer);
}

void replies_lose(struct replies *replies)
{
    struct error why;
    error_set(&why, ERROR_TIMEOUT, "the connection to the broker was lost while waiting");
    lock(replies);
    for (uint32_t i = 0; i < replies->slot_count; i++) {
        if (!replies->slots[i].is_waiting)
            continue;
        struct slot lost = take_slot(replies, i);
        unlock(replies);
        lost.done(lost.context, NULL, &why);
        lock(replies);
    }
    unlock(replies);
}
