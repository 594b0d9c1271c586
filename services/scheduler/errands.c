#include "errands.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "letters.h"
#include "log/log.h"
#include "metrics.h"
#include "store_client/store_client.h"
#include "translate.h"

enum {
    QUESTIONS_WAITING = 1024,
    BATCH_TIMEOUT_MS = 2000,
    READ_TIMEOUT_MS = 5000,
    CONNECT_TIMEOUT_MS = 5000,
    ASKS_PER_LEASE = 3,
    CLERK_STACK_BYTES = 256 * 1024,
};

struct question {
    struct action action;
    struct arena *arena; /* of the question and, later, of the answer */
};

struct clerk {
    const struct errands_options *options;
    struct mailbox *questions;
    void (*begin)(struct bus *bus); /* before its first question; may be NULL */
    pthread_t thread;
    bool is_unheard; /* its last question got no answer; a silence is told once */
};

enum { CLERK_LEASE, CLERK_BATCH, CLERK_READING, CLERKS };

struct errands {
    struct errands_options options;
    struct clerk clerks[CLERKS];
};

static void question_free(struct question **question)
{
    if (*question == NULL)
        return;
    arena_close(&(*question)->arena);
    free(*question);
    *question = NULL;
}

/* ---- what each question is; true if it was answered ---- */

static bool ask_lease(const struct errands_options *options, struct question *question,
                      struct letter *letter, struct error *why)
{
    Tp__LeaseAsk ask = TP__LEASE_ASK__INIT;
    ask.holder = options->holder;
    ask.life_ms = (uint32_t)options->lead_lease_ms;
    ask.resign = question->action.kind == ACTION_RESIGN;
    letter->event.kind = EVENT_LEASE;
    letter->event.lease.asked = question->action.asked;
    const Tp__LeaseReply *reply;
    if (!store_lease(options->bus, &ask, options->lead_lease_ms / ASKS_PER_LEASE, NULL,
                     question->arena, &reply, why))
        return false;
    letter->event.lease.is_held = reply->is_held;
    letter->event.lease.epoch = reply->epoch;
    letter->event.lease.left_ms = reply->left_ms;
    return true;
}

static bool ask_batch(const struct errands_options *options, struct question *question,
                      struct letter *letter, struct error *why)
{
    const struct action *action = &question->action;
    Tp__Batch batch = TP__BATCH__INIT;
    batch.holder = options->holder;
    batch.epoch = action->epoch;
    batch.sequence = action->batch.sequence;
    batch.items = translate_items(question->arena, action->batch.items, action->batch.count);
    batch.n_items = action->batch.count;
    letter->event.kind = EVENT_BATCH;
    letter->event.batch.epoch = action->epoch;
    letter->event.batch.sequence = action->batch.sequence;
    const Tp__BatchReply *reply;
    struct instant asked = clock_now();
    bool is_answered =
        store_batch(options->bus, &batch, BATCH_TIMEOUT_MS, NULL, question->arena, &reply, why);
    scheduler_metrics_batch((double)(clock_now().ns - asked.ns) / 1e9);
    if (!is_answered)
        return false;
    if (!translate_answers(question->arena, reply, &letter->event))
        return error_set(why, ERROR_INTERNAL, "the store's answer to a batch is none");
    letter->granted = reply;
    return true;
}

static bool ask_snapshot(const struct errands_options *options, struct question *question,
                         struct letter *letter, struct error *why)
{
    Tp__SnapshotAsk ask = TP__SNAPSHOT_ASK__INIT;
    ask.epoch = question->action.epoch;
    ask.cursor = question->action.cursor;
    letter->event.kind = EVENT_SNAPSHOT;
    letter->event.snapshot.epoch = question->action.epoch;
    const Tp__SnapshotReply *reply;
    if (!store_snapshot(options->bus, &ask, READ_TIMEOUT_MS, NULL, question->arena, &reply, why))
        return false;
    letter->event.snapshot.is_fenced = reply->is_fenced;
    letter->event.snapshot.now_us = reply->now_us;
    letter->event.snapshot.jobs = translate_jobs(question->arena, reply->jobs, reply->n_jobs);
    letter->event.snapshot.job_count = reply->n_jobs;
    letter->event.snapshot.calls = translate_calls(question->arena, reply->calls, reply->n_calls);
    letter->event.snapshot.call_count = reply->n_calls;
    letter->event.snapshot.spends =
        translate_spends(question->arena, reply->spends, reply->n_spends);
    letter->event.snapshot.spend_count = reply->n_spends;
    letter->event.snapshot.controls =
        translate_controls(question->arena, reply->controls, reply->n_controls);
    letter->event.snapshot.control_count = reply->n_controls;
    letter->event.snapshot.ended = translate_ended(question->arena, reply->ended, reply->n_ended);
    letter->event.snapshot.ended_count = reply->n_ended;
    letter->event.snapshot.next_cursor = reply->next_cursor;
    return true;
}

