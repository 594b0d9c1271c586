#include "recorder.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "codes.h"
#include "marks.h"

/* A batch must stay below the broker's limit of 1 MB, whatever its last step was. */
enum { BATCH_BYTES = 64 * 1024, MOST_BATCH_BYTES = 900 * 1000, LONGEST_WAIT_MS = 2000 };

struct recorder {
    struct recorder_options options;
    struct scheduler_config config;
    struct coder coder;
    bool is_recording, is_first;
    uint64_t number;
    uint32_t steps, lost;
    int64_t began_ms;
    struct instant began, last;
    struct action *kept; /* of a chapter's first step */
    size_t capacity;
};

struct recorder *recorder_new(const struct recorder_options *options)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);
    CHECK(recorder);
    recorder->options = *options;
    recorder->config = *options->config;
    return recorder;
}

static void hand_out(struct recorder *recorder)
{
    struct text *written = &recorder->coder.written;
    if (recorder->steps == 0)
        return;
    Tp__TraceBatch batch = TP__TRACE_BATCH__INIT;
    batch.schema_version = SCHEMA_VERSION;
    batch.instance_id = recorder->options.instance_id;
    batch.number = recorder->number + 1;
    batch.format = TRACE_FORMAT;
    batch.lost_steps = recorder->lost;
    batch.at_ms = recorder->began_ms;
    batch.step_count = recorder->steps;
    batch.steps = (ProtobufCBinaryData){.len = written->length, .data = (uint8_t *)written->chars};
    bool is_taken = written->length <= MOST_BATCH_BYTES &&
                    recorder->options.take(recorder->options.context, &batch);
    recorder->lost = is_taken ? 0 : recorder->lost + recorder->steps;
    recorder->number += is_taken;
    recorder->steps = 0;
    coder_clear(&recorder->coder);
}

void recorder_free(struct recorder **recorder)
{
    if (!*recorder)
        return;
    hand_out(*recorder);
    coder_close(&(*recorder)->coder);
    free((*recorder)->kept);
    free(*recorder);
    *recorder = NULL;
}

/* The first of a batch tells when it was, each other one how long after the one before. */
static void mark(struct recorder *recorder, enum trace_mark what, struct instant now)
{
    if (recorder->steps == 0) {
        recorder->began = now;
        recorder->began_ms = recorder->options.wall_ms();
        recorder->last = (struct instant){0};
    }
    enum trace_mark told = what;
    CODE_ENUM(&recorder->coder, told, TRACE_MARKS);
    int64_t passed_ns = now.ns - recorder->last.ns;
    code_i64(&recorder->coder, &passed_ns);
    recorder->last = now;
    recorder->steps++;
}

struct analyzers_heard {
    struct analyzer_facts *list;
    size_t count, capacity;
};

static void keep_analyzer(void *context, const char *instance_id, uint32_t slots,
                          struct instant heard)
{
    struct analyzers_heard *all = context;
    if (all->count == all->capacity) {
        all->capacity = all->capacity ? all->capacity * 2 : 16;
        all->list = reallocarray(all->list, all->capacity, sizeof *all->list);
        CHECK(all->list);
    }
    struct analyzer_facts *analyzer = &all->list[all->count++];
    *analyzer = (struct analyzer_facts){.slots = slots, .heard = heard};
    strcpy(analyzer->instance_id, instance_id);
}

void recorder_begin(struct recorder *recorder, const struct scheduler *core,
                    const struct event *event)
{
    if (!scheduler_is_beginning(core, event))
        return;
    hand_out(recorder);
    struct analyzers_heard analyzers = {0};
    struct scheduler_start start;
    scheduler_describe_start(core, &start);
    scheduler_each_analyzer(core, keep_analyzer, &analyzers);
    start.analyzers = analyzers.list;
    start.analyzer_count = analyzers.count;
    mark(recorder, MARK_START, start.now);
    code_start(&recorder->coder, &recorder->config, &start);
    free(analyzers.list);
    recorder->is_recording = recorder->is_first = true;
}

/* What an earlier lead leaves behind is not of this chapter (scheduler_new_from()). */
struct actions trace_first_actions(const struct actions *actions, struct action **room,
                                   size_t *capacity)
{
    if (*capacity < actions->count) {
        *capacity = actions->count;
        *room = reallocarray(*room, *capacity, sizeof **room);
        CHECK(*room);
    }
    struct actions kept = {.list = *room};
    for (size_t i = 0; i < actions->count; i++)
        if (actions->list[i].kind != ACTION_FORGET && actions->list[i].kind != ACTION_YIELD)
            kept.list[kept.count++] = actions->list[i];
    return kept;
}

void recorder_end(struct recorder *recorder, const struct scheduler *core,
                  const struct event *event, struct instant now, const struct actions *actions)
{
    if (!recorder->is_recording)
        return;
    mark(recorder, MARK_STEP, now);
    struct event told = *event;
    struct actions said = *actions;
    if (recorder->is_first)
        said = trace_first_actions(actions, &recorder->kept, &recorder->capacity);
    recorder->is_first = false;
    code_event(&recorder->coder, &told);
    code_actions(&recorder->coder, &said);
    recorder->is_recording = scheduler_is_in_epoch(core);
    if (recorder->coder.written.length >= BATCH_BYTES || !recorder->is_recording)
        hand_out(recorder);
}

void recorder_tend(struct recorder *recorder, struct instant now)
{
    if (recorder->steps > 0 && instant_ms_between(recorder->began, now) >= LONGEST_WAIT_MS)
        hand_out(recorder);
}
