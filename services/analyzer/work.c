#include "work.h"

#include "base/check.h"

bool work_open(struct bus_message **message, struct instant now, struct work **work,
               struct error *why)
{
    SCOPED(arena_close) struct arena *arena = arena_open(UNPACK_CAP_BYTES);
    const Tp__Dispatch *dispatch;
    if (!unpack_dispatch(arena, bus_body(*message), &dispatch, why))
        return false;
    struct work *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    made->message = TAKE(*message);
    made->arena = TAKE(arena);
    made->dispatch = dispatch;
    made->taken_at = now;
    *work = made;
    return true;
}

void work_close(struct work **work)
{
    if (*work == NULL)
        return;
    llm_cancel(&(*work)->call);
    delivery_free(&(*work)->delivery);
    bus_message_free(&(*work)->message);
    arena_close(&(*work)->arena);
    free(*work);
    *work = NULL;
}

struct flow_dispatch work_dispatch(const struct work *work)
{
    const Tp__Dispatch *dispatch = work->dispatch;
    return (struct flow_dispatch){.job_id = dispatch->job_id,
                                  .chunk_number = dispatch->chunk_number,
                                  .attempt = dispatch->attempt,
                                  .service_class = dispatch->service_class,
                                  .mode = dispatch->mode,
                                  .lease_ms = dispatch->lease_ms};
}
