#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/splitmix.h"
#include "world.h"

/* Calls of one size are those whose text has as many binary digits of bytes. */
static uint32_t size_class_of(uint32_t text_bytes)
{
    uint32_t digits = 0;
    for (; text_bytes > 0; text_bytes >>= 1)
        digits++;
    return digits;
}

void calls_open(struct calls *calls, const struct model_options *options)
{
    size_t counts[SIZE_CLASSES] = {0};
    *calls = (struct calls){.count = options->sample_count, .fixed_us = options->call_us};
    if (calls->count == 0)
        return;
    calls->took_us = reallocarray(NULL, calls->count, sizeof(calls->took_us[0]));
    CHECK(calls->took_us);
    for (size_t i = 0; i < calls->count; i++)
        counts[size_class_of(options->samples[i].text_bytes)]++;
    for (int i = 0; i < SIZE_CLASSES; i++)
        calls->first[i + 1] = calls->first[i] + counts[i];
    for (size_t i = 0; i < calls->count; i++) {
        uint32_t size = size_class_of(options->samples[i].text_bytes);
        calls->took_us[calls->first[size] + --counts[size]] = options->samples[i].took_us;
    }
}

void calls_close(struct calls *calls)
{
    free(calls->took_us);
}

/* Of its size, if there are enough; else of any. */
static void choose(const struct calls *calls, uint32_t text_bytes, size_t *first, size_t *count)
{
    uint32_t size = size_class_of(text_bytes);
    *first = calls->first[size];
    *count = calls->first[size + 1] - *first;
    if (*count >= LEAST_OF_A_SIZE)
        return;
    *first = 0;
    *count = calls->count;
}

/* One that has lasted so long already: of the longer ones, what is left. */
static int64_t draw_rest(struct model *model, size_t first, size_t count, int64_t passed_us)
{
    const uint32_t *took_us = model->calls.took_us + first;
    size_t longer = 0;
    for (size_t i = 0; i < count; i++)
        longer += took_us[i] > passed_us;
    if (longer == 0)
        return passed_us / 4; /* longer than any seen: it may go on for a while */
    size_t chosen = splitmix_next(&model->random) % longer;
    for (size_t i = 0; i < count; i++)
        if (took_us[i] > passed_us && chosen-- == 0)
            return took_us[i] - passed_us;
    CHECK_UNREACHABLE();
}

int64_t calls_draw(struct model *model, const struct chunk_row *chunk, int64_t passed_us)
{
    const struct calls *calls = &model->calls;
    if (chunk->facts.mode == MODE_EMBEDDED)
        return EMBEDDED_US;
    if (chunk->told.call_us > 0 || calls->count == 0) {
        int64_t whole_us = chunk->told.call_us > 0 ? chunk->told.call_us : calls->fixed_us;
        return whole_us > passed_us ? whole_us - passed_us : 0;
    }
    size_t first, count;
    choose(calls, chunk->facts.text_bytes, &first, &count);
    if (passed_us > 0)
        return draw_rest(model, first, count, passed_us);
    return calls->took_us[first + splitmix_next(&model->random) % count];
}
