/* The numbered batch: one outstanding, repeated until it is answered or the epoch ends (steps 3
 * and 8). What happens meanwhile is collected for the next. */
#include <string.h>

#include "base/check.h"
#include "retry.h"
#include "state.h"

/* A reply must stay well below the broker's limit of 1 MB: what a dispatch needs beside its text
 * is estimated from above. */
enum { REPLY_LIMIT_BYTES = 700 * 1000, POST_BYTES = 128, DISPATCH_BYTES = 600 };

static struct batch_item *add_item(struct scheduler *s, enum batch_operation operation,
                                   struct chunk *chunk)
{
    struct batch *batch = &s->batch;
    struct batch_item *item = &batch->items[batch->count];
    *item =
        (struct batch_item){.operation = operation, .id = {.chunk_number = chunk->facts.number}};
    uuid_format(&book_job_of(chunk)->id, item->id.job_id);
    batch->bookings[batch->count].stage = BOOKED_NOTHING;
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
        s->batch.ranks_before[s->batch.count - 1] = attempt->rank_before;
        item->is_charged = attempt->is_charged;
    }
}

static void collect_splits(struct scheduler *s)
{
    while (s->batch.count < BATCH_LIMIT && s->splits.count > 0) {
        struct chunk *chunk = HEAP_OWNER(heap_first(&s->splits), struct chunk, node);
        add_item(s, BATCH_SPLIT, chunk);
        chunk->lane = (uint8_t)burst_lane_for(s, chunk); /* that of its last flight may be taken */
        rows_place(s, chunk);
    }
}

static size_t reply_bytes(const struct chunk *chunk)
{
    return chunk->facts.text_bytes + (size_t)chunk->facts.open_posts * POST_BYTES + DISPATCH_BYTES;
}

static int64_t lease_ms(const struct scheduler *s)
{
    return s->config.grant_wait_ms + s->config.permit_life_ms + s->config.call_limit_ms +
           LEASE_MARGIN_MS;
}

static void add_grant(struct scheduler *s, struct chunk *chunk, const struct choice *choice)
{
    size_t place = s->batch.count;
    s->batch.ranks_before[place] = book_turn_of(chunk)->rank;
    s->batch.bookings[place] = choice->booking;
    struct batch_item *item = add_item(s, BATCH_GRANT, chunk);
    item->mode = choice->mode;
    item->is_degraded = choice->is_degraded;
    item->lease_ms = (uint32_t)lease_ms(s);
    item->lane = burst_lane_for(s, chunk);
    chunk->lane = (uint8_t)item->lane;
    s->figures.degraded_grants += choice->is_degraded;
    if (choice->mode == MODE_LLM) {
        const struct endpoint_config *endpoint = &s->config.endpoints[choice->booking.endpoint];
        strcpy(item->endpoint, endpoint->name);
        item->prompt_nanos = endpoint->prompt_nanos;
        item->completion_nanos = endpoint->completion_nanos;
        item->reserved_tokens = (uint32_t)choice->booking.charge.tokens;
        item->reserved_micros = choice->booking.charge.micros;
        item->is_probe = choice->booking.is_probe;
        budget_promise(s, book_tenant_of(chunk), &s->batch.bookings[place]);
    }
    queue_charge(&s->queue, chunk, item->reserved_tokens);
    rows_place(s, chunk);
}

/* False = nothing more is to be granted now; of the room one less is left if something was. */
static bool collect_grant(struct scheduler *s, struct chunk *chunk, size_t *bytes, size_t *room)
{
    if (*bytes + reply_bytes(chunk) > REPLY_LIMIT_BYTES)
        return false;
    struct choice choice = choice_of(s, chunk);
    if (choice.kind == CHOICE_GRANT) {
        *bytes += reply_bytes(chunk);
        *room -= 1;
        add_grant(s, chunk, &choice);
    }
    return choice.kind != CHOICE_STOP;
}

static void collect_urgent(struct scheduler *s, size_t bytes, size_t room)
{
    struct choice choice;
    struct chunk *chunk;
    while (room-- > 0 && s->batch.count < BATCH_LIMIT && (chunk = choice_next_urgent(s, &choice))) {
        bytes += reply_bytes(chunk);
        if (bytes > REPLY_LIMIT_BYTES)
            return;
        add_grant(s, chunk, &choice);
    }
}

static void collect_grants(struct scheduler *s)
{
    size_t room = attempts_room_ahead(s), bytes = 0, before = s->batch.count;
    struct chunk *chunk;
    s->budget.stop.is_set = false;
    while (room > 0 && s->batch.count < BATCH_LIMIT && (chunk = queue_next(&s->queue)))
        if (!collect_grant(s, chunk, &bytes, &room)) {
            collect_urgent(s, bytes, room);
            return;
        }
    room = burst_room(s, s->batch.count - before);
    while (room > 0 && s->batch.count < BATCH_LIMIT && (chunk = queue_next_burst(&s->queue)))
        if (!collect_grant(s, chunk, &bytes, &room))
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

/* What was booked for a grant that will not be called. */
static void unbook(struct scheduler *s, struct chunk *chunk, struct booking *booking)
{
    if (booking->stage != BOOKED_PROMISE)
        return;
    budget_withdraw(s, book_tenant_of(chunk), booking);
    budget_give_back(s, chunk, booking);
    endpoints_probe_ended(s, booking);
}

static void on_granted(struct scheduler *s, struct chunk *chunk, size_t i, uint64_t rank_before)
{
    if (chunk->facts.status != CHUNK_IN_FLIGHT || chunk->is_flying) {
        unbook(s, chunk, &s->batch.bookings[i]);
        return; /* the row has moved on since: a later event told */
    }
    struct attempt *attempt =
        attempts_add(s, chunk, ATTEMPT_WAITING, instant_plus_ms(s->batch.asked, lease_ms(s)));
    attempt->rank_before = rank_before;
    attempt->granted = s->batch.asked;
    attempt->booking = s->batch.bookings[i];
    s->figures.grants++;
    bool is_unwanted = job_status_is_terminal(book_job_of(chunk)->status) || s->lead.is_leaving ||
                       orders_is_user_held(s, book_user_of(book_turn_of(chunk))) ||
                       !choice_holds(s, &attempt->booking);
    if (is_unwanted && attempt->mode == MODE_LLM)
        attempts_swear_off(s, attempt);
}

/* The store has answered; what the row now is says what follows. */
static void on_result(struct scheduler *s, size_t i, enum batch_result result, uint64_t rank_before)
{
    struct chunk *chunk = s->batch.chunks[i];
    switch (result) {
    case RESULT_GRANTED:
        on_granted(s, chunk, i, rank_before);
        rows_settle(s, chunk);
        return;
    case RESULT_RELEASED:
        s->figures.released++;
        rows_place(s, chunk); /* it did not fail: nothing to wait for, and its place is kept */
        queue_restore(&s->queue, book_turn_of(chunk), rank_before);
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
    unbook(s, chunk, &s->batch.bookings[i]);
    struct attempt *attempt = book_flight_of(chunk);
    if (attempt && attempt->errand != ERRAND_NONE)
        attempts_retry_errand(s, attempt);
    rows_settle(s, chunk);
    if (chunk->place == PLACE_TURN || chunk->place == PLACE_SPLITS) /* refused: not at once */
        rows_put_off(s, chunk, BUSY_RETRY_MS);
}

static void on_item(struct scheduler *s, size_t i, const struct batch_answer *answer)
{
    struct chunk *chunk = s->batch.chunks[i];
    struct job *job = book_job_of(chunk);
    uint64_t rank_before = s->batch.ranks_before[i];
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
