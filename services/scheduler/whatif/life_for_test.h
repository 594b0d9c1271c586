/* A life of the model on a tape, and the history read from it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "trace/tape_for_test.h"
#include "whatif.h"

enum { STEP_US = 4000 };

struct life {
    struct recorder *recorder;
    struct tape tape;
    struct model_options options;
    struct model_totals totals;
    struct history history;
};

static inline void life_before(void *context, const struct scheduler *core,
                               const struct event *event)
{
    struct life *life = context;
    recorder_begin(life->recorder, core, event);
}

static inline void life_after(void *context, const struct scheduler *core,
                              const struct event *event, struct instant now,
                              const struct actions *actions)
{
    struct life *life = context;
    recorder_end(life->recorder, core, event, now, actions);
}

/* One analyzer, five slots, an endpoint; to be changed before the life is lived. */
static inline struct life life_planned(uint32_t call_us)
{
    struct life life = {.options = {.config = SCHEDULER_DEFAULTS,
                                    .analyzers = 1,
                                    .slots = 5,
                                    .call_us = call_us,
                                    .batch_us = STEP_US / 2,
                                    .commit_us = STEP_US / 2,
                                    .before = life_before,
                                    .after = life_after,
                                    .seed = 1}};
    struct scheduler_config *config = &life.options.config;
    config->silent_ms = INT32_MAX; /* the analyzers of a model beat but once */
    config->endpoint_count = 1;
    strcpy(config->endpoints[0].name, "main");
    config->endpoints[0].prompt_nanos = 150;
    config->endpoints[0].completion_nanos = 600;
    return life;
}

static inline struct recorder *life_recorder(struct life *life)
{
    return recorder_new(&(struct recorder_options){.instance_id = "brain",
                                                   .config = &life->options.config,
                                                   .take = tape_take,
                                                   .context = &life->tape,
                                                   .wall_ms = tape_wall_ms});
}

static inline void life_read(struct life *life)
{
    SCOPED(trace_close) struct trace *trace = NULL;
    struct error why;
    if (!trace_open_bytes(life->tape.file.chars, life->tape.file.length, &trace, &why) ||
        !history_read(trace, &life->history, &why))
        fail_msg("%s", why.message);
}

static inline void life_live(struct life *life, void (*add_jobs)(struct model *model))
{
    life->options.context = life;
    life->recorder = life_recorder(life);
    struct model *model = model_new(&life->options);
    add_jobs(model);
    model_run(model);
    life->totals = model_totals(model);
    model_free(&model);
    recorder_free(&life->recorder);
    life_read(life);
}

static inline void life_forget(struct life *life)
{
    history_free(&life->history);
    text_free(&life->tape.file);
}

static inline void expect_about(double is, double wanted)
{
    if (is < 0.95 * wanted || is > 1.05 * wanted)
        fail_msg("%.3f, not about %.3f", is, wanted);
}
