/* Who is next: the order of users, and the sharing of classes (rules 3 and 4).
 *
 * A chunk that is due stands in its user's turn; a turn is runnable while it has chunks and its
 * user has none in flight (rule 1). This is the one place that knows an order of users, so another
 * order is another rank here and nothing elsewhere:
 *   fair_sojourn  nobody later than under equal sharing, most much earlier (sojourn.h)
 *   round_robin   least recently granted first: to the back after each chunk
 *   fifo          oldest job first; the slot is kept for the whole job
 * Classes share by weight among those that have somebody runnable (stride scheduling: a class pays
 * 1/weight for each grant, the one that has paid least is next), so none starves.
 * Every operation is O(log n). One thread; the queue owns nothing but its heaps.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "book.h"
#include "sojourn.h"

enum fairness { FAIRNESS_SOJOURN, FAIRNESS_ROUND_ROBIN, FAIRNESS_FIFO };

struct queue {
    enum fairness fairness;
    uint64_t last_rank;
    uint64_t paid; /* what the class served last had paid */
    struct instant now;
    uint32_t slots;
    int64_t call_us;
    uint32_t occupied; /* slots: the sum over the classes */
    struct {
        struct heap runnable;
        uint64_t paid, price;
        uint32_t occupied;
        struct sojourn sojourn;
    } classes[CLASSES];
};

struct queue_config {
    enum fairness fairness;
    bool has_first_chunks_first;
    uint32_t weights[CLASSES]; /* of each class, 1 or more */
};

void queue_open(struct queue *queue, const struct queue_config *config);
void queue_close(struct queue *queue);
/* Nothing is known any more: all turns are gone. */
void queue_forget(struct queue *queue);

/* Time passes; from now on so many slots serve, each for so long a chunk. */
void queue_pass_time(struct queue *queue, struct instant now);
void queue_set_pace(struct queue *queue, uint32_t slots, int64_t call_us);

/* A chunk of the class has taken a slot (1), or given it back (-1). */
void queue_occupy(struct queue *queue, enum service_class service_class, int change);

/* The chunk is due; the chunk is no longer to be granted. */
void queue_add(struct queue *queue, struct chunk *chunk);
void queue_remove(struct queue *queue, struct chunk *chunk);
/* The chunk, not in the queue, will never be granted as it was to be. */
void queue_withdraw(struct queue *queue, struct chunk *chunk);

/* The user's occupation has changed: its turns become runnable, or stop being it. */
void queue_user_changed(struct queue *queue, struct user *user);

/* The chunk that is next, or NULL; it stays where it is. */
struct chunk *queue_next(struct queue *queue);

/* The chunk was granted (not yet removed): its class pays, its user's turn goes to the back. */
void queue_charge(struct queue *queue, struct chunk *chunk);

/* A grant that came to nothing: its user's turn gets the rank it had. */
void queue_restore(struct queue *queue, struct turn *turn, uint64_t rank);

/* May users be granted ahead of a free slot? Not where a slot is kept for the whole job. */
bool queue_runs_ahead(const struct queue *queue);

/* How many chunks would be granted before this one, which is due, if nothing happened but grants
 * (rule 12). Cheap: of a long queue it looks at some and estimates. */
size_t queue_ahead_of(const struct queue *queue, const struct chunk *chunk);

/* Turns that could be granted now, over all classes. */
size_t queue_runnable(const struct queue *queue);