static bool ask_changed(const struct errands_options *options, struct question *question,
                        struct letter *letter, struct error *why)
{
    Tp__ChangedAsk ask = TP__CHANGED_ASK__INIT;
    ask.since_us = question->action.changed.since_us;
    ask.after_job_id = question->action.changed.after_job_id;
    letter->event.kind = EVENT_CHANGED;
    letter->event.changed.epoch = question->action.epoch;
    const Tp__ChangedReply *reply;
    if (!store_changed(options->bus, &ask, READ_TIMEOUT_MS, NULL, question->arena, &reply, why))
        return false;
    letter->event.changed.now_us = reply->now_us;
    letter->event.changed.jobs = translate_jobs(question->arena, reply->jobs, reply->n_jobs);
    letter->event.changed.job_count = reply->n_jobs;
    letter->event.changed.controls =
        translate_controls(question->arena, reply->controls, reply->n_controls);
    letter->event.changed.control_count = reply->n_controls;
    letter->event.changed.next_job_id = reply->next_job_id;
    return true;
}

static bool ask_job(const struct errands_options *options, struct question *question,
                    struct letter *letter, struct error *why)
{
    Tp__JobStateAsk ask = TP__JOB_STATE_ASK__INIT;
    ask.job_id = question->action.job_id;
    letter->event.kind = EVENT_JOB;
    letter->event.job.epoch = question->action.epoch;
    strcpy(letter->event.job.job_id, question->action.job_id);
    const Tp__JobStateReply *reply;
    if (!store_job_state(options->bus, &ask, READ_TIMEOUT_MS, NULL, question->arena, &reply, why))
        return false;
    letter->event.job.job = translate_jobs(question->arena, (Tp__JobState *const *)&reply->job, 1);
    return true;
}

static bool ask_heal(const struct errands_options *options, struct question *question,
                     struct letter *letter, struct error *why)
{
    Tp__HealAsk ask = TP__HEAL_ASK__INIT;
    ask.epoch = question->action.epoch;
    ask.most_posts = question->action.most_posts;
    letter->event.kind = EVENT_HEALING;
    letter->event.healing.epoch = question->action.epoch;
    const Tp__HealReply *reply;
    if (!store_heal(options->bus, &ask, READ_TIMEOUT_MS, NULL, question->arena, &reply, why))
        return false;
    /* Who is fenced off learns it with its lease; of healing there is nothing more to do for it. */
    letter->event.healing.posts = reply->is_fenced ? 0 : reply->posts;
    letter->event.healing.has_more = reply->has_more && !reply->is_fenced;
    return true;
}

static bool ask(const struct errands_options *options, struct question *question,
                struct letter *letter, struct error *why)
{
    switch (question->action.kind) {
    case ACTION_ASK_LEASE:
    case ACTION_RESIGN:
        return ask_lease(options, question, letter, why);
    case ACTION_ASK_BATCH:
        return ask_batch(options, question, letter, why);
    case ACTION_ASK_SNAPSHOT:
        return ask_snapshot(options, question, letter, why);
    case ACTION_ASK_CHANGED:
        return ask_changed(options, question, letter, why);
    case ACTION_ASK_JOB:
        return ask_job(options, question, letter, why);
    case ACTION_ASK_HEAL:
        return ask_heal(options, question, letter, why);
    case ACTION_DISPATCH:
    case ACTION_FORGET:
    case ACTION_ANSWER:
    case ACTION_EXPLAIN:
    case ACTION_SERVED:
    case ACTION_LEAD:
    case ACTION_YIELD:
        break;
    }
    CHECK_UNREACHABLE();
}

static const char *name_of(enum action_kind kind)
{
    static const char *const NAMES[] = {
        [ACTION_ASK_LEASE] = "lease",       [ACTION_RESIGN] = "resign",
        [ACTION_ASK_SNAPSHOT] = "snapshot", [ACTION_ASK_CHANGED] = "changed",
        [ACTION_ASK_JOB] = "job_state",     [ACTION_ASK_BATCH] = "batch",
        [ACTION_ASK_HEAL] = "heal",
    };
    return NAMES[kind];
}

