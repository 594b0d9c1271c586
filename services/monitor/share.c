#include "share.h"

#include <string.h>

#include "base/check.h"

void share_init(struct share *share, int64_t window_ms)
{
    CHECK(window_ms >= SHARE_SLOTS);
    *share = (struct share){.slot_ms = window_ms / SHARE_SLOTS};
}

/* Empties the slots between the newest one and now. */
static void turn(struct share *share, struct instant now)
{
    int64_t slot = now.ns / (share->slot_ms * CLOCK_MS);
    if (slot - share->newest >= SHARE_SLOTS) {
        memset(share->bad, 0, sizeof share->bad);
        memset(share->all, 0, sizeof share->all);
        share->newest = slot;
    }
    while (share->newest < slot) {
        share->newest++;
        share->bad[share->newest % SHARE_SLOTS] = 0;
        share->all[share->newest % SHARE_SLOTS] = 0;
    }
}

void share_add(struct share *share, double bad, double all, struct instant now)
{
    turn(share, now);
    share->bad[share->newest % SHARE_SLOTS] += bad;
    share->all[share->newest % SHARE_SLOTS] += all;
}

bool share_read(struct share *share, double least, struct instant now, double *ratio)
{
    turn(share, now);
    double bad = 0, all = 0;
    for (int i = 0; i < SHARE_SLOTS; i++) {
        bad += share->bad[i];
        all += share->all[i];
    }
    if (all <= 0 || all < least)
        return false;
    *ratio = bad / all;
    return true;
}
