/* What the store says becomes what we know. A higher version is newer, whichever way it came. */
#include <string.h>

#include "base/check.h"
#include "retry.h"
#include "state.h"

/* Longer than any reading is waited for (errands.c). */
enum { OVER_KEPT_MS = 10000 };

static bool is_left_waiting(struct user *user)
{
    for (struct turn *turn = book_first_turn(user); turn; turn = book_turn_after(turn))
        if (turn->waiting > 0)
            return user->occupied == 0;
    return false;
}

/* Keeps the counts of users and queue right as a chunk comes and goes. */
static void count(struct scheduler *s, struct chunk *chunk, bool is_waiting, bool is_occupying)
{
    struct turn *turn = book_turn_of(chunk);
    struct user *user = book_user_of(turn);
    bool was_left_waiting = is_left_waiting(user), was_active = user->occupied > 0;
    if (chunk->is_waiting != is_waiting) {
        chunk->is_waiting = is_waiting;
        turn->waiting += is_waiting ? 1 : UINT32_MAX;
        s->book.queued[book_job_of(chunk)->service_class] += is_waiting ? 1 : SIZE_MAX;
    }
    bool has_changed = chunk->is_occupying != is_occupying;
    if (has_changed) {
        chunk->is_occupying = is_occupying;
        user->occupied = (uint16_t)(user->occupied + (is_occupying ? 1 : -1));
        book_job_of(chunk)->in_hand += is_occupying ? 1 : UINT32_MAX;
        queue_occupy(&s->queue, turn, is_occupying ? 1 : -1);
    }
    bool is_active = user->occupied > 0;
    s->book.waiting_users += (size_t)is_left_waiting(user) - (size_t)was_left_waiting;
    s->book.active_users += (size_t)is_active - (size_t)was_active;
    if (has_changed)
        queue_user_changed(&s->queue, user);
}

static void lift(struct scheduler *s, struct chunk *chunk)
{
    switch (chunk->place) {
    case PLACE_NOWHERE:
        return;
    case PLACE_TURN:
        queue_remove(&s->queue, chunk);
        break;
    case PLACE_WAITING:
        heap_remove(&s->waiting, &chunk->node);
        break;
    case PLACE_SPLITS:
        heap_remove(&s->splits, &chunk->node);
        break;
    }
    chunk->place = PLACE_NOWHERE;
}

static bool may_wait(const struct chunk *chunk)
{
    return chunk->facts.status == CHUNK_READY && !chunk->is_in_batch &&
           !job_status_is_terminal(book_job_of(chunk)->status);
}

static void place_until(struct scheduler *s, struct chunk *chunk, struct instant due)
{
    /* Counted first: who is in service leaves the order once, not with its next chunk again. */
    count(s, chunk, may_wait(chunk), chunk->facts.status == CHUNK_IN_FLIGHT || chunk->is_in_batch);
    lift(s, chunk);
    if (!may_wait(chunk)) {
        if (!chunk->is_occupying)
            queue_withdraw(&s->queue, chunk); /* it is over, by whomever */
        return;
    }
    if (instant_is_before(s->now, due)) {
        heap_add(&s->waiting, &chunk->node, key_of(due));
        chunk->place = PLACE_WAITING;
    } else if (retry_must_split(&chunk->facts)) {
        heap_add(&s->splits, &chunk->node, book_job_of(chunk)->order);
        chunk->place = PLACE_SPLITS;
    } else {
        queue_add(&s->queue, chunk);
        chunk->place = PLACE_TURN;
    }
}

void rows_place(struct scheduler *s, struct chunk *chunk)
{
    place_until(s, chunk, s->now);
}

void rows_put_off(struct scheduler *s, struct chunk *chunk, int64_t wait_ms)
{
    place_until(s, chunk, instant_plus_ms(s->now, wait_ms));
}

void rows_tend(struct scheduler *s)
{
    struct heap_node *first;
    while ((first = heap_first(&s->waiting)) && heap_first_key(&s->waiting) <= key_of(s->now))
        rows_place(s, HEAP_OWNER(first, struct chunk, node));
    while ((first = heap_take_until(&s->book.over, key_of(s->now)))) {
        struct job *job = HEAP_OWNER(first, struct job, first.node);
        if (job->in_hand == 0) /* else it comes back when it is out of hand */
            book_drop_job(&s->book, job);
    }
}

/* When a chunk that has just become ready again is due (rule 6). */
static struct instant due_of(struct scheduler *s, struct chunk *chunk)
{
    int64_t wait_ms = retry_wait_ms(&chunk->facts, &s->random);
    if (retry_must_split(&chunk->facts))
        return s->now; /* the parts are new: nothing to wait for */
    struct instant due = instant_plus_ms(s->now, wait_ms);
    struct instant deadline = book_deadline(book_job_of(chunk));
    bool may_end_first = deadline.ns != INT64_MAX && book_has_stand_in(book_job_of(chunk));
    int64_t left_ms = may_end_first ? instant_ms_between(due, deadline) : INT64_MAX;
    chunk->is_by_embedded = retry_mode(&chunk->facts, left_ms) == MODE_EMBEDDED;
    return chunk->is_by_embedded ? s->now : due;
}

/* What flies again cannot be forgotten: its job comes back when it is out of hand. */
static void recall(struct scheduler *s, struct job *job)
{
    if (job_status_is_terminal(job->status) && !job->first.is_flying && heap_has(&job->first.node))
        heap_remove(&s->book.over, &job->first.node);
}

