#include "near_lookup.h"

#include <string.h>

#include "metrics.h"
#include "reuse/near.h"
#include "shell.h"

enum {
    SCRATCH_BYTES = 64 * NEAR_TEXT_MAX_BYTES + 64 * 1024,
    CHUNK_BYTES = 64 << 20, /* a bound: there is room for every post, however long */
};

static bool may_look(const struct work *work)
{
    return work->analyzer->settings->finds_near && work->dispatch->instruction[0] == '\0';
}

static struct piece text_of(const struct work *work, size_t nth)
{
    const ProtobufCBinaryData *text = &work->dispatch->posts[nth]->text;
    return (struct piece){(const char *)text->data, text->len};
}

static bool know(struct work *work, size_t nth, const struct near_text *text)
{
    const uint8_t *key = near_find(work->analyzer->near, work->scope, text);
    const Tp__PostResult *found = key != NULL ? memory_find(work->analyzer->memory, key) : NULL;
    return found != NULL && plan_know_near(&work->plan, nth, found);
}

/* An elder is a post of the chunk that nobody knows yet: it is sent, or Redis knows it. */
static bool join_elder(struct work *work, struct near *elders, size_t nth,
                       const struct near_text *text)
{
    const uint8_t *key = near_find(elders, work->scope, text);
    if (key == NULL) {
        near_keep(elders, work->scope, text, work->plan.posts[nth].key);
        return false;
    }
    size_t elder = 0;
    while (memcmp(work->plan.posts[elder].key, key, CACHE_KEY_BYTES) != 0)
        elder++;
    plan_join_near(&work->plan, nth, elder);
    return true;
}

void near_lookup(struct work *work)
{
    if (!may_look(work))
        return;
    struct instant began = clock_now();
    SCOPED(arena_close) struct arena *scratch = arena_open(SCRATCH_BYTES);
    SCOPED(near_free) struct near *elders = near_new(CHUNK_BYTES);
    size_t hits = 0, wanted = plan_count(&work->plan, ORIGIN_UNKNOWN);
    for (size_t i = 0; i < work->dispatch->n_posts; i++) {
        struct near_text text;
        arena_reset(scratch);
        if (work->plan.posts[i].origin != ORIGIN_UNKNOWN ||
            !near_text_read(text_of(work, i), scratch, &text))
            continue;
        if (know(work, i, &text) || join_elder(work, elders, i, &text))
            hits++;
        else
            near_keep(work->analyzer->near, work->scope, &text, work->plan.posts[i].key);
    }
    analyzer_metrics_lookups(LEVEL_NEAR_DUPLICATE, hits, wanted - hits);
    analyzer_metrics_lookup_time(LEVEL_NEAR_DUPLICATE, seconds_since(began, clock_now()));
}
