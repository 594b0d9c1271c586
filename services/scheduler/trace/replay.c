#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "codes.h"
#include "marks.h"
#include "words.h"

/* A replay under way. */
struct player {
    struct replay *replay;
    struct scheduler *core; /* NULL: the chapter's beginning was not seen, or steps are missing */
    struct instant began, last;
    uint64_t step;
    struct action *kept;
    size_t capacity;
    struct coder recorded, replayed;
};

static bool is_same(struct player *player, struct actions recorded, struct actions replayed)
{
    coder_clear(&player->recorded);
    coder_clear(&player->replayed);
    code_actions(&player->recorded, &recorded);
    code_actions(&player->replayed, &replayed);
    const struct text *a = &player->recorded.written, *b = &player->replayed.written;
    return a->length == b->length && memcmp(a->chars, b->chars, a->length) == 0;
}

static void tell_difference(struct player *player, const struct trace_record *record,
                            const struct actions *replayed)
{
    struct replay *replay = player->replay;
    replay->is_different = true;
    replay->chapter = replay->chapters;
    replay->step = player->step;
    replay->into_ns = record->now.ns - player->began.ns;
    struct text *told = &replay->told;
    text_add(told, "  ");
    words_of_event(&record->event, told);
    text_add(told, "\n  recorded:\n");
    words_of_actions(&record->actions, told);
    text_add(told, "  this build:\n");
    words_of_actions(replayed, told);
}

static void begin_chapter(struct player *player, const struct trace_record *record)
{
    scheduler_free(&player->core);
    player->core = scheduler_new_from(&record->config, &record->start);
    player->began = player->last = record->start.now;
    player->step = 0;
    player->replay->chapters++;
}

static bool play_step(struct player *player, const struct trace_record *record, struct error *why)
{
    if (!player->core) {
        player->replay->unchecked++;
        return true;
    }
    if (instant_is_before(record->now, player->last))
        return error_set(why, ERROR_INVALID, "time goes back in the trace");
    player->last = record->now;
    player->step++;
    player->replay->events++;
    struct actions said = *scheduler_step(player->core, &record->event, record->now);
    if (record->is_first)
        said = trace_first_actions(&said, &player->kept, &player->capacity);
    player->replay->decisions += said.count;
    if (!is_same(player, record->actions, said))
        tell_difference(player, record, &said);
    return true;
}

static void pass_gap(struct player *player, const struct trace_record *record)
{
    struct replay *replay = player->replay;
    scheduler_free(&player->core);
    bool is_new_writer = record->lost_steps == 0 && record->lost_batches == 0;
    replay->gaps += !is_new_writer;
    replay->lost_steps += record->lost_steps;
    replay->lost_batches += record->lost_batches;
}

static bool play(struct player *player, struct trace *trace, struct error *why)
{
    struct trace_record record;
    while (!player->replay->is_different) {
        if (!trace_next(trace, &record, why))
            return false;
        switch (record.kind) {
        case TRACE_END:
            return true;
        case TRACE_START:
            begin_chapter(player, &record);
            break;
        case TRACE_GAP:
            pass_gap(player, &record);
            break;
        case TRACE_STEP:
            if (!play_step(player, &record, why))
                return false;
            break;
        }
    }
    return true;
}

bool replay_run(struct trace *trace, struct replay *replay, struct error *why)
{
    *replay = (struct replay){0};
    struct player player = {.replay = replay};
    bool is_read = play(&player, trace, why);
    scheduler_free(&player.core);
    coder_close(&player.recorded);
    coder_close(&player.replayed);
    free(player.kept);
    return is_read;
}

void replay_free(struct replay *replay)
{
    text_free(&replay->told);
}
