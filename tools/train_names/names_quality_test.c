/* The shipped model on the posts it was learnt from: far below what it should reach there is
 * broken. What it reaches on posts it has not seen, train_names tells by cross-validation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "baseline.h"
#include "embedded/names/names.h"
#include "learner.h"
#include "score.h"

enum { POSTS_ARENA_BYTES = 256 << 20, POST_ARENA_BYTES = 16 << 20, SOME_POSTS = 400 };

/* Skips the test where the data is not there; nobody comes back from that to close the arena. */
static void read_posts(const char *path, struct arena **arena, struct marked_posts *posts)
{
    if (posts_read_marked(path, SPACING_APART, *arena, posts))
        return;
    print_message("skipped: there is no %s\n", path);
    arena_close(arena);
    skip();
}

static void assert_above(const char *path, double floor_untyped, double floor_typed)
{
    SCOPED(arena_close) struct arena *arena = arena_open(POSTS_ARENA_BYTES);
    struct marked_posts posts = {0};
    read_posts(path, &arena, &posts);
    struct score ours = {0}, capitals = {0};
    struct name_model model = name_model_shipped();
    SCOPED(arena_close) struct arena *own = arena_open(POST_ARENA_BYTES);
    for (size_t i = 0; i < posts.count; i++, arena_reset(own)) {
        struct tokens tokens = tokens_cut(posts.items[i].text, own);
        struct entities names = names_find_by(&model, &tokens, language_find(&tokens), own);
        score_add(&ours, &posts.items[i], &names);
        names = baseline_find(&tokens, own);
        score_add(&capitals, &posts.items[i], &names);
    }
    double untyped = tally_f1(&ours.plain_untyped), typed = tally_f1(&ours.plain_typed);
    print_message("%s: F1 %.3f untyped, %.3f typed; of capitals alone %.3f\n", path, untyped, typed,
                  tally_f1(&capitals.plain_untyped));
    assert_true(untyped > floor_untyped);
    assert_true(typed > floor_typed);
    assert_true(untyped > tally_f1(&capitals.plain_untyped) + 0.1);
}

static void the_shipped_model_finds_the_names_of_btc(void **state)
{
    (void)state;
    assert_above("../shared/data/btc-ner.jsonl", 0.80, 0.75);
}

static void the_shipped_model_finds_the_names_of_wnut(void **state)
{
    (void)state;
    assert_above("../shared/data/wnut17-ner.jsonl", 0.65, 0.58);
}

static void learning_twice_gives_the_same_bytes(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(POSTS_ARENA_BYTES);
    struct marked_posts posts = {0};
    read_posts("../shared/data/wnut17-ner.jsonl", &arena, &posts);
    const struct marked_post *some[SOME_POSTS];
    for (size_t i = 0; i < SOME_POSTS; i++)
        some[i] = &posts.items[i];
    char *first = calloc(2, MODEL_BYTES), *second = first + MODEL_BYTES;
    assert_non_null(first);
    learner_count_habits(some, SOME_POSTS, first);
    learner_fit(some, SOME_POSTS, 1, first);
    learner_count_habits(some, SOME_POSTS, second);
    learner_fit(some, SOME_POSTS, 1, second);
    assert_memory_equal(first, second, MODEL_BYTES);
    free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_model_finds_the_names_of_btc),
        cmocka_unit_test(the_shipped_model_finds_the_names_of_wnut),
        cmocka_unit_test(learning_twice_gives_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
