#include "learner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "embedded/names/name_features.h"

enum { RUN_MAX = 64, POST_ARENA_BYTES = 16 << 20, ROUNDS = 8 };

static const float RATE = 0.02F, DECAY = 1e-6F, LARGEST = 4.0F, SCALE = 127.0F;
/* The share of features that a word is learnt without, so that none is relied on alone. */
static const float DROPPED = 0.1F;
/* What likelihood finds too few of is found more often, for as many wrong names as missed ones. */
static const float LEANING = 0.7F;

/* Words in a row that may be a name, as they were marked. */
struct run {
    uint32_t first; /* of the words of all runs */
    uint32_t count;
};

struct example {
    uint32_t rows[NAME_FEATURES];
    uint8_t tag;
};

struct examples {
    struct run *runs;
    struct example *words;
    size_t run_count, run_room, word_count, word_room;
};

/* Weights and the sums of their squared gradients. */
struct weights {
    float rows[MODEL_ROWS][NAME_TAGS], row_squares[MODEL_ROWS][NAME_TAGS];
    float steps[NAME_TAGS][NAME_TAGS], step_squares[NAME_TAGS][NAME_TAGS];
};

/* ---- examples ---- */

static uint8_t begin_tag(enum name_type type)
{
    switch (type) {
    case NAME_PERSON:
        return TAG_BEGINS_PERSON;
    case NAME_PLACE:
        return TAG_BEGINS_PLACE;
    case NAME_ORGANISATION:
        return TAG_BEGINS_ORGANISATION;
    case NAME_OTHER:
        return TAG_OTHER;
    }
    return TAG_OUTSIDE;
}

static uint8_t tag_of(const struct marked_post *post, const struct token *token)
{
    for (size_t i = 0; i < post->names.count; i++) {
        const struct entity *name = &post->names.items[i];
        if (token->start < name->start || token->end > name->end)
            continue;
        uint8_t tag = begin_tag(name->type);
        return tag == TAG_OTHER || token->start == name->start ? tag : (uint8_t)(tag + 1);
    }
    return TAG_OUTSIDE;
}

static bool is_inner(uint8_t tag)
{
    return tag == TAG_IN_PERSON || tag == TAG_IN_PLACE || tag == TAG_IN_ORGANISATION;
}

static void *grown(void *items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return items;
    *room = *room > 0 ? 2 * *room : 4096;
    void *more = realloc(items, *room * size);
    CHECK(more != NULL);
    return more;
}

static void add_word(struct examples *examples, const struct name_words *words, size_t at,
                     uint8_t tag)
{
    examples->words =
        grown(examples->words, examples->word_count, &examples->word_room, sizeof(struct example));
    struct example *example = &examples->words[examples->word_count++];
    name_features_find(words, at, example->rows);
    /* What a name begins with may not be a candidate: then it begins here. */
    const struct run *run = &examples->runs[examples->run_count - 1];
    uint8_t before = run->count > 0 ? example[-1].tag : (uint8_t)TAG_OUTSIDE;
    bool is_headless = is_inner(tag) && before != tag && before + 1 != tag;
    example->tag = is_headless ? (uint8_t)(tag - 1) : tag;
    examples->runs[examples->run_count - 1].count++;
}

static void add_post(struct examples *examples, const struct marked_post *post,
                     const struct name_model *model, struct arena *arena)
{
    struct tokens tokens = tokens_cut(post->text, arena);
    struct name_words words = name_words_of(&tokens, model, arena);
    bool is_running = false;
    for (size_t i = 0; i < tokens.count; i++) {
        if (!words.items[i].may_be_name) {
            is_running = false;
            continue;
        }
        if (!is_running || examples->runs[examples->run_count - 1].count == RUN_MAX) {
            examples->runs =
                grown(examples->runs, examples->run_count, &examples->run_room, sizeof(struct run));
            examples->runs[examples->run_count++] = (struct run){(uint32_t)examples->word_count, 0};
            is_running = true;
        }
        add_word(examples, &words, i, tag_of(post, &tokens.items[i]));
    }
}