static void tell(struct clerk *clerk, enum action_kind kind, bool is_answered,
                 const struct error *why)
{
    if (!is_answered && !clerk->is_unheard)
        log_warn("store.unanswered", LOG_TEXT("question", name_of(kind)), LOG_WHY(why));
    else if (is_answered && clerk->is_unheard)
        log_info("store.answers", LOG_TEXT("question", name_of(kind)));
    clerk->is_unheard = !is_answered;
}

static void carry_on(struct clerk *clerk, struct question *question)
{
    const struct errands_options *options = clerk->options;
    struct letter letter = {0};
    struct error why;
    letter.event.is_answered = ask(options, question, &letter, &why);
    tell(clerk, question->action.kind, letter.event.is_answered, &why);
    letter.arena = TAKE(question->arena);
    if (question->action.kind == ACTION_RESIGN)
        arena_close(&letter.arena); /* nobody waits for it any more */
    else
        letter_post(options->mailbox, &letter);
}

/* The streams should be there before the first dispatch; if not, whoever misses one makes it. */
static void provision(struct bus *bus)
{
    struct error why;
    if (bus_wait_connected(bus, CONNECT_TIMEOUT_MS) && !bus_provision(bus, &why))
        log_warn("streams.unprovisioned", LOG_WHY(&why));
}

static void *work(void *context)
{
    struct clerk *clerk = context;
    if (clerk->begin)
        clerk->begin(clerk->options->bus);
    static const struct instant FOR_EVER = {INT64_MAX};
    struct question *question;
    while ((question = mailbox_take(clerk->questions, FOR_EVER)) != NULL) {
        carry_on(clerk, question);
        question_free(&question);
    }
    return NULL;
}

/* ---- the owner thread's side ---- */

static struct clerk *clerk_of(struct errands *errands, enum action_kind kind)
{
    if (kind == ACTION_ASK_LEASE || kind == ACTION_RESIGN)
        return &errands->clerks[CLERK_LEASE];
    return &errands->clerks[kind == ACTION_ASK_BATCH ? CLERK_BATCH : CLERK_READING];
}

void errands_send(struct errands *errands, const struct action *action)
{
    SCOPED(question_free) struct question *question = calloc(1, sizeof *question);
    CHECK(question);
    question->arena = arena_open(LETTER_CAP_BYTES);
    question->action = *action;
    struct action *kept = &question->action;
    if (action->kind == ACTION_ASK_BATCH) {
        struct batch_item *items =
            arena_array(question->arena, struct batch_item, action->batch.count);
        memcpy(items, action->batch.items, action->batch.count * sizeof *items);
        kept->batch.items = items;
    } else if (action->kind == ACTION_ASK_SNAPSHOT) {
        kept->cursor = arena_string(question->arena, action->cursor);
    } else if (action->kind == ACTION_ASK_CHANGED) {
        kept->changed.after_job_id = arena_string(question->arena, action->changed.after_job_id);
    }
    /* Only leases and single jobs can pile up; both are asked again, or read again, anyway. */
    if (mailbox_post(clerk_of(errands, action->kind)->questions, question))
        (void)TAKE(question);
}

struct errands *errands_open(const struct errands_options *options)
{
    struct errands *errands = calloc(1, sizeof *errands);
    CHECK(errands);
    errands->options = *options;
    pthread_attr_t small;
    CHECK(pthread_attr_init(&small) == 0);
    CHECK(pthread_attr_setstacksize(&small, CLERK_STACK_BYTES) == 0);
    for (int i = 0; i < CLERKS; i++) {
        struct clerk *clerk = &errands->clerks[i];
        clerk->options = &errands->options;
        clerk->begin = i == CLERK_BATCH ? provision : NULL;
        clerk->questions = mailbox_new(QUESTIONS_WAITING);
        CHECK(pthread_create(&clerk->thread, &small, work, clerk) == 0);
    }
    CHECK(pthread_attr_destroy(&small) == 0);
    return errands;
}

void errands_close(struct errands **errands)
{
    if (*errands == NULL)
        return;
    for (int i = 0; i < CLERKS; i++)
        mailbox_close((*errands)->clerks[i].questions);
    for (int i = 0; i < CLERKS; i++) {
        CHECK(pthread_join((*errands)->clerks[i].thread, NULL) == 0);
        mailbox_free(&(*errands)->clerks[i].questions);
    }
    free(*errands);
    *errands = NULL;
}
