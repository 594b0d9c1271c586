/* Who is next: the sharing of classes, of tenants in a class, and of users in a tenant (rules 3,
 * 4).
 *
 * A chunk that is due stands in its user's turn; a turn is runnable while it has chunks and its
 * user has none in flight (rule 1). A share is what one tenant has in one class: its runnable turns
 * and their order. This is the one place that knows an order of users, so another order is another
 * rank here and nothing elsewhere:
 *   fair_sojourn  nobody later than under equal sharing, most much earlier (sojourn.h)
 *   round_robin   least recently granted first: to the back after each chunk
 *   fifo          oldest job first; the slot is kept for the whole job
 * Classes share by weight among those that have somebody runnable (stride scheduling: a class pays
 * 1/weight for each grant, the one that has paid least is next), so none starves. Tenants share a
 * class likewise, but pay in LLM tokens: an estimate at the grant, put right when the usage is
 * known. A tenant that comes back may claim one quantum of what it did not use, its debts stay.
 * Equal sharing inside a share runs by the service the share got; time is told to it when it is
 * touched, so a step costs nothing for all the others.
 * Turns and bursts are in queue.c, shares and their tenants in share.c, deadlines in urgent.c.
 * Every operation is O(log n), but for a change of the slots. One thread; the queue owns its heaps
 * and shares.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "book.h"
#include "sojourn.h"

enum fairness { FAIRNESS_SOJOURN, FAIRNESS_ROUND_ROBIN, FAIRNESS_FIFO };

/* Why nothing of a tenant, a user or of all is granted; bits. */
enum shut_reason { SHUT_BY_CONTROL = 1, SHUT_BY_LIMIT = 2 };

enum {
    QUANTUM_TOKENS = 32768, /* of a full chunk, 100 posts of 200 bytes, as estimated at the grant */
    LEAST_TOKENS = 64,      /* what costs no tokens is a turn all the same */
};

struct share {
    struct heap_node
        node;             /* among those of its class that could be served now, by what they paid */
    struct heap runnable; /* its turns */
    struct heap urgent;   /* those of them that must not wait for a limit (urgent.h) */
    struct heap_node urgent_node; /* among the shares that have some, by the first of them */
    struct sojourn sojourn;
    struct tenant *tenant;
    struct share *next;  /* of all shares */
    uint64_t paid;       /* in parts of a token by weight */
    double served, idle; /* up to these clocks of the queue its time has passed */
    enum service_class service_class;
    uint32_t occupied;
    uint32_t counted; /* of its runnable turns, in the class's count */
};

struct queue {
    struct queue_config {
        enum fairness fairness;
        bool has_first_chunks_first;
        uint32_t weights[CLASSES]; /* of each class, 1 or more */
        uint32_t burst;            /* of each user; 0 and 1 = never more than one */
    } config;
    uint64_t last_rank;
    uint32_t last_tie;
    uint64_t paid; /* how far the classes' sharing has come */
    struct instant now;
    uint32_t slots;
    int64_t call_us;
    int64_t mean_tokens; /* of a grant: moving average */
    uint32_t occupied;   /* slots: the sum over the classes */
    uint32_t shut;       /* bits: nothing at all is granted */
    double urgent_below; /* laxity in chunks */
    double served;       /* chunks' time so far, each moment divided by the slots occupied in it */
    double idle;         /* chunks' time so far in which none was */
    struct share *shares;
    struct pool stakes;   /* of all shares */
    struct heap urgent;   /* shares with turns that must not wait for a limit */
    struct heap bursting; /* turns of users in service that may have more: least in flight first */
    struct {
        struct heap shares; /* those that could be served now */
        size_t turns;       /* in them, runnable */
        uint64_t paid, price;
        uint64_t paid_until; /* what shares had paid when they were served: the most so far */
    } classes[CLASSES];
};

void queue_open(struct queue *queue, const struct queue_config *config);
void queue_close(struct queue *queue);
/* Nothing is known any more: all turns are gone. */
void queue_forget(struct queue *queue);

