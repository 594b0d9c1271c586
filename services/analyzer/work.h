/* One dispatch in hand: all that the shell keeps of it, in one place and one arena. */
#pragma once

#include "bus/bus.h"
#include "core/flow.h"
#include "core/patience.h"
#include "llm.h"
#include "messages/messages.h"
#include "outbox.h"
#include "plan.h"
#include "question/brief.h"

struct landed {
    uint8_t key[CACHE_KEY_BYTES];
};

/* Of the store; see inquiries.h. */
enum inquiry {
    INQUIRY_NONE,
    INQUIRY_WAITS,      /* for the next question */
    INQUIRY_LOOKS_UP,   /* the question under way is about it */
    INQUIRY_WATCHES,    /* what others ask for, between two questions */
    INQUIRY_ASKS_AGAIN, /* and this one is about it */
};

struct work {
    struct work *next, *previous; /* in a list of the shell's */
    struct bus_message *message;
    char job_id[FLOW_JOB_SIZE];
    uint32_t chunk_number, attempt;
    struct arena *arena;          /* of the dispatch */
    const Tp__Dispatch *dispatch; /* until its outcome is packed */
    struct brief brief;           /* of the dispatch */
    struct instant taken_at, looked_up_at, called_at;
    struct flow_item *item; /* once there was something to do */
    enum inquiry inquiry;
    struct patience patience;               /* while it watches */
    size_t claims;                          /* held for it */
    struct work *look_next, *look_previous; /* of those in the same stage */
    size_t first_key;                       /* of its posts' in the question to the store */

    uint8_t scope[CACHE_KEY_BYTES]; /* once the plan has keys */
    struct plan plan;               /* from the lookup until it is over, in an arena of its own */
    struct arena *plan_arena;
    struct llm *llm;          /* once it was called; lent */
    bool is_free;             /* its permit: no call may be made */
    const Tp__Dispatch *sent; /* what the call is about; NULL = none was made */
    const uint32_t *ids;      /* of the posts of that, in the call */
    size_t sent_bytes;        /* of its whole request */
    struct llm_call *call;    /* while it runs */
    struct arena *answer_arena;
    Tp__Outcome *answered; /* the call's, while posts of other calls are waited for */
    bool has_news;         /* of those */
    struct work *next_news;

    struct delivery *delivery; /* once it is over */
    struct landed *landed;     /* what its call brought and may be used again */
    size_t landed_count;
    struct analyzer *analyzer;
};

/* Takes the message. False, and the message is still the caller's: it cannot be read. */
MUST_USE bool work_open(struct bus_message **message, struct instant now, struct work **work,
                        struct error *why);
void work_close(struct work **work);

/* Each post at most once; while it has its plan. */
void work_note_landed(struct work *work, size_t nth);
/* Its outcome is packed: the dispatch and all that was made of it are needed no more. */
void work_drop_dispatch(struct work *work);

/* The first one of a list is the latest. */
void work_join(struct work *work, struct work **list);
void work_leave(struct work *work, struct work **list);

struct flow_dispatch work_dispatch(const struct work *work);

/* "chunk" of the log's lines: job, chunk, attempt. */
#define LOG_WORK(work)                                                                             \
    LOG_TEXT("job", (work)->job_id), LOG_INT("chunk", (work)->chunk_number),                       \
        LOG_INT("attempt", (work)->attempt)
