#include "fleet.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/check.h"
#include "facts.h"

/* More instances than this are not believed. */
enum { MOST_ANALYZERS = 10000, MOST_SLOTS = 100000 };

struct analyzer {
    UT_hash_handle hh;
    char instance_id[INSTANCE_ID_SIZE];
    uint32_t slots;
    struct instant heard;
};

static void forget(struct fleet *fleet, struct analyzer *analyzer)
{
    fleet->slots -= analyzer->slots;
    fleet->count--;
    HASH_DEL(fleet->analyzers, analyzer);
    free(analyzer);
}

void fleet_free(struct fleet *fleet)
{
    struct analyzer *analyzer, *next;
    HASH_ITER (hh, fleet->analyzers, analyzer, next)
        forget(fleet, analyzer);
}

void fleet_heard(struct fleet *fleet, const char *instance_id, uint32_t slots, struct instant now)
{
    struct analyzer *analyzer = NULL;
    HASH_FIND_STR(fleet->analyzers, instance_id, analyzer);
    if (analyzer) {
        fleet->slots -= analyzer->slots;
        fleet->count--;
        HASH_DEL(fleet->analyzers, analyzer);
    } else if (fleet->count < MOST_ANALYZERS) {
        analyzer = calloc(1, sizeof(*analyzer));
        CHECK(analyzer && strlen(instance_id) < INSTANCE_ID_SIZE);
        strcpy(analyzer->instance_id, instance_id);
    } else {
        return;
    }
    analyzer->slots = slots < MOST_SLOTS ? slots : MOST_SLOTS;
    analyzer->heard = now;
    fleet->slots += analyzer->slots;
    fleet->count++;
    HASH_ADD_STR(fleet->analyzers, instance_id, analyzer); /* behind all others */
}

void fleet_forget_silent(struct fleet *fleet, struct instant now, int64_t silent_ms)
{
    while (fleet->analyzers &&
           !instant_is_before(now, instant_plus_ms(fleet->analyzers->heard, silent_ms)))
        forget(fleet, fleet->analyzers);
}

void fleet_each(const struct fleet *fleet,
                void (*visit)(void *context, const char *instance_id, uint32_t slots,
                              struct instant heard),
                void *context)
{
    for (const struct analyzer *at = fleet->analyzers; at; at = at->hh.next)
        visit(context, at->instance_id, at->slots, at->heard);
}
