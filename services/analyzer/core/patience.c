#include "patience.h"

#include "base/check.h"

enum { FIRST_GAP_MS = 25, MOST_GAP_MS = 400, PERMITTED_MS = 2000, FREE_MS = 10000 };

static const struct instant NEVER = {INT64_MAX};

static struct instant end_of(enum patience_kind kind, struct instant now)
{
    switch (kind) {
    case PATIENCE_CALLING:
        return NEVER;
    case PATIENCE_PERMITTED:
        return instant_plus_ms(now, PERMITTED_MS);
    case PATIENCE_FREE:
        return instant_plus_ms(now, FREE_MS);
    }
    CHECK_UNREACHABLE();
}

void patience_begin(struct patience *patience, enum patience_kind kind, struct instant now)
{
    *patience = (struct patience){.kind = kind,
                                  .ask_at = instant_plus_ms(now, FIRST_GAP_MS),
                                  .end_at = end_of(kind, now),
                                  .gap_ms = FIRST_GAP_MS};
}

void patience_become(struct patience *patience, enum patience_kind kind, struct instant now)
{
    if (patience->kind == kind)
        return;
    patience->kind = kind;
    patience->end_at = end_of(kind, now);
}

void patience_answered(struct patience *patience, struct instant now)
{
    patience->gap_ms *= 2;
    if (patience->gap_ms > MOST_GAP_MS)
        patience->gap_ms = MOST_GAP_MS;
    patience->ask_at = instant_plus_ms(now, patience->gap_ms);
}

bool patience_may_ask(const struct patience *patience, struct instant now)
{
    return !instant_is_before(now, patience->ask_at);
}

bool patience_is_over(const struct patience *patience, struct instant now)
{
    return !instant_is_before(now, patience->end_at);
}

struct instant patience_next_at(const struct patience *patience)
{
    return instant_is_before(patience->ask_at, patience->end_at) ? patience->ask_at
                                                                 : patience->end_at;
}
