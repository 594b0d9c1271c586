#include "speed.h"

#include <stdlib.h>
#include <time.h>

#include "allocations.h"
#include "base/check.h"
#include "embedded/embedded.h"
#include "embedded/profile/profile.h"

enum { POST_ARENA_BYTES = 16 << 20 };

const char *work_name(enum work work)
{
    static const char *const NAMES[] = {
        [WORK_ENTITIES] = "entities",
        [WORK_EVERYTHING] = "everything",
        [WORK_JSON] = "everything with its JSON",
    };
    return NAMES[work];
}

static double processor_seconds(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void work_on(enum work work, struct piece text, struct arena *arena, struct text *json)
{
    struct post_analysis analysis = {0};
    arena_reset(arena);
    switch (work) {
    case WORK_ENTITIES:
        embedded_find_entities(text, arena, &analysis);
        return;
    case WORK_EVERYTHING:
        embedded_analyze(text, arena, &analysis);
        return;
    case WORK_JSON:
        embedded_analyze(text, arena, &analysis);
        text_clear(json);
        post_analysis_write_json(&analysis, TASKS_ALL, json);
        return;
    }
    CHECK_UNREACHABLE();
}

static int compare(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

struct speed speed_measure(enum work work, const struct posts *posts, unsigned passes)
{
    CHECK(passes >= LEAST_PASSES && passes <= MOST_PASSES);
    SCOPED(arena_close) struct arena *arena = arena_open(POST_ARENA_BYTES);
    SCOPED(text_free) struct text json = {0};
    double seconds[MOST_PASSES];
    struct speed speed = {0};
    for (unsigned pass = 0; pass < passes; pass++) {
        uint64_t before = allocations_so_far();
        double began = processor_seconds();
        for (size_t i = 0; i < posts->count; i++)
            work_on(work, posts->texts[i], arena, &json);
        seconds[pass] = processor_seconds() - began;
        speed.allocations = allocations_so_far() - before;
    }
    qsort(seconds, passes, sizeof seconds[0], compare);
    speed.best = (double)posts->count / seconds[0];
    speed.median = (double)posts->count / seconds[passes / 2];
    return speed;
}

double speed_of_profile_ms(const struct posts *posts, unsigned passes)
{
    size_t count = posts->count < PROFILE_POSTS ? posts->count : PROFILE_POSTS;
    double best = 0;
    for (unsigned pass = 0; pass < passes; pass++) {
        SCOPED(text_free) struct text json = {0};
        double began = processor_seconds();
        SCOPED(profile_close) struct profile *profile = profile_open(NULL);
        for (size_t i = 0; i < count; i++)
            profile_add(profile, &(struct profile_post){.text = posts->texts[i]});
        profile_write_json(profile, &json);
        double ms = (processor_seconds() - began) * 1e3;
        best = pass == 0 || ms < best ? ms : best;
    }
    return best;
}
