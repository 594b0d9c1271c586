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
#include "embedded/names.h"
#include "learner.h"
#include "score.h"

enum { FOLDS = 5, SEED = 20240607, PATH_BYTES = 4096 };

static const char *const MARKED[] = {"btc-ner.jsonl", "wnut17-ner.jsonl"};
static const char *const PLAIN[] = {"tweeteval-sentiment.jsonl", "vader-tweets.jsonl",
                                    "vader-amazon.jsonl", "vader-movie.jsonl"};

/* Some posts, picked of others. */
struct pick {
    const struct marked_post **posts;
    size_t count;
};

static void read_set(const char *folder, const char *name, bool is_marked, struct arena *arena,
                     struct marked_posts *posts)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (is_marked ? posts_read_marked(path, arena, posts) : posts_read_plain(path, arena, posts))
        return;
    fprintf(stderr, "there is no %s\n", path);
    exit(EXIT_FAILURE);
}

/* The posts that are not in fold `except`. */
static struct pick pick(const struct marked_posts *posts, uint32_t except, struct arena *arena)
{
    struct pick picked = {arena_array(arena, const struct marked_post *, posts->count), 0};
    for (size_t i = 0; i < posts->count; i++)
        if (posts->items[i].draw % FOLDS != except)
            picked.posts[picked.count++] = &posts->items[i];
    return picked;
}

static void learn(const struct marked_posts *marked, const struct marked_posts *plain,
                  uint32_t except, struct arena *arena, char *bytes)
{
    struct pick posts = pick(marked, except, arena);
    struct pick texts = pick(plain, FOLDS, arena);
    struct pick all = {arena_array(arena, const struct marked_post *, posts.count + texts.count),
                       0};
    for (size_t i = 0; i < posts.count; i++)
        all.posts[all.count++] = posts.posts[i];
    for (size_t i = 0; i < texts.count; i++)
        all.posts[all.count++] = texts.posts[i];
    learner_count_habits(all.posts, all.count, bytes);
    learner_fit(posts.posts, posts.count, SEED, bytes);
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

static void cross_validate(const char *folder, const struct marked_posts *marked,
                           const size_t ends[], const struct marked_posts *plain)
{
    enum { SETS = sizeof MARKED / sizeof MARKED[0] };
    struct score ours[SETS] = {0}, capitals[SETS] = {0};
    static char bytes[MODEL_BYTES];
    for (uint32_t fold = 0; fold < FOLDS; fold++) {
        SCOPED(arena_close) struct arena *picks = arena_open(64 << 20);
        learn(marked, plain, fold, picks, bytes);
        struct name_model model = name_model_of(bytes);
        SCOPED(arena_close) struct arena *arena = arena_open(16 << 20);
        for (size_t i = 0, set = 0; i < marked->count; i++, arena_reset(arena)) {
            const struct marked_post *post = &marked->items[i];
            set += i == ends[set];
            if (post->draw % FOLDS != fold)
                continue;
            struct tokens tokens = tokens_cut(post->text, arena);
            struct entities names = names_find_by(&model, &tokens, language_find(&tokens), arena);
            score_add(&ours[set], post, &names);
            names = baseline_find(&tokens, arena);
            score_add(&capitals[set], post, &names);
        }
    }
    printf("%d-fold cross-validation, seed %d, %s\n\n", FOLDS, SEED, folder);
    for (size_t set = 0; set < SETS; set++) {
        printf("%s: ", MARKED[set]);
        print_score("runs of capitals", &capitals[set]);
        printf("%s: ", MARKED[set]);
        print_score("the finder", &ours[set]);
    }
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
    SCOPED(arena_close) struct arena *arena = arena_open(512 << 20);
    struct marked_posts marked = {0}, plain = {0};
    size_t ends[sizeof MARKED / sizeof MARKED[0]];
    for (size_t i = 0; i < sizeof MARKED / sizeof MARKED[0]; i++) {
        read_set(arguments[1], MARKED[i], true, arena, &marked);
        ends[i] = marked.count;
    }
    for (size_t i = 0; i < sizeof PLAIN / sizeof PLAIN[0]; i++)
        read_set(arguments[1], PLAIN[i], false, arena, &plain);
    if (count == 2) {
        cross_validate(arguments[1], &marked, ends, &plain);
        return 0;
    }
    static char bytes[MODEL_BYTES];
    learn(&marked, &plain, FOLDS, arena, bytes);
    write_model(arguments[2], bytes);
    return 0;
}
