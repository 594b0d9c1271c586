/* The numbered batch: one outstanding, repeated until it is answered or the epoch ends (steps 3
 * and 8). What happens meanwhile is collected for the next. */
#include <string.h>

#include "base/check.h"
#include "retry.h"
#include "state.h"

/* A reply must stay well below the broker's limit of 1 MB: what a dispatch needs beside its text
 * is estimated from above. */
enum {
    REPLY_LIMIT_BYTES = 700 * 1000,
    POST_BYTES = 128,
    DISPATCH_BYTES = 600,
    TOKENS_PER_POST = 120
};

static struct batch_item *add_item(struct scheduler *s, enum batch_operation operation,
                                   struct chunk *chunk)
{
    struct batch *batch = &s->batch;
    struct batch_item *item = &batch->items[batch->count];
    *item =
        (struct batch_item){.operation = operation, .id = {.chunk_number = chunk->facts.number}};
    strcpy(item->id.job_id, chunk->job->id);
    batch->chunks[batch->count++] = chunk;
    chunk->is_in_batch = true;
    return item;
}

static void collect_errands(struct scheduler *s)
{
    struct heap_node *node;
    while (s->batch.count < BATCH_LIMIT &&
           (node = heap_take_until(&s->attempts.errands, UINT64_MAX))) {
        struct attempt *attempt = HEAP_OWNER(node, struct attempt, alarm);
        struct batch_item *item = add_item(
            s, attempt->errand == ERRAND_REAP ? BATCH_REAP : BATCH_RELEASE, attempt->chunk);
        item->id.attempt = attempt->number;
        item->is_charged = attempt->is_charged;
    }
}

static void collect_splits(struct scheduler *s)
{
    while (s->batch.count < BATCH_LIMIT && s->splits.count > 0) {
        struct chunk *chunk = HEAP_OWNER(heap_first(&s->splits), struct chunk, node);
        add_item(s, BATCH_SPLIT, chunk);
        rows_place(s, chunk);
    }
}

static size_t reply_bytes(const struct chunk *chunk)
{
    return chunk->facts.text_bytes + (size_t)chunk->facts.open_posts * POST_BYTES + DISPATCH_BYTES;
}

/* An upper bound of what the call can cost, booked before it: a token has at least a byte. */
static uint32_t reserved_tokens(const struct chunk *chunk)
{
    return chunk->facts.text_bytes + chunk->facts.open_posts * TOKENS_PER_POST + DISPATCH_BYTES;
}

static enum analysis_mode mode_of(const struct scheduler *s, const struct chunk *chunk)
{
    struct instant deadline = chunk->job->deadline;
    if (chunk->is_by_embedded)
        return MODE_EMBEDDED;
    return retry_mode(&chunk->facts,
                      deadline.ns == INT64_MAX ? INT64_MAX : instant_ms_between(s->now, deadline));
}

static int64_t lease_ms(const struct scheduler *s)
{
    return s->config.grant_wait_ms + s->config.permit_life_ms + s->config.call_limit_ms +
           LEASE_MARGIN_MS;
}

/* False = it does not fit into the reply any more. */
static bool collect_grant(struct scheduler *s, struct chunk *chunk, size_t *bytes)
{
    *bytes += reply_bytes(chunk);
    if (*bytes > REPLY_LIMIT_BYTES)
        return false;
    s->batch.ranks_before[s->batch.count] = chunk->turn->rank;
    struct batch_item *item = add_item(s, BATCH_GRANT, chunk);
    item->mode = mode_of(s, chunk);
    item->reserved_tokens = item->mode == MODE_LLM ? reserved_tokens(chunk) : 0;
    item->lease_ms = (uint32_t)lease_ms(s);
    item->lane = burst_lane_for(chunk);
    chunk->lane = (uint8_t)item->lane;
    queue_charge(&s->queue, chunk, item->reserved_tokens);
    rows_place(s, chunk);
    return true;
}

static void collect_grants(struct scheduler *s)
{
    size_t room = attempts_room_ahead(s), bytes = 0, before = s->batch.count;
    struct chunk *chunk;
    for (; room > 0 && s->batch.count < BATCH_LIMIT && (chunk = queue_next(&s->queue)); room--)
        if (!collect_grant(s, chunk, &bytes))
            return;
    room = burst_room(s, s->batch.count - before);
    for (; room > 0 && s->batch.count < BATCH_LIMIT && (chunk = queue_next_burst(&s->queue));
         room--)
        if (!collect_grant(s, chunk, &bytes))
            return;
}

