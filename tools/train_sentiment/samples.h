/* Labelled posts as the model sees them.
 *
 *   samples_read(folder, &samples, &why);   the four sets of ../shared/data
 *   samples_free(&samples);
 *
 * One thread.
 */
#pragma once

#include "analysis/analysis.h"
#include "base/error.h"
#include "base/scoped.h"
#include "embedded/sentiment/sentiment_features.h"

enum sample_set { SET_TWEETS, SET_AMAZON, SET_MOVIE, SET_TWEETEVAL, SET_COUNT };
enum { FOLDS = 5 };

struct sample {
    enum sample_set set;
    unsigned fold;
    enum sentiment_label label; /* of SET_TWEETEVAL */
    float rating;               /* of the others: the mean of people's ratings, -1..1 */
    bool is_english;            /* to the engine: what is not is not learnt from */
    float dense[DENSE_COUNT];
    size_t word_count, gram_count;
    float word_scale, gram_scale;
    struct sentiment_slot *words;
    uint16_t *grams;
};

struct samples {
    struct sample *items;
    size_t count;
    struct arena *arena;
};

MUST_USE bool samples_read(const char *folder, struct samples *samples, struct error *why);
void samples_free(struct samples *samples);

/* What the engine would have made of it. */
void sample_features(const struct sample *sample, struct sentiment_features *features);

const char *sample_set_name(enum sample_set set);