/* The turn, which has nothing in the queue, is about to be freed. */
void queue_drop_turn(struct turn *turn);

/* Time passes; from now on so many slots serve, each for so long a chunk. */
void queue_pass_time(struct queue *queue, struct instant now);
void queue_set_pace(struct queue *queue, uint32_t slots, int64_t call_us);

/* A chunk of the turn has taken a slot (1), or given it back (-1). */
void queue_occupy(struct queue *queue, struct turn *turn, int change);

/* The chunk is due; the chunk is no longer to be granted. */
void queue_add(struct queue *queue, struct chunk *chunk);
void queue_remove(struct queue *queue, struct chunk *chunk);
/* The chunk, not in the queue, will never be granted as it was to be. */
void queue_withdraw(struct queue *queue, struct chunk *chunk);

/* The user's occupation has changed: its turns become runnable, may burst, or stop doing so. */
void queue_user_changed(struct queue *queue, struct user *user);

/* The chunk that is next, or NULL; it stays where it is. */
struct chunk *queue_next(struct queue *queue);

/* A further chunk of a user in service, if nobody is runnable; or NULL (rule 1). */
struct chunk *queue_next_burst(struct queue *queue);

/* What must not wait for an endpoint's room: the next of a user that needs none, or whose job ends
 * before that key of a deadline, the first first; or NULL. */
struct chunk *queue_next_urgent(struct queue *queue, uint64_t before);

/* The chunk was granted, for so many tokens as an estimate: its class and its tenant pay, its
 * user's turn goes to the back. It must then be removed, which gives them their new places. */
void queue_charge(struct queue *queue, struct chunk *chunk, uint64_t tokens);
/* What was charged to the tenant was too little by so much, or too much (negative). */
void queue_settle(struct queue *queue, struct tenant *tenant, enum service_class service_class,
                  int64_t tokens);

/* A grant that came to nothing: its user's turn gets the rank it had. */
void queue_restore(struct queue *queue, struct turn *turn, uint64_t rank);

/* From now on the tenant pays by that weight; what it owes is owed by it too. */
void queue_set_weight(struct queue *queue, struct tenant *tenant, double weight);

/* Nothing more is granted of it, until it has been opened again for every reason. While all is
 * shut, and while a tenant or user is, it has no part in equal sharing. */
void queue_shut_all(struct queue *queue, enum shut_reason reason);
void queue_open_all(struct queue *queue, enum shut_reason reason);
void queue_shut_tenant(struct queue *queue, struct tenant *tenant, enum shut_reason reason);
/* There is no room under its limits: nothing more of it but what needs no endpoint, and what ends
 * before that. */
void queue_limit_tenant(struct queue *queue, struct tenant *tenant, uint64_t before);
void queue_open_tenant(struct queue *queue, struct tenant *tenant, enum shut_reason reason);
/* There is no room under its user's limits: nothing of the turn until it has been opened. Its other
 * turns are looked at for themselves: their jobs may have less time. */
void queue_limit_turn(struct queue *queue, struct turn *turn);
void queue_open_turn(struct queue *queue, struct turn *turn);
void queue_shut_user(struct queue *queue, struct user *user, enum shut_reason reason);
void queue_open_user(struct queue *queue, struct user *user, enum shut_reason reason);

/* May users be granted ahead of a free slot? Not where a slot is kept for the whole job. */
bool queue_runs_ahead(const struct queue *queue);

/* How many chunks would be granted before this one, which is due, if nothing happened but grants
 * (rule 12; ahead.c). Cheap: of a long queue it looks at some and estimates. */
size_t queue_ahead_of(const struct queue *queue, const struct chunk *chunk);

/* Turns that could be granted now, over all classes. */
size_t queue_runnable(const struct queue *queue);

/* What a grant of so many tokens adds to what the tenant has paid. */
uint64_t queue_price(const struct tenant *tenant, uint64_t tokens);
/* What the turn's tenant has in the turn's class. */
static inline struct share *queue_share(const struct turn *turn)
{
    return book_user_of(turn)->tenant->shares[turn->service_class];
}