static void ask(struct scheduler *s)
{
    s->batch.repeat_at = NEVER;
    struct action *action = say(s, ACTION_ASK_BATCH);
    action->batch.sequence = s->batch.sequence;
    action->batch.items = s->batch.items;
    action->batch.count = s->batch.count;
}

void batch_tend(struct scheduler *s)
{
    if (!lead_is_held(s))
        return;
    if (s->batch.is_outstanding) {
        if (!instant_is_before(s->now, s->batch.repeat_at))
            ask(s);
        return;
    }
    s->batch.count = 0;
    collect_errands(s);
    if (!s->lead.is_leaving) {
        collect_splits(s);
        collect_grants(s);
    }
    if (s->batch.count == 0)
        return;
    s->batch.sequence++;
    s->batch.is_outstanding = true;
    s->batch.asked = s->now;
    ask(s);
}

static void on_granted(struct scheduler *s, struct chunk *chunk, uint64_t rank_before)
{
    if (chunk->facts.status != CHUNK_IN_FLIGHT || chunk->flight)
        return; /* the row has moved on since: a later event told */
    struct attempt *attempt =
        attempts_add(s, chunk, ATTEMPT_WAITING, instant_plus_ms(s->batch.asked, lease_ms(s)));
    attempt->rank_before = rank_before;
    s->figures.grants++;
    bool is_unwanted = job_status_is_terminal(chunk->job->status) || s->lead.is_leaving ||
                       obey_is_held(s, chunk->job->user);
    if (is_unwanted && attempt->mode == MODE_LLM)
        attempts_swear_off(s, attempt);
}

/* The store has answered; what the row now is says what follows. */
static void on_result(struct scheduler *s, size_t i, enum batch_result result, uint64_t rank_before)
{
    struct chunk *chunk = s->batch.chunks[i];
    switch (result) {
    case RESULT_GRANTED:
        on_granted(s, chunk, rank_before);
        rows_settle(s, chunk);
        return;
    case RESULT_RELEASED:
        s->figures.released++;
        rows_place(s, chunk); /* it did not fail: nothing to wait for, and its place is kept */
        queue_restore(&s->queue, chunk->turn, rank_before);
        return;
    case RESULT_REAPED:
        s->figures.reaped++;
        rows_settle(s, chunk);
        return;
    case RESULT_SPLIT:
        s->figures.splits++;
        rows_settle(s, chunk);
        return;
    case RESULT_EARLY:
    case RESULT_GONE:
    case RESULT_BUSY:
        break;
    }
    if (chunk->flight && chunk->flight->errand != ERRAND_NONE)
        attempts_retry_errand(s, chunk->flight);
    rows_settle(s, chunk);
    if (chunk->place == PLACE_TURN || chunk->place == PLACE_SPLITS) /* refused: not at once */
        rows_put_off(s, chunk, BUSY_RETRY_MS);
}

static void on_item(struct scheduler *s, size_t i, const struct batch_answer *answer)
{
    struct chunk *chunk = s->batch.chunks[i];
    struct job *job = chunk->job;
    uint64_t rank_before = chunk->flight ? chunk->flight->rank_before : s->batch.ranks_before[i];
    struct chunk_facts row = answer->chunk;
    row.number = chunk->facts.number; /* the answers are in the order of the items */
    rows_apply_chunk(s, job, &row);
    chunk->is_in_batch = false;
    on_result(s, i, answer->result, rank_before);
    for (size_t k = 0; k < answer->part_count; k++)
        rows_apply_chunk(s, job, &answer->parts[k]);
    rows_set_job_status(s, job, answer->job_status);
    rows_end_if_over(s, job);
}

void batch_on_answer(struct scheduler *s, const struct event *event)
{
    struct batch *batch = &s->batch;
    if (event->batch.epoch != s->lead.epoch || event->batch.sequence != batch->sequence ||
        !batch->is_outstanding)
        return;
    bool is_whole = event->is_answered && event->batch.status == BATCH_ANSWERED &&
                    event->batch.answer_count == batch->count;
    if (!is_whole) {
        /* Unknown counts as granted: the same batch again, until the answer comes (step 3). */
        batch->repeat_at = instant_plus_ms(s->now, STORE_RETRY_MS);
        return;
    }
    batch->is_outstanding = false;
    for (size_t i = 0; i < batch->count; i++)
        on_item(s, i, &event->batch.answers[i]);
}
