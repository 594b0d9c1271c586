#include "attendance.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/check.h"
#include "core/facts.h"

enum { MOST_STAYS = 1000000 };

struct stay {
    int64_t from_us, to_us;
    int64_t holes_us; /* before to_us */
    uint32_t slots;
    bool is_over; /* its analyzer went, or came back, or has other slots since */
};

struct seen_analyzer {
    UT_hash_handle hh;
    char id[INSTANCE_ID_SIZE];
    size_t stay; /* the last of them */
};

void attendance_pass(struct attendance *attendance, int64_t now_us, int64_t silent_us)
{
    int64_t passed_us = now_us - attendance->now_us;
    if (attendance->now_us > 0 && passed_us > silent_us)
        attendance->holes_us += passed_us;
    attendance->now_us = now_us;
    attendance->silent_us = silent_us;
}

static bool lasts(const struct attendance *attendance, const struct stay *stay)
{
    int64_t holes_us = attendance->holes_us - stay->holes_us;
    return attendance->now_us - stay->to_us - holes_us <= attendance->silent_us;
}

static size_t add_stay(struct attendance *attendance, uint32_t slots)
{
    if (attendance->count == attendance->capacity) {
        attendance->capacity = attendance->capacity ? attendance->capacity * 2 : 64;
        attendance->stays =
            reallocarray(attendance->stays, attendance->capacity, sizeof(attendance->stays[0]));
        CHECK(attendance->stays);
    }
    attendance->stays[attendance->count] = (struct stay){.from_us = attendance->now_us,
                                                         .to_us = attendance->now_us,
                                                         .holes_us = attendance->holes_us,
                                                         .slots = slots};
    return attendance->count++;
}

void attendance_hear(struct attendance *attendance, const char *id, uint32_t slots)
{
    struct seen_analyzer *seen = NULL;
    HASH_FIND_STR(attendance->analyzers, id, seen);
    if (attendance->count >= MOST_STAYS)
        return;
    if (!seen) {
        seen = calloc(1, sizeof(*seen));
        CHECK(seen && strlen(id) < INSTANCE_ID_SIZE);
        strcpy(seen->id, id);
        seen->stay = add_stay(attendance, slots);
        HASH_ADD_STR(attendance->analyzers, id, seen);
    }
    struct stay *stay = &attendance->stays[seen->stay];
    bool was_there = lasts(attendance, stay);
    if (was_there)
        stay->to_us = attendance->now_us;
    if (!was_there || stay->slots != slots) {
        stay->is_over = true;
        seen->stay = add_stay(attendance, slots);
        stay = &attendance->stays[seen->stay];
    }
    stay->to_us = attendance->now_us;
    stay->holes_us = attendance->holes_us;
}

void attendance_free(struct attendance *attendance)
{
    struct seen_analyzer *seen, *next;
    HASH_ITER (hh, attendance->analyzers, seen, next) {
        HASH_DEL(attendance->analyzers, seen);
        free(seen);
    }
    free(attendance->stays);
    *attendance = (struct attendance){0};
}

/* ---- figures ---- */
struct change {
    int64_t at_us;
    int32_t analyzers;
    int64_t slots;
};

static int by_time(const void *a_, const void *b_)
{
    const struct change *a = a_, *b = b_;
    if (a->at_us != b->at_us)
        return a->at_us < b->at_us ? -1 : 1;
    return a->analyzers - b->analyzers; /* who goes makes room for who comes */
}

static size_t changes_of(const struct attendance *attendance, int64_t from_us, int64_t until_us,
                         struct change *changes)
{
    size_t count = 0;
    for (size_t i = 0; i < attendance->count; i++) {
        const struct stay *stay = &attendance->stays[i];
        int64_t first_us = stay->from_us > from_us ? stay->from_us : from_us;
        bool is_there = !stay->is_over && lasts(attendance, stay);
        int64_t last_us = is_there ? attendance->now_us : stay->to_us;
        if (last_us > until_us)
            last_us = until_us;
        if (stay->slots == 0 || first_us >= last_us)
            continue;
        changes[count++] = (struct change){first_us, 1, stay->slots};
        changes[count++] = (struct change){last_us, -1, -(int64_t)stay->slots};
    }
    qsort(changes, count, sizeof(changes[0]), by_time);
    return count;
}

struct attendance_figures attendance_figures(const struct attendance *attendance, int64_t from_us,
                                             int64_t until_us)
{
    struct attendance_figures figures = {0};
    struct change *changes = reallocarray(NULL, 2 * attendance->count + 1, sizeof(changes[0]));
    CHECK(changes);
    size_t count = changes_of(attendance, from_us, until_us, changes);
    int64_t manned_us = 0, analyzers_us = 0, slots = 0;
    uint32_t analyzers = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t passed_us = i > 0 ? changes[i].at_us - changes[i - 1].at_us : 0;
        if (passed_us > 0 && analyzers > 0) {
            manned_us += passed_us;
            analyzers_us += passed_us * analyzers;
            figures.slots_us += passed_us * slots;
            if (figures.least == 0 || analyzers < figures.least)
                figures.least = analyzers;
            if (analyzers > figures.most)
                figures.most = analyzers;
        }
        analyzers += (uint32_t)changes[i].analyzers;
        slots += changes[i].slots;
    }
    free(changes);
    if (manned_us > 0) {
        figures.analyzers = (double)analyzers_us / (double)manned_us;
        figures.slots = (double)figures.slots_us / (double)manned_us;
    }
    return figures;
}
