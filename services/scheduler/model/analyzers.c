#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "world.h"

/* A parked ask is repeated well within its permit's life. */
enum { ASKS_PER_LIFE = 3 };

void analyzers_begin(struct model *model)
{
    model->free_slots += model->options.analyzers * model->options.slots;
    for (int i = 0; i < CLASSES; i++)
        model->work[i].last = &model->work[i].first;
}

void analyzers_close(struct model *model)
{
    free((void *)model->asking);
}

void analyzers_beat(struct model *model)
{
    for (uint32_t i = 0; i < model->options.analyzers; i++) {
        struct event event = {.kind = EVENT_HEARTBEAT, .heartbeat.slots = model->options.slots};
        snprintf(event.heartbeat.instance_id, INSTANCE_ID_SIZE, "analyzer-%u", i + 1);
        model_step(model, &event);
    }
}

static void grow_asking(struct model *model)
{
    size_t capacity = model->asking_capacity ? model->asking_capacity * 2 : 64;
    struct chunk_row **grown = reallocarray(NULL, capacity, sizeof(struct chunk_row *));
    CHECK(grown);
    for (size_t i = 0; i < model->asking_count; i++)
        grown[i] = model->asking[(model->asking_head + i) % model->asking_capacity];
    free((void *)model->asking);
    model->asking = grown;
    model->asking_head = 0;
    model->asking_capacity = capacity;
}

/* It has a slot now. */
static void begin(struct model *model, struct chunk_row *chunk)
{
    CHECK(model->free_slots > 0);
    model->free_slots--;
    if (chunk->facts.mode == MODE_EMBEDDED) {
        chunk->at = CHUNK_IS_CALLING;
        model_happens_in(model, calls_draw(model, chunk, 0), IS_OVER, chunk, chunk->facts.attempt);
        return;
    }
    chunk->at = CHUNK_IS_ASKING;
    if (model->asking_count == model->asking_capacity)
        grow_asking(model);
    model->asking[(model->asking_head + model->asking_count++) % model->asking_capacity] = chunk;
}

static struct chunk_row *take_work(struct model *model)
{
    for (int i = 0; i < CLASSES; i++) {
        struct chunk_row *chunk = model->work[i].first;
        if (!chunk)
            continue;
        model->work[i].first = chunk->behind;
        if (!model->work[i].first)
            model->work[i].last = &model->work[i].first;
        chunk->behind = NULL;
        return chunk;
    }
    return NULL;
}

static void fill_slots(struct model *model)
{
    struct chunk_row *chunk;
    while (model->free_slots > 0 && (chunk = take_work(model)))
        begin(model, chunk);
}

void analyzers_take(struct model *model, struct chunk_row *chunk)
{
    if (chunk->at != CHUNK_IS_IDLE)
        return; /* published again */
    chunk->at = CHUNK_IS_DISPATCHED;
    int own = (int)chunk->job->told.service_class;
    *model->work[own].last = chunk;
    model->work[own].last = &chunk->behind;
    fill_slots(model);
}

static struct event ask_of(const struct chunk_row *chunk, uint32_t ask_number)
{
    struct event event = {.kind = EVENT_PERMIT_ASK,
                          .ask = {.id = rows_attempt(chunk),
                                  .ask_number = ask_number,
                                  .is_free = told_is_free(chunk)}};
    strcpy(event.ask.instance_id, "analyzer-1");
    return event;
}

void analyzers_ask(struct model *model, struct chunk_row *chunk, uint32_t ask_number)
{
    uint32_t attempt = chunk->facts.attempt;
    struct event event = ask_of(chunk, ask_number);
    model_step(model, &event);
    if (chunk->at == CHUNK_IS_ASKING && chunk->facts.attempt == attempt)
        model_happens_in(model, model->options.config.permit_life_ms * 1000 / ASKS_PER_LIFE,
                         ASKS_AGAIN, chunk, attempt);
}

bool analyzers_go_on(struct model *model)
{
    if (model->asking_count == 0)
        return false;
    struct chunk_row *chunk = model->asking[model->asking_head];
    model->asking_head = (model->asking_head + 1) % model->asking_capacity;
    model->asking_count--;
    if (chunk->at == CHUNK_IS_ASKING)
        analyzers_ask(model, chunk, 1);
    return true;
}

void analyzers_hear(struct model *model, const struct action *action)
{
    struct chunk_row *chunk = rows_find(model, &action->answer.id);
    if (!chunk || chunk->at != CHUNK_IS_ASKING || chunk->facts.attempt != action->answer.id.attempt)
        return;
    if (!action->answer.is_permitted) {
        chunk->at = CHUNK_IS_IDLE;
        model->free_slots++;
        fill_slots(model);
        return;
    }
    told_begin(chunk);
    int64_t call_us = told_length_us(model, chunk);
    chunk->at = CHUNK_IS_CALLING;
    model->totals.call_us += call_us;
    model_happens_in(model, call_us, IS_OVER, chunk, chunk->facts.attempt);
}

void analyzers_end_call(struct model *model, struct chunk_row *chunk)
{
    struct event event = {.kind = EVENT_OUTCOME, .outcome = told_end(model, chunk)};
    chunk->at = CHUNK_IS_IDLE;
    model->totals.embedded += chunk->facts.mode == MODE_EMBEDDED;
    model->free_slots++;
    model_happens_in(model, model->options.commit_us, IS_COMMITTED, chunk, chunk->facts.attempt);
    model_step(model, &event);
    fill_slots(model);
}