/* ---- one step ---- */

/* A run on the way to its gradient. */
struct chain {
    float scores[RUN_MAX][NAME_TAGS];
    float ahead[RUN_MAX][NAME_TAGS], behind[RUN_MAX][NAME_TAGS]; /* sum to 1 at each word */
    bool is_kept[RUN_MAX][NAME_FEATURES];
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static bool may_follow(size_t before, size_t tag)
{
    return !is_inner((uint8_t)tag) || before == tag || before + 1 == tag;
}

static float step_weight(const struct weights *weights, size_t from, size_t to)
{
    return may_follow(from, to) ? expf(weights->steps[from][to]) : 0;
}

static void normalise(float values[NAME_TAGS])
{
    float sum = 0;
    for (size_t tag = 0; tag < NAME_TAGS; tag++)
        sum += values[tag];
    for (size_t tag = 0; tag < NAME_TAGS; tag++)
        values[tag] /= sum;
}

static void score_run(const struct weights *weights, const struct example *words, size_t count,
                      uint64_t *random, struct chain *chain)
{
    for (size_t i = 0; i < count; i++) {
        float *scores = chain->scores[i], most = -1e9F;
        memset(scores, 0, sizeof chain->scores[i]);
        for (size_t f = 0; f < NAME_FEATURES; f++) {
            chain->is_kept[i][f] = (float)(next_random(random) >> 40) >= DROPPED * (1 << 24);
            if (chain->is_kept[i][f])
                for (size_t tag = 0; tag < NAME_TAGS; tag++)
                    scores[tag] += weights->rows[words[i].rows[f]][tag];
        }
        for (size_t tag = 0; tag < NAME_TAGS; tag++)
            most = fmaxf(most, scores[tag]);
        for (size_t tag = 0; tag < NAME_TAGS; tag++)
            scores[tag] = expf(scores[tag] - most);
    }
}

static void pass_over(const struct weights *weights, size_t count, struct chain *chain)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t tag = 0; tag < NAME_TAGS; tag++) {
            float sum = i == 0 ? step_weight(weights, TAG_OUTSIDE, tag) : 0;
            for (size_t before = 0; i > 0 && before < NAME_TAGS; before++)
                sum += chain->ahead[i - 1][before] * step_weight(weights, before, tag);
            chain->ahead[i][tag] = sum * chain->scores[i][tag];
        }
        normalise(chain->ahead[i]);
    }
    for (size_t i = count; i-- > 0;) {
        for (size_t before = 0; before < NAME_TAGS; before++) {
            float sum = i + 1 == count ? 1 : 0;
            for (size_t tag = 0; i + 1 < count && tag < NAME_TAGS; tag++)
                sum += chain->behind[i + 1][tag] * chain->scores[i + 1][tag] *
                       step_weight(weights, before, tag);
            chain->behind[i][before] = sum;
        }
        normalise(chain->behind[i]);
    }
}

static void move(float *weight, float *squares, float gradient)
{
    gradient += DECAY * *weight;
    *squares += gradient * gradient;
    *weight -= RATE * gradient / (sqrtf(*squares) + 1e-6F);
    *weight = fmaxf(-LARGEST, fminf(LARGEST, *weight));
}

static void move_rows(struct weights *weights, const struct example *word, const bool *is_kept,
                      const float gradient[NAME_TAGS])
{
    for (size_t f = 0; f < NAME_FEATURES; f++) {
        if (!is_kept[f])
            continue;
        for (size_t tag = 0; tag < NAME_TAGS; tag++)
            move(&weights->rows[word->rows[f]][tag], &weights->row_squares[word->rows[f]][tag],
                 gradient[tag]);
    }
}

