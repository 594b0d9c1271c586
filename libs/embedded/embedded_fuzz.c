/* Any bytes in: no crash, and what comes out is valid UTF-8. */
#include <stdint.h>

#include "base/check.h"
#include "characters.h"
#include "embedded/embedded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_utf8(const struct text *text)
{
    for (size_t at = 0; at < text->length;) {
        size_t before = at;
        uint32_t c = character_next(text->chars, text->length, &at);
        CHECK(c != 0xFFFD || at - before == 3);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 32 * 1024)
        return 0;
    SCOPED(arena_close) struct arena *arena = arena_open(16 << 20);
    struct piece text = {(const char *)data, size};
    struct post_analysis analysis;
    embedded_analyze(text, arena, &analysis);
    CHECK(analysis.score >= -1 && analysis.score <= 1);
    CHECK(analysis.confidence >= 0 && analysis.confidence <= 1);
    SCOPED(text_free) struct text json = {0};
    post_analysis_write_json(&analysis, TASKS_ALL, &json);
    embedded_summary(&text, &analysis, 1, &json);
    check_utf8(&json);
    return 0;
}
