/* Any bytes: a trace that can be read, or one that is refused; nothing else. */
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "messages/messages.h"
#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const void *bytes, size_t length)
{
    SCOPED(trace_close) struct trace *trace = NULL;
    struct error why;
    if (!trace_open_bytes(bytes, length, &trace, &why))
        return;
    struct trace_record record;
    int64_t last = 0;
    while (trace_next(trace, &record, &why) && record.kind != TRACE_END) {
        CHECK(record.instance_id);
        if (record.kind == TRACE_STEP || record.kind == TRACE_START)
            last |= record.now.ns;
    }
    CHECK(last >= 0);
}

/* As a whole file, and as the steps of one batch, so that the fuzzer gets behind the wrapping. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_all(data, size);
    if (size == 0 || size > MESSAGE_MAX_BYTES / 2)
        return 0;
    SCOPED(arena_close) struct arena *arena = arena_open(4 << 20);
    Tp__TraceBatch batch = TP__TRACE_BATCH__INIT;
    batch.schema_version = SCHEMA_VERSION;
    batch.instance_id = "fuzz";
    batch.number = batch.format = 1;
    batch.step_count = 1 + data[0] % (size < 64 ? (uint32_t)size : 64);
    batch.steps.data = (uint8_t *)arena_bytes(arena, data, size);
    batch.steps.len = size;
    struct bytes packed = pack_trace_batch(arena, &batch);
    SCOPED(text_free) struct text file = {0};
    text_add(&file, TRACE_HEADING);
    for (int i = 0; i < 4; i++)
        text_add_char(&file, (char)(packed.length >> (8 * i) & 0xFF));
    text_add_bytes(&file, packed.at, packed.length);
    read_all(file.chars, file.length);
    return 0;
}
