/* Who is next: the order of users, and the sharing of classes (rules 3 and 4).
 *
 * A chunk that is due stands in its user's turn; a turn is runnable while it has chunks and its
 * user has none in flight (rule 1). This is the one place that knows an order of users, so another
 * order is another rank here and nothing elsewhere:
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

enum fairness { FAIRNESS_ROUND_ROBIN, FAIRNESS_FIFO };

struct queue {
    enum fairness fairness;
    uint64_t last_rank;
    uint64_t paid; /* what the class served last had paid */
    struct {
        struct heap runnable;
        uint64_t paid, price;
    } classes[CLASSES];
};

/* weights: of each class, 1 or more */
void queue_open(struct queue *queue, enum fairness fairness, const uint32_t weights[CLASSES]);
void queue_close(struct queue *queue);

/* The chunk is due; the chunk is no longer to be granted. */
void queue_add(struct queue *queue, struct chunk *chunk);
void queue_remove(struct queue *queue, struct chunk *chunk);

/* The user's occupation has changed: its turns become runnable, or stop being it. */
void queue_user_changed(struct queue *queue, struct user *user);

/* The chunk that is next, or NULL; it stays where it is. */
struct chunk *queue_next(const struct queue *queue);

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
