#include "share.h"

#include <stdlib.h>

#include "base/check.h"
#include "urgent.h"

#define PARTS_PER_TOKEN 64.0
#define LEAST_WEIGHT 0.001
#define MOST_WEIGHT 1000.0

struct share *share_of(struct queue *queue, const struct turn *turn)
{
    struct tenant *tenant = book_user_of(turn)->tenant;
    struct share *share = tenant->shares[turn->service_class];
    if (share)
        return share;
    share = calloc(1, sizeof(*share));
    CHECK(share);
    *share = (struct share){.tenant = tenant,
                            .next = queue->shares,
                            .served = queue->served,
                            .idle = queue->idle,
                            .service_class = turn->service_class};
    sojourn_open(&share->sojourn, &queue->stakes, queue->config.has_first_chunks_first,
                 queue->urgent_below);
    sojourn_set_slots(&share->sojourn, queue->slots > 0 ? queue->slots : 1);
    queue->shares = share;
    tenant->shares[turn->service_class] = share;
    return share;
}

void share_catch_up(const struct queue *queue, struct share *share)
{
    double chunks = share->occupied * (queue->served - share->served);
    if (!share->tenant->shut)
        chunks += queue->idle - share->idle;
    share->served = queue->served;
    share->idle = queue->idle;
    if (chunks > 0)
        sojourn_pass(&share->sojourn, chunks);
}

void queue_pass_time(struct queue *queue, struct instant now)
{
    double chunks = (double)(now.ns - queue->now.ns) / 1000 / (double)queue->call_us;
    queue->now = now;
    if (queue->slots == 0)
        return; /* nobody serves: nothing is shared */
    if (queue->occupied > 0)
        queue->served += chunks / queue->occupied;
    else if (!queue->shut)
        queue->idle += chunks;
}

void queue_set_pace(struct queue *queue, uint32_t slots, int64_t call_us)
{
    CHECK(call_us > 0);
    queue->call_us = call_us;
    if (slots == queue->slots)
        return;
    queue->slots = slots;
    for (struct share *share = queue->shares; share; share = share->next) {
        share_catch_up(queue, share);
        sojourn_set_slots(&share->sojourn, slots > 0 ? slots : 1);
    }
}

void queue_occupy(struct queue *queue, struct turn *turn, int change)
{
    struct share *share = share_of(queue, turn);
    share_catch_up(queue, share);
    queue->occupied += (uint32_t)change;
    share->occupied += (uint32_t)change;
    turn->occupied = (uint16_t)(turn->occupied + change);
}

static double weight_of(const struct tenant *tenant)
{
    if (tenant->weight <= 0)
        return 1;
    if (tenant->weight < LEAST_WEIGHT)
        return LEAST_WEIGHT;
    return tenant->weight < MOST_WEIGHT ? tenant->weight : MOST_WEIGHT;
}

uint64_t queue_price(const struct tenant *tenant, uint64_t tokens)
{
    return (uint64_t)((double)tokens * PARTS_PER_TOKEN / weight_of(tenant));
}

/* Who comes back has no claim on what was shared meanwhile, but for a quantum: with a chunk now and
 * then one need not wait for those who always have some. */
static void forfeit(const struct queue *queue, struct share *share)
{
    uint64_t until = queue->classes[share->service_class].paid_until;
    uint64_t quantum = queue_price(share->tenant, QUANTUM_TOKENS);
    uint64_t least = until > quantum ? until - quantum : 0;
    if (share->paid < least)
        share->paid = least;
}

static bool may_be_served(const struct share *share)
{
    uint32_t shut = share->tenant->shut;
    return share->runnable.count > 0 &&
           (!shut || (shut == SHUT_BY_LIMIT && urgent_has_some(share)));
}

void share_settle(struct queue *queue, struct share *share)
{
    enum service_class mine = share->service_class;
    struct heap *shares = &queue->classes[mine].shares;
    bool is_open = may_be_served(share);
    urgent_settle_share(queue, share);
    if (is_open && !heap_has(&share->node)) {
        /* A class that comes back has no claim on what was shared while it was away. */
        if (shares->count == 0 && queue->classes[mine].paid < queue->paid)
            queue->classes[mine].paid = queue->paid;
        forfeit(queue, share);
        share->node.tie = ++queue->last_tie;
        heap_add(shares, &share->node, share->paid);
    } else if (is_open && heap_key(shares, &share->node) != share->paid) {
        heap_set(shares, &share->node, share->paid);
    } else if (!is_open && heap_has(&share->node)) {
        heap_remove(shares, &share->node);
    }
    uint32_t counted = share->runnable.count;
    if (!is_open || share->tenant->shut) /* of a limited tenant, at least one */
        counted = is_open;
    queue->classes[mine].turns += (size_t)counted - share->counted;
    share->counted = counted;
}

void queue_settle(struct queue *queue, struct tenant *tenant, enum service_class service_class,
                  int64_t tokens)
{
    struct share *share = tenant->shares[service_class];
    if (!share)
        return;
    uint64_t parts = queue_price(tenant, (uint64_t)(tokens < 0 ? -tokens : tokens));
    if (tokens >= 0)
        share->paid += parts;
    else
        share->paid = share->paid > parts ? share->paid - parts : 0;
    share_settle(queue, share);
}

/* At the old price one chunk of a tenant of little weight would keep it out for hours. */
void queue_set_weight(struct queue *queue, struct tenant *tenant, double weight)
{
    double before = weight_of(tenant);
    tenant->weight = weight;
    double change = before / weight_of(tenant);
    for (int i = 0; i < CLASSES; i++) {
        struct share *share = tenant->shares[i];
        uint64_t until = queue->classes[i].paid_until;
        if (!share || share->paid <= until)
            continue;
        share->paid = until + (uint64_t)((double)(share->paid - until) * change);
        share_settle(queue, share);
    }
}

static void set_tenant_shut(struct queue *queue, struct tenant *tenant, uint32_t shut)
{
    for (int i = 0; i < CLASSES; i++) /* by what was shut until now */
        if (tenant->shares[i])
            share_catch_up(queue, tenant->shares[i]);
    tenant->shut = shut;
    for (int i = 0; i < CLASSES; i++)
        if (tenant->shares[i])
            share_settle(queue, tenant->shares[i]);
}

void queue_shut_tenant(struct queue *queue, struct tenant *tenant, enum shut_reason reason)
{
    set_tenant_shut(queue, tenant, tenant->shut | reason);
}

void queue_limit_tenant(struct queue *queue, struct tenant *tenant, uint64_t before)
{
    tenant->urgent_before = before;
    queue_shut_tenant(queue, tenant, SHUT_BY_LIMIT);
}

void queue_open_tenant(struct queue *queue, struct tenant *tenant, enum shut_reason reason)
{
    set_tenant_shut(queue, tenant, tenant->shut & ~(uint32_t)reason);
}
