/* Learns to find names, or tells how well that works.
 *
 *   train_names ../shared/data libs/embedded/model/names.bin    learns from all posts
 *   train_names ../shared/data                                  5-fold cross-validation
 *
 * Hears: files of marked posts. Says: figures on stdout. Keeps: the model file. Deterministic.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "baseline.h"
#include "embedded/names/names.h"
#include "learner.h"
#include "score.h"

enum {
    FOLDS = 5,
    SEED = 20240607,
    PATH_BYTES = 4096,
    POSTS_ARENA_BYTES = 512 << 20,
    POST_ARENA_BYTES = 16 << 20
};

static const char *const MARKED[] = {"btc-ner.jsonl", "wnut17-ner.jsonl"};
static const char *const PLAIN[] = {"tweeteval-sentiment.jsonl", "vader-tweets.jsonl",
                                    "vader-amazon.jsonl", "vader-movie.jsonl"};

/* Some posts, picked of others. */
struct pick {
    const struct marked_post **posts;
    size_t count;
};

/* The marked posts in both spacings, and texts that are only counted. */
struct sets {
    struct marked_posts apart, glued, plain;
    size_t ends[sizeof MARKED / sizeof MARKED[0]]; /* of the posts of each file */
};

static void need(bool is_read, const char *path)
{
    if (is_read)
        return;
    fprintf(stderr, "there is no %s\n", path);
    exit(EXIT_FAILURE);
}

static void read_sets(const char *folder, struct arena *arena, struct sets *sets)
{
    char path[PATH_BYTES];
    for (size_t i = 0; i < sizeof MARKED / sizeof MARKED[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, MARKED[i]);
        need(posts_read_marked(path, SPACING_APART, arena, &sets->apart), path);
        need(posts_read_marked(path, SPACING_GLUED, arena, &sets->glued), path);
        sets->ends[i] = sets->apart.count;
    }
    for (size_t i = 0; i < sizeof PLAIN / sizeof PLAIN[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, PLAIN[i]);
        need(posts_read_plain(path, arena, &sets->plain), path);
    }
}

/* Adds the posts that are not in fold `except`. */
static void pick(const struct marked_posts *posts, uint32_t except, struct pick *picked)
{
    for (size_t i = 0; i < posts->count; i++)
        if (posts->items[i].draw % FOLDS != except)
            picked->posts[picked->count++] = &posts->items[i];
}

static void learn(const struct sets *sets, uint32_t except, char *bytes)
{
    size_t most = sets->apart.count + sets->glued.count + sets->plain.count;
    struct pick picked = {calloc(most, sizeof *picked.posts), 0};
    CHECK(picked.posts != NULL);
    pick(&sets->apart, except, &picked);
    pick(&sets->plain, FOLDS, &picked);
    learner_count_habits(picked.posts, picked.count, bytes);
    picked.count = 0;
    pick(&sets->apart, except, &picked);
    pick(&sets->glued, except, &picked);
    learner_fit(picked.posts, picked.count, SEED, bytes);
    free(picked.posts);
}

static void print_tally(const char *what, const struct tally *tally)
{
    double precision = tally->found > 0 ? (double)tally->right / (double)tally->found : 0;
    double recall = tally->marked > 0 ? (double)tally->right / (double)tally->marked : 0;
    printf("  %-24s precision %.3f recall %.3f F1 %.3f (of %zu)\n", what, precision, recall,
           tally_f1(tally), tally->marked);
}

static void print_score(const char *what, const struct score *score)
{
    printf("%s\n", what);
    print_tally("as marked, untyped", &score->untyped);
    print_tally("as marked, typed", &score->typed);
    print_tally("without @, untyped", &score->plain_untyped);
    print_tally("without @, typed", &score->plain_typed);
    print_tally("  person", &score->types[NAME_PERSON]);
    print_tally("  place", &score->types[NAME_PLACE]);
    print_tally("  organisation", &score->types[NAME_ORGANISATION]);
    print_tally("  other", &score->types[NAME_OTHER]);
}

struct scores {
    struct score ours, capitals;
};

static void score_fold(const struct marked_posts *posts, const size_t ends[], uint32_t fold,
                       const struct name_model *model, struct scores scores[])
{
    SCOPED(arena_close) struct arena *arena = arena_open(POST_ARENA_BYTES);
    for (size_t i = 0, set = 0; i < posts->count; i++, arena_reset(arena)) {
        const struct marked_post *post = &posts->items[i];
        set += i == ends[set];
        if (post->draw % FOLDS != fold)
            continue;
        struct tokens tokens = tokens_cut(post->text, arena);
        struct entities names = names_find_by(model, &tokens, language_find(&tokens), arena);
        score_add(&scores[set].ours, post, &names);
        names = baseline_find(&tokens, arena);
        score_add(&scores[set].capitals, post, &names);
    }
}

static void print_scores(const char *spacing, const struct scores scores[])
{
    for (size_t set = 0; set < sizeof MARKED / sizeof MARKED[0]; set++) {
        printf("\n%s, %s: ", MARKED[set], spacing);
        print_score("runs of capitals", &scores[set].capitals);
        printf("%s, %s: ", MARKED[set], spacing);
        print_score("the finder", &scores[set].ours);
    }
}

static void cross_validate(const char *folder, const struct sets *sets)
{
    enum { SETS = sizeof MARKED / sizeof MARKED[0] };
    struct scores apart[SETS] = {0}, glued[SETS] = {0};
    static char bytes[MODEL_BYTES];
    for (uint32_t fold = 0; fold < FOLDS; fold++) {
        learn(sets, fold, bytes);
        struct name_model model = name_model_of(bytes);
        score_fold(&sets->apart, sets->ends, fold, &model, apart);
        score_fold(&sets->glued, sets->ends, fold, &model, glued);
    }
    printf("%d-fold cross-validation, seed %d, %s\n", FOLDS, SEED, folder);
    print_scores("tokens apart as in the file", apart);
    print_scores("glued as in posts", glued);
}

static void write_model(const char *path, const char bytes[MODEL_BYTES])
{
    FILE *file = fopen(path, "w");
    bool is_written = file != NULL && fwrite(bytes, 1, MODEL_BYTES, file) == MODEL_BYTES;
    if (!is_written || fclose(file) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

int main(int count, char **arguments)
{
    if (count != 2 && count != 3) {
        fprintf(stderr, "usage: train_names DATA_FOLDER [MODEL_FILE]\n");
        return 64;
    }
    SCOPED(arena_close) struct arena *arena = arena_open(POSTS_ARENA_BYTES);
    struct sets sets = {0};
    read_sets(arguments[1], arena, &sets);
    if (count == 2) {
        cross_validate(arguments[1], &sets);
        return 0;
    }
    static char bytes[MODEL_BYTES];
    learn(&sets, FOLDS, bytes);
    write_model(arguments[2], bytes);
    return 0;
}
