/* Any file: no crash, and what is accepted finds only topics that it names. */
#include <string.h>

#include "base/check.h"
#include "embedded/embedded.h"
#include "embedded/topics/topic_sets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED(topic_sets_close) struct topic_sets *sets = NULL;
    SCOPED(text_free) struct text faults = {0};
    if (!topic_sets_parse("S", (struct bytes){data, size}, &sets, &faults)) {
        CHECK(faults.length > 0 && faults.chars[faults.length - 1] == '\n');
        CHECK(sets == NULL);
        return 0;
    }
    CHECK(faults.length == 0 && sets != NULL);
    const struct topic_set *set = topic_sets_find(sets, "a");
    if (set == NULL)
        return 0;
    SCOPED(arena_close) struct arena *arena = arena_open(256 << 20);
    struct post_analysis analysis;
    embedded_analyze_for(set, (struct piece){(const char *)data, size}, arena, &analysis);
    for (size_t i = 0; i < analysis.topics.count; i++) {
        CHECK(analysis.topics.items[i].length > 0);
        CHECK(analysis.topics.items[i].length <= TOPIC_NAME_MAX_BYTES);
    }
    return 0;
}
