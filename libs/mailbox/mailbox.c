#include "mailbox/mailbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"

struct mailbox {
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    bool is_closed;
    size_t capacity, first, length;
    void *letters[]; /* a ring */
};

struct mailbox *mailbox_new(size_t capacity)
{
    CHECK(capacity > 0);
    struct mailbox *mailbox = calloc(1, sizeof *mailbox + capacity * sizeof mailbox->letters[0]);
    CHECK(mailbox != NULL);
    mailbox->capacity = capacity;
    pthread_condattr_t monotonic;
    CHECK(pthread_condattr_init(&monotonic) == 0);
    CHECK(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(&mailbox->arrived, &monotonic) == 0);
    CHECK(pthread_condattr_destroy(&monotonic) == 0);
    CHECK(pthread_mutex_init(&mailbox->lock, NULL) == 0);
    return mailbox;
}

void mailbox_free(struct mailbox **mailbox)
{
    if (*mailbox == NULL)
        return;
    CHECK(pthread_cond_destroy(&(*mailbox)->arrived) == 0);
    CHECK(pthread_mutex_destroy(&(*mailbox)->lock) == 0);
    free(*mailbox);
    *mailbox = NULL;
}

static void lock(struct mailbox *mailbox)
{
    CHECK(pthread_mutex_lock(&mailbox->lock) == 0);
}

static void unlock(struct mailbox *mailbox)
{
    CHECK(pthread_mutex_unlock(&mailbox->lock) == 0);
}

bool mailbox_post(struct mailbox *mailbox, void *letter)
{
    CHECK(letter != NULL);
    lock(mailbox);
    bool has_room = !mailbox->is_closed && mailbox->length < mailbox->capacity;
    if (has_room) {
        size_t last = (mailbox->first + mailbox->length) % mailbox->capacity;
        mailbox->letters[last] = letter;
        mailbox->length++;
        CHECK(pthread_cond_signal(&mailbox->arrived) == 0);
    }
    unlock(mailbox);
    return has_room;
}

static void *take_first(struct mailbox *mailbox)
{
    if (mailbox->length == 0)
        return NULL;
    void *letter = mailbox->letters[mailbox->first];
    mailbox->first = (mailbox->first + 1) % mailbox->capacity;
    mailbox->length--;
    return letter;
}

void *mailbox_take(struct mailbox *mailbox, struct instant deadline)
{
    const struct timespec until = {
        .tv_sec = (time_t)(deadline.ns / 1000000000),
        .tv_nsec = (long)(deadline.ns % 1000000000),
    };
    lock(mailbox);
    int waited = 0;
    while (mailbox->length == 0 && !mailbox->is_closed && waited == 0)
        waited = pthread_cond_timedwait(&mailbox->arrived, &mailbox->lock, &until);
    void *letter = take_first(mailbox);
    unlock(mailbox);
    return letter;
}

void *mailbox_try_take(struct mailbox *mailbox)
{
    lock(mailbox);
    void *letter = take_first(mailbox);
    unlock(mailbox);
    return letter;
}

void mailbox_close(struct mailbox *mailbox)
{
    lock(mailbox);
    mailbox->is_closed = true;
    CHECK(pthread_cond_broadcast(&mailbox->arrived) == 0);
    unlock(mailbox);
}

size_t mailbox_length(struct mailbox *mailbox)
{
    lock(mailbox);
    size_t length = mailbox->length;
    unlock(mailbox);
    return length;
}
