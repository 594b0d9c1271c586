/* What a tenant has in a class: its part of the time, and what it pays (rules 3 and 4).
 *
 *   struct share *share = share_of(queue, turn);
 *   share_catch_up(queue, share);   before anything of equal sharing inside it is asked or changed
 *   share_settle(queue, share);     after its turns, its debts or its tenant have changed
 *
 * The queue's own, as urgent.h; what others tell of tenants is in queue.h.
 */
#pragma once

#include "queue.h"

/* What the turn's tenant has in the turn's class, made known if it is not. */
struct share *share_of(struct queue *queue, const struct turn *turn);

/* Equal sharing inside a share is of what the share gets: told when the share is touched. */
void share_catch_up(const struct queue *queue, struct share *share);

/* Puts the share where it belongs now: among those to be served, or nowhere. */
void share_settle(struct queue *queue, struct share *share);