/* How likely each pair of tags is at words i - 1 and i, less the marked one. */
static void pair_gradient(const struct weights *weights, const struct chain *chain, size_t i,
                          float pairs[NAME_TAGS][NAME_TAGS])
{
    float sum = 0;
    for (size_t before = 0; before < NAME_TAGS; before++) {
        float come = i > 0 ? chain->ahead[i - 1][before] : before == TAG_OUTSIDE;
        for (size_t tag = 0; tag < NAME_TAGS; tag++) {
            pairs[before][tag] = come * step_weight(weights, before, tag) * chain->scores[i][tag] *
                                 chain->behind[i][tag];
            sum += pairs[before][tag];
        }
    }
    for (size_t before = 0; before < NAME_TAGS; before++)
        for (size_t tag = 0; tag < NAME_TAGS; tag++)
            pairs[before][tag] /= sum;
}

static void learn_run(struct weights *weights, const struct example *words, size_t count,
                      uint64_t *random)
{
    static struct chain chain;
    static float pairs[RUN_MAX][NAME_TAGS][NAME_TAGS];
    score_run(weights, words, count, random, &chain);
    pass_over(weights, count, &chain);
    for (size_t i = 0; i < count; i++)
        pair_gradient(weights, &chain, i, pairs[i]);
    for (size_t i = 0; i < count; i++) {
        float gradient[NAME_TAGS] = {0};
        pairs[i][i > 0 ? words[i - 1].tag : TAG_OUTSIDE][words[i].tag] -= 1;
        for (size_t before = 0; before < NAME_TAGS; before++) {
            for (size_t tag = 0; tag < NAME_TAGS; tag++) {
                gradient[tag] += pairs[i][before][tag];
                if (may_follow(before, tag))
                    move(&weights->steps[before][tag], &weights->step_squares[before][tag],
                         pairs[i][before][tag]);
            }
        }
        move_rows(weights, &words[i], chain.is_kept[i], gradient);
    }
}

/* ---- all of it ---- */

static void shuffle(struct run *runs, size_t count, uint64_t *random)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = next_random(random) % i;
        struct run kept = runs[i - 1];
        runs[i - 1] = runs[other];
        runs[other] = kept;
    }
}

static char whole(float weight)
{
    float bounded = fmaxf(-LARGEST, fminf(LARGEST, weight));
    return (char)(int8_t)lrintf(bounded / LARGEST * SCALE);
}

static float step_of(const struct weights *weights, size_t before, size_t tag)
{
    return weights->steps[before][tag] - (tag == TAG_OUTSIDE ? LEANING : 0.0F);
}

static void write_weights(const struct weights *weights, char *bytes)
{
    for (size_t before = 0; before < NAME_TAGS; before++)
        for (size_t tag = 0; tag < NAME_TAGS; tag++)
            *bytes++ =
                may_follow(before, tag) ? whole(step_of(weights, before, tag)) : (char)MODEL_BARRED;
    bytes += MODEL_HABITS;
    for (size_t row = 0; row < MODEL_ROWS; row++)
        for (size_t tag = 0; tag < NAME_TAGS; tag++)
            *bytes++ = whole(weights->rows[row][tag]);
}

void learner_fit(const struct marked_post *const *posts, size_t count, uint64_t seed, char *bytes)
{
    struct examples examples = {0};
    struct name_model model = name_model_of(bytes);
    SCOPED(arena_close) struct arena *arena = arena_open(POST_ARENA_BYTES);
    for (size_t i = 0; i < count; i++, arena_reset(arena))
        add_post(&examples, posts[i], &model, arena);
    struct weights *weights = calloc(1, sizeof *weights);
    CHECK(weights != NULL);
    for (int round = 0; round < ROUNDS; round++) {
        shuffle(examples.runs, examples.run_count, &seed);
        for (size_t i = 0; i < examples.run_count; i++)
            learn_run(weights, &examples.words[examples.runs[i].first], examples.runs[i].count,
                      &seed);
    }
    write_weights(weights, bytes);
    free(weights);
    free(examples.runs);
    free(examples.words);
}
