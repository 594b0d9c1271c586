#include "work.h"

#include <string.h>

#include "base/check.h"

bool work_open(struct bus_message **message, struct instant now, struct work **work,
               struct error *why)
{
    SCOPED(arena_close) struct arena *arena = arena_open(UNPACK_CAP_BYTES);
    const Tp__Dispatch *dispatch;
    if (!unpack_dispatch(arena, bus_body(*message), &dispatch, why))
        return false;
    struct brief brief;
    if (!brief_open(dispatch, &brief, why))
        return false;
    struct work *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    made->brief = brief;
    made->message = TAKE(*message);
    bus_drop_body(made->message);
    made->arena = TAKE(arena);
    made->dispatch = dispatch;
    CHECK(strlen(dispatch->job_id) < sizeof made->job_id);
    memcpy(made->job_id, dispatch->job_id, strlen(dispatch->job_id));
    made->chunk_number = dispatch->chunk_number;
    made->attempt = dispatch->attempt;
    made->taken_at = now;
    *work = made;
    return true;
}

void work_note_landed(struct work *work, size_t nth)
{
    if (work->landed == NULL)
        work->landed = calloc(work->dispatch->n_posts, sizeof work->landed[0]);
    CHECK(work->landed != NULL && work->landed_count < work->dispatch->n_posts);
    memcpy(work->landed[work->landed_count++].key, work->plan.posts[nth].key, CACHE_KEY_BYTES);
}

void work_drop_dispatch(struct work *work)
{
    work->plan = (struct plan){0};
    work->sent = NULL;
    work->ids = NULL;
    work->answered = NULL;
    arena_close(&work->plan_arena);
    arena_close(&work->answer_arena);
    brief_close(&work->brief);
    work->dispatch = NULL;
    arena_close(&work->arena);
}

void work_join(struct work *work, struct work **list)
{
    work->previous = NULL;
    work->next = *list;
    if (work->next != NULL)
        work->next->previous = work;
    *list = work;
}

void work_leave(struct work *work, struct work **list)
{
    if (work->next != NULL)
        work->next->previous = work->previous;
    if (work->previous != NULL)
        work->previous->next = work->next;
    else
        *list = work->next;
}

void work_close(struct work **work)
{
    if (*work == NULL)
        return;
    llm_cancel(&(*work)->call);
    delivery_free(&(*work)->delivery);
    bus_message_free(&(*work)->message);
    work_drop_dispatch(*work);
    free((*work)->landed);
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
