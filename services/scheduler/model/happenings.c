#include <stdlib.h>

#include "base/check.h"
#include "world.h"

void model_happens_in(struct model *model, int64_t in_us, enum happening_kind kind, void *what,
                      uint32_t attempt)
{
    struct happening *happening = model->spare;
    if (happening)
        model->spare = happening->next;
    else
        happening = malloc(sizeof(*happening));
    CHECK(happening);
    *happening = (struct happening){.kind = kind, .what = what, .attempt = attempt};
    happening->node.tie = (uint32_t)model->happened++;
    heap_add(&model->happenings, &happening->node, (uint64_t)(model->now_us + in_us));
}

int64_t happenings_next_us(const struct model *model)
{
    bool is_any = model->happenings.count > 0;
    return is_any ? (int64_t)heap_first_key(&model->happenings) : INT64_MAX;
}

struct happening happenings_take(struct model *model)
{
    struct heap_node *node = heap_take_until(&model->happenings, UINT64_MAX);
    struct happening *happening = HEAP_OWNER(node, struct happening, node);
    struct happening taken = *happening;
    happening->next = model->spare;
    model->spare = happening;
    return taken;
}

void happenings_close(struct model *model)
{
    while (model->spare) {
        struct happening *next = model->spare->next;
        free(model->spare);
        model->spare = next;
    }
    struct heap_node *node;
    while ((node = heap_take_until(&model->happenings, UINT64_MAX)))
        free(HEAP_OWNER(node, struct happening, node));
    heap_free(&model->happenings);
}
