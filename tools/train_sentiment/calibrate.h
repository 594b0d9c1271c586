/* How likely a label is right: a logistic curve over the logit of its share, with a bias for each
 * label, fitted to posts that the model had not learnt from. One thread. */
#pragma once

#include "embedded/sentiment/sentiment_model.h"
#include "samples.h"

/* What a model said of one post. */
struct guess {
    unsigned fold;
    enum sentiment_label label, truth;
    float share_logit;
};

struct guesses {
    struct guess *items;
    size_t count;
};

/* Fits the curve of `head` to all guesses that are not of fold `held_out`. */
void calibrate(const struct guesses *guesses, unsigned held_out, struct sentiment_head *head);
