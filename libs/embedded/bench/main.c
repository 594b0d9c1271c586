/* embedded_bench: how fast the embedded analysis is, on one core, over posts read once into memory.
 *
 *   embedded_bench [--passes N] FILE...      files of JSON lines with "text"; the figures as JSON
 *
 * Speeds are of processor time. Fails if a post costs an allocation once the arena is warm.
 */
#include <argp.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/number.h"
#include "speed.h"

struct request {
    int64_t passes;
    struct posts posts;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct request *request = state->input;
    struct error why;
    switch (key) {
    case 'p':
        if (!number_parse_int(argument, &request->passes) || request->passes < LEAST_PASSES ||
            request->passes > MOST_PASSES)
            argp_error(state, "--passes: must be %d to %d", LEAST_PASSES, MOST_PASSES);
        return 0;
    case ARGP_KEY_ARG:
        if (!posts_read(&request->posts, argument, &why))
            argp_failure(state, 1, 0, "%s", why.message);
        return 0;
    case ARGP_KEY_END:
        if (request->posts.count == 0)
            argp_error(state, "no posts");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static long resident_kb(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : -1;
}

int main(int argc, char *argv[])
{
    static const struct argp_option OPTIONS[] = {
        {"passes", 'p', "N", 0, "over all posts, for each figure (9)", 0},
        {0},
    };
    static const struct argp ARGP = {
        .options = OPTIONS, .parser = parse, .args_doc = "FILE...", .doc = "Speed as JSON."};
    struct request request = {.passes = 9};
    if (argp_parse(&ARGP, argc, argv, 0, NULL, &request) != 0)
        return 1;
    long before_kb = resident_kb();
    printf("{\"posts\": %zu, \"bytes\": %zu, \"passes\": %d, \"work\": [\n", request.posts.count,
           request.posts.bytes, (int)request.passes);
    uint64_t allocations = 0;
    for (int i = 0; i < WORK_COUNT; i++) {
        enum work work = (enum work)i;
        struct speed speed = speed_measure(work, &request.posts, (unsigned)request.passes);
        printf("  {\"what\": \"%s\", \"posts_per_s\": %.0f, \"best_posts_per_s\": %.0f,"
               " \"allocations\": %lu}%s\n",
               work_name(work), speed.median, speed.best, speed.allocations,
               i + 1 < WORK_COUNT ? "," : "");
        allocations += speed.allocations;
    }
    printf("], \"profile_posts\": %zu, \"profile_ms\": %.3f,\n",
           request.posts.count < PROFILE_POSTS ? request.posts.count : PROFILE_POSTS,
           speed_of_profile_ms(&request.posts, (unsigned)request.passes));
    printf(" \"resident_kb_more_than_the_posts\": %ld}\n", resident_kb() - before_kb);
    posts_free(&request.posts);
    return allocations == 0 ? 0 : 1;
}
