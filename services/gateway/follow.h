/* A job's events to a client, each once and in order: from the store what was, from the hub what
 * comes. Used by the event stream and by the WebSocket. */
#pragma once

#include "gateway.h"

enum { FOLLOW_CHECK_MS = 5000 }; /* a lost wake-up costs no more than this */

struct follow {
    struct gateway *gateway;
    char tenant[65], job_id[UUID_TEXT_SIZE];
    uint32_t after;       /* the last event sent */
    bool is_over;         /* the event that ends the job was sent, or had been before */
    bool hears_revisions; /* then it is never over: results may be revised later */
    bool is_under_way;    /* when it began, the job was not over ... */
    uint32_t begun_at;    /* ... as of this event ... */
    Tp__JobStatus status; /* ... and its state was this */
    struct follower follower;
    /* Sends one event; false once the client is gone. */
    bool (*send)(void *context, uint32_t number, const char *json, size_t length);
    void *context;
};

/* Does the tenant have the job? Also notes whether it is over and nothing newer will come. */
MUST_USE bool follow_begin(struct follow *follow, struct error *why);

/* Once it both has begun and follows at the hub: asks to hear why the job waits. */
void follow_await(struct follow *follow);

/* The event after the last one was sent. */
void follow_sent(struct follow *follow, bool is_final);

/* Sends all that the store has after the last one sent. False if the client is gone or the store
 * failed, which `why` tells apart: a gone client is ERROR_CANCELLED. */
MUST_USE bool follow_catch_up(struct follow *follow, struct error *why);