void rows_settle(struct scheduler *s, struct chunk *chunk)
{
    place_until(s, chunk, chunk->facts.status == CHUNK_READY ? due_of(s, chunk) : s->now);
    if (chunk->facts.status != CHUNK_IN_FLIGHT || chunk->is_flying)
        return;
    /* A grant of ours has got its attempt from the batch's answer; any other is not ours. */
    recall(s, book_job_of(chunk));
    rebuild_adopt(s, attempts_add(s, chunk, ATTEMPT_FOREIGN,
                                  instant_plus_ms(s->now, chunk->facts.due_in_ms)));
}

void rows_apply_chunk(struct scheduler *s, struct job *job, const struct chunk_facts *facts)
{
    if (facts->number >= 1u << CHUNK_NUMBER_BITS)
        return;
    struct chunk *chunk = book_chunk(job, facts->number);
    if (!chunk)
        chunk = book_add_chunk(job, facts->number);
    else if (facts->version <= chunk->facts.version)
        return;
    book_keep_row(chunk, facts);
    chunk->is_of_this_epoch = facts->epoch == s->lead.epoch;
    bool is_in_flight = facts->status == CHUNK_IN_FLIGHT;
    if (is_in_flight)
        chunk->lane = (uint8_t)(facts->lane < MOST_LANES ? facts->lane : MOST_LANES - 1);
    const struct attempt *attempt = book_flight_of(chunk);
    if (attempt && (!is_in_flight || attempt->number != facts->attempt)) {
        pace_note_commit(s, attempt);
        attempts_drop(s, chunk);
    }
    if (!chunk->is_in_batch)
        rows_settle(s, chunk);
}

void rows_set_job_status(struct scheduler *s, struct job *job, enum job_status status)
{
    if (job_status_is_terminal(job->status))
        return;
    job->status = status;
    if (!job_status_is_terminal(status))
        return;
    (void)book_end_waiting(&s->book, job);
    for (uint32_t i = 0; i < job->chunk_count; i++) {
        struct chunk *chunk = book_chunk_at(job, i);
        struct attempt *attempt = book_flight_of(chunk);
        if (attempt && attempt->phase == ATTEMPT_WAITING && attempt->mode == MODE_LLM)
            attempts_swear_off(s, attempt);
        rows_place(s, chunk);
    }
}

/* A reading asked for before the job's end may still be on its way and tell of a chunk in flight;
 * to a leader that had forgotten the job, its user would seem to be served for ever. */
void rows_end_if_over(struct scheduler *s, struct job *job)
{
    if (job_status_is_terminal(job->status) && job->in_hand == 0)
        heap_set(&s->book.over, &job->first.node, key_of(instant_plus_ms(s->now, OVER_KEPT_MS)));
}

/* Is there anything to do about a job we do not know? */
static bool is_of_interest(const struct job_facts *facts)
{
    if (!job_status_is_terminal(facts->status))
        return true;
    for (size_t i = 0; i < facts->chunk_count; i++)
        if (facts->chunks[i].status == CHUNK_IN_FLIGHT)
            return true;
    return false;
}

/* As it was found, or made known. */
static struct job *known(struct scheduler *s, struct job *job, const struct job_facts *facts)
{
    if (job || !is_of_interest(facts))
        return job;
    job = book_add_job(&s->book, facts, s->now);
    if (book_user_of(job->turn)->jobs == 1)
        orders_greet(s, book_user_of(job->turn));
    if (facts->status == JOB_QUEUED)
        book_await_service(&s->book, job);
    return job;
}

static void apply(struct scheduler *s, struct job *job, const struct job_facts *facts)
{
    rows_set_job_status(s, job, facts->status);
    for (size_t i = 0; i < facts->chunk_count; i++)
        rows_apply_chunk(s, job, &facts->chunks[i]);
    rows_end_if_over(s, job);
}

void rows_apply_job(struct scheduler *s, const struct job_facts *facts)
{
    struct job *job = known(s, book_job(&s->book, facts->job_id), facts);
    if (!job)
        return;
    job->is_asked_for = false;
    if (facts->event_number > job->event_number)
        job->event_number = facts->event_number;
    apply(s, job, facts);
}

/* Events are applied by number, and what is missing between them is asked of the store (step 2).
 * What a later event tells of is true in any case: versions say what is newer. */
void rows_on_event(struct scheduler *s, const struct job_facts *facts, uint32_t number)
{
    struct job *job = book_job(&s->book, facts->job_id);
    if (job && number <= job->event_number)
        return;
    job = known(s, job, facts);
    if (!job)
        return;
    bool is_next = number == job->event_number + 1;
    apply(s, job, facts);
    if (is_next) {
        job->event_number = number;
    } else if (!job->is_asked_for) {
        job->is_asked_for = true;
        struct action *ask = say(s, ACTION_ASK_JOB);
        strcpy(ask->job_id, facts->job_id);
    }
}

void rows_on_job(struct scheduler *s, const char *job_id, const struct job_facts *facts)
{
    struct job *job = book_job(&s->book, job_id);
    if (job)
        job->is_asked_for = false;
    if (facts)
        rows_apply_job(s, facts);
}

static void empty_hands(void *context, struct job *job)
{
    struct scheduler *s = context;
    for (uint32_t i = 0; i < job->chunk_count; i++) {
        struct chunk *chunk = book_chunk_at(job, i);
        lift(s, chunk);
        if (chunk->is_flying)
            attempts_drop(s, chunk);
        count(s, chunk, false, false);
    }
}

void rows_forget_all(struct scheduler *s)
{
    book_each_job(&s->book, empty_hands, s);
    book_free(&s->book);
    queue_forget(&s->queue);
    controls_free(&s->controls);
}
