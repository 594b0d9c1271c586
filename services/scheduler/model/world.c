#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "world.h"

/* Here nothing gets lost, so nothing is looked at again and again for it. */
enum { FOR_EVER_MS = 2000000000, EPOCH = 1, START_MS = 1000 };
/* The core looks at what it has stopped each second: half an hour of nothing else is an end, too.
 */
enum { MOST_VAIN_LOOKS = 1800 };

struct model *model_new(const struct model_options *options)
{
    struct model *model = calloc(1, sizeof(*model));
    CHECK(model);
    model->options = *options;
    model->random = options->seed;
    struct scheduler_config *config = &model->options.config;
    config->lead_lease_ms = FOR_EVER_MS;
    config->reread_ms = config->silent_ms = config->heal_ms = FOR_EVER_MS;
    config->seed = options->seed;
    model->core = scheduler_new(config, (struct instant){START_MS * CLOCK_MS});
    calls_open(&model->calls, options);
    analyzers_begin(model);
    return model;
}

void model_free(struct model **model)
{
    struct model *m = *model;
    *model = NULL;
    if (!m)
        return;
    scheduler_free(&m->core);
    rows_close(m);
    analyzers_close(m);
    calls_close(&m->calls);
    happenings_close(m);
    free(m);
}

size_t model_add_job(struct model *model, const struct model_job *job)
{
    rows_add(model, job);
    return model->job_count - 1;
}

static struct instant now_of(const struct model *model)
{
    return (struct instant){START_MS * CLOCK_MS + model->now_us * 1000};
}

static void answer_lease(struct model *model, const struct action *action)
{
    struct event event = {.kind = EVENT_LEASE,
                          .is_answered = true,
                          .lease = {.is_held = true, .epoch = EPOCH, .asked = action->asked}};
    model_step(model, &event);
}

static void answer_changed(struct model *model)
{
    struct event event = {.kind = EVENT_CHANGED,
                          .is_answered = true,
                          .changed = {.epoch = EPOCH, .now_us = model->now_us, .next_job_id = ""}};
    model_step(model, &event);
}

static void answer_heal(struct model *model)
{
    struct event event = {.kind = EVENT_HEALING, .is_answered = true, .healing.epoch = EPOCH};
    model_step(model, &event);
}

static void perform(struct model *model, const struct action *action)
{
    switch (action->kind) {
    case ACTION_ASK_LEASE:
        answer_lease(model, action);
        return;
    case ACTION_ASK_SNAPSHOT:
        store_answer_snapshot(model, action->epoch);
        return;
    case ACTION_ASK_CHANGED:
        answer_changed(model);
        return;
    case ACTION_ASK_JOB:
        store_answer_job(model, action);
        return;
    case ACTION_ASK_BATCH:
        store_take_batch(model, action);
        return;
    case ACTION_ASK_HEAL:
        answer_heal(model);
        return;
    case ACTION_DISPATCH: {
        struct chunk_row *chunk = rows_find(model, &action->dispatch.id);
        if (chunk && chunk->facts.attempt == action->dispatch.id.attempt)
            analyzers_take(model, chunk);
        return;
    }
    case ACTION_ANSWER:
        analyzers_hear(model, action);
        return;
    case ACTION_RESIGN:
    case ACTION_FORGET:
    case ACTION_EXPLAIN:
    case ACTION_SERVED:
    case ACTION_LEAD:
    case ACTION_YIELD:
        return;
    }
}

/* Actions live until the next step, and performing some takes one: a copy is performed. */
void model_step(struct model *model, struct event *event)
{
    enum { FEW = 8 };
    struct action few[FEW], *kept = few;
    if (model->options.before)
        model->options.before(model->options.context, model->core, event);
    const struct actions *said = scheduler_step(model->core, event, now_of(model));
    if (model->options.after)
        model->options.after(model->options.context, model->core, event, now_of(model), said);
    model->totals.steps++;
    size_t count = said->count;
    if (count > FEW)
        kept = reallocarray(NULL, count, sizeof(kept[0]));
    CHECK(kept);
    memcpy(kept, said->list, count * sizeof(kept[0]));
    for (size_t i = 0; i < count; i++)
        perform(model, &kept[i]);
    if (kept != few)
        free(kept);
}

static void happen(struct model *model, const struct happening *happening)
{
    struct chunk_row *chunk = happening->what;
    switch (happening->kind) {
    case ARRIVES:
        store_tell_job(model, happening->what);
        return;
    case IS_ANSWERED:
        store_answer_batch(model);
        return;
    case IS_OVER:
        analyzers_end_call(model, chunk);
        return;
    case IS_COMMITTED:
        store_commit(model, chunk);
        return;
    case ASKS_AGAIN:
        if (chunk->at == CHUNK_IS_ASKING && chunk->facts.attempt == happening->attempt)
            analyzers_ask(model, chunk, 2);
        return;
    }
}

static int64_t wake_us(const struct model *model)
{
    struct instant wake = scheduler_next_wake(model->core);
    if (wake.ns == INT64_MAX)
        return INT64_MAX;
    return (wake.ns - START_MS * CLOCK_MS + 999) / 1000;
}

/* The next thing that happens, or only time; false: nothing more. */
static bool go_on(struct model *model)
{
    int64_t next_us = happenings_next_us(model), core_us = wake_us(model);
    /* The lease is renewed now and then for ever: that alone is no life. */
    if (next_us == INT64_MAX && (core_us >= model->now_us + FOR_EVER_MS / 10 * INT64_C(1000) ||
                                 ++model->vain_looks > MOST_VAIN_LOOKS))
        return false;
    if (core_us < next_us) {
        model->now_us = core_us > model->now_us ? core_us : model->now_us;
        model_step(model, &(struct event){.kind = EVENT_TIME});
        return true;
    }
    model->now_us = next_us;
    model->vain_looks = 0;
    struct happening happening = happenings_take(model);
    happen(model, &happening);
    return true;
}

void model_run(struct model *model)
{
    store_begin(model);
    analyzers_beat(model);
    model_step(model, &(struct event){.kind = EVENT_TIME});
    uint64_t most = model->options.most_chunks;
    while (model->jobs_left > 0 && (most == 0 || model->totals.chunks < most)) {
        if (!analyzers_go_on(model) && !go_on(model))
            return;
    }
}

struct model_result model_result(const struct model *model, size_t job)
{
    CHECK(job < model->job_count);
    struct model_result result = model->jobs[job]->result;
    result.chunks_left = model->jobs[job]->left;
    return result;
}

struct model_totals model_totals(const struct model *model)
{
    return model->totals;
}
