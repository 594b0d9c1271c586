/* The weights of the model, and how they are learnt: one pass of AdaGrad after the other over
 * shuffled posts, squared error for people's ratings and cross entropy for labels.
 *
 *   weights_open(&weights); fit(&weights, &samples, fold, &how); weights_pack(&weights, &how,
 * bytes);
 *
 * A set's ratings are what all sets share plus what is its own; the logits of labels are a share of
 * what all sets share plus what is their own. What the model answers as score is what tweets say.
 * The same posts, `how` and seed give the same weights. One thread.
 */
#pragma once

#include "embedded/sentiment/sentiment_model.h"
#include "samples.h"

enum column { SHARED, TWEETS, REVIEWS, NEGATIVE, NEUTRAL, POSITIVE, COLUMNS };
enum { NO_FOLD = FOLDS };

struct how {
    int epochs;
    uint64_t seed;
    double dense_rate, word_rate, gram_rate, column_rate[COLUMNS];
    double dense_decay, slot_decay;
    double share; /* of the shared valence in the logits */
    double set_weight[SET_COUNT];
};

extern const struct how HOW;

struct weights {
    float (*dense)[COLUMNS], (*slots)[COLUMNS];
};

void weights_open(struct weights *weights);
void weights_free(struct weights *weights);

/* Learns from all samples that are not of fold `held_out`. */
void fit(struct weights *weights, const struct samples *samples, unsigned held_out,
         const struct how *how);

/* SENTIMENT_MODEL_BYTES bytes; the confidence is not calibrated yet. */
void weights_pack(const struct weights *weights, const struct how *how, char *bytes);
