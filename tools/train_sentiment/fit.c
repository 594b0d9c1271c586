#include "fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/splitmix.h"

const struct how HOW = {
    .epochs = 10,
    .seed = 1,
    .dense_rate = 0.03,
    .word_rate = 0.01,
    .gram_rate = 0.005,
    .column_rate = {[SHARED] = 0.4,
                    [TWEETS] = 0.5,
                    [REVIEWS] = 0.5,
                    [NEGATIVE] = 2,
                    [NEUTRAL] = 2,
                    [POSITIVE] = 2},
    .dense_decay = 1e-4,
    .slot_decay = 1e-4,
    .share = 1,
    .set_weight = {1, 1, 1, 1},
};

void weights_open(struct weights *weights)
{
    weights->dense = calloc(DENSE_COUNT, sizeof *weights->dense);
    weights->slots = calloc(SENTIMENT_SLOTS, sizeof *weights->slots);
    CHECK(weights->dense != NULL && weights->slots != NULL);
}

void weights_free(struct weights *weights)
{
    free(weights->dense);
    free(weights->slots);
    *weights = (struct weights){0};
}

static void answer(const struct weights *weights, const struct sample *sample, double share,
                   double out[COLUMNS])
{
    for (int c = 0; c < COLUMNS; c++) {
        double dense = 0, words = 0, grams = 0;
        for (int d = 0; d < DENSE_COUNT; d++)
            dense += (double)(weights->dense[d][c] * sample->dense[d]);
        for (size_t w = 0; w < sample->word_count; w++)
            words += (double)(weights->slots[sample->words[w].slot][c] * sample->words[w].value);
        for (size_t g = 0; g < sample->gram_count; g++)
            grams += (double)weights->slots[sample->grams[g]][c];
        out[c] = dense + words * (double)sample->word_scale + grams * (double)sample->gram_scale;
    }
    out[NEGATIVE] -= share * out[SHARED];
    out[POSITIVE] += share * out[SHARED];
}

static void shuffle(size_t *order, size_t count, uint64_t *state)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)(splitmix_next(state) % i), kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
}

/* One step of one weight, shorter the more its gradients have added up to. */
static void move(float *weight, float *squares, double gradient, double rate)
{
    *squares += (float)(gradient * gradient);
    *weight -= (float)(rate * gradient / (sqrt((double)*squares) + 1e-4));
}

/* One step of all weights of a column that the sample touches. */
static void move_column(struct weights *weights, struct weights *squares,
                        const struct sample *sample, int c, double gradient, const struct how *how)
{
    double rate = how->column_rate[c];
    for (int d = 0; d < DENSE_COUNT; d++) {
        float *weight = &weights->dense[d][c];
        move(weight, &squares->dense[d][c],
             gradient * (double)sample->dense[d] + how->dense_decay * (double)*weight,
             rate * how->dense_rate);
    }
    for (size_t w = 0; w < sample->word_count; w++) {
        float *weight = &weights->slots[sample->words[w].slot][c];
        move(weight, &squares->slots[sample->words[w].slot][c],
             gradient * (double)(sample->words[w].value * sample->word_scale) +
                 how->slot_decay * (double)*weight,
             rate * how->word_rate);
    }
    for (size_t g = 0; g < sample->gram_count; g++) {
        float *weight = &weights->slots[sample->grams[g]][c];
        move(weight, &squares->slots[sample->grams[g]][c],
             gradient * (double)sample->gram_scale + how->slot_decay * (double)*weight,
             rate * how->gram_rate);
    }
}

static void softmax(const double logits[3], double shares[3])
{
    double most = fmax(logits[0], fmax(logits[1], logits[2])), sum = 0;
    for (int l = 0; l < 3; l++)
        sum += shares[l] = exp(logits[l] - most);
    for (int l = 0; l < 3; l++)
        shares[l] /= sum;
}

static void learn(struct weights *weights, struct weights *squares, const struct sample *sample,
                  const double class_weight[3], const struct how *how)
{
    double out[COLUMNS], gradient[COLUMNS] = {0}, weight = how->set_weight[sample->set];
    answer(weights, sample, how->share, out);
    if (sample->set == SET_TWEETEVAL) {
        double shares[3];
        softmax(out + NEGATIVE, shares);
        for (int l = 0; l < 3; l++)
            gradient[NEGATIVE + l] =
                weight * class_weight[sample->label] * (shares[l] - (l == (int)sample->label));
        gradient[SHARED] = how->share * (gradient[POSITIVE] - gradient[NEGATIVE]);
    } else {
        int own = sample->set == SET_TWEETS ? TWEETS : REVIEWS;
        gradient[SHARED] = gradient[own] =
            4 * weight * (out[SHARED] + out[own] - (double)sample->rating);
    }
    for (int c = 0; c < COLUMNS; c++)
        if (gradient[c] != 0)
            move_column(weights, squares, sample, c, gradient[c], how);
}

static bool is_learnt(const struct sample *sample, unsigned held_out)
{
    return sample->fold != held_out && sample->is_english;
}

/* Each class weighs the same, as in the mean of their recalls. */
static void weigh_classes(const struct samples *samples, unsigned held_out, double weight[3])
{
    double count[3] = {0}, all = 0;
    for (size_t i = 0; i < samples->count; i++) {
        const struct sample *sample = &samples->items[i];
        if (sample->set != SET_TWEETEVAL || !is_learnt(sample, held_out))
            continue;
        count[sample->label]++;
        all++;
    }
    for (int l = 0; l < 3; l++)
        weight[l] = all / 3 / count[l];
}

void fit(struct weights *weights, const struct samples *samples, unsigned held_out,
         const struct how *how)
{
    struct weights squares;
    weights_open(&squares);
    size_t *order = calloc(samples->count, sizeof *order), count = 0;
    CHECK(order != NULL);
    for (size_t i = 0; i < samples->count; i++)
        if (is_learnt(&samples->items[i], held_out))
            order[count++] = i;
    double class_weight[3];
    weigh_classes(samples, held_out, class_weight);
    uint64_t state = how->seed;
    for (int epoch = 0; epoch < how->epochs; epoch++) {
        shuffle(order, count, &state);
        for (size_t i = 0; i < count; i++)
            learn(weights, &squares, &samples->items[order[i]], class_weight, how);
    }
    free(order);
    weights_free(&squares);
}

/* The columns as the engine's outputs. */
static void fold(const float columns[COLUMNS], double share, float outputs[SENTIMENT_OUTPUTS])
{
    outputs[OUTPUT_SCORE] = columns[SHARED] + columns[TWEETS];
    outputs[OUTPUT_NEGATIVE] = columns[NEGATIVE] - (float)share * columns[SHARED];
    outputs[OUTPUT_NEUTRAL] = columns[NEUTRAL];
    outputs[OUTPUT_POSITIVE] = columns[POSITIVE] + (float)share * columns[SHARED];
}

void weights_pack(const struct weights *weights, const struct how *how, char *bytes)
{
    struct sentiment_head head = {.label_slope = 1};
    for (int d = 0; d < DENSE_COUNT; d++)
        fold(weights->dense[d], how->share, head.dense[d]);
    float outputs[SENTIMENT_OUTPUTS], most[SENTIMENT_OUTPUTS] = {0};
    for (size_t s = 0; s < SENTIMENT_SLOTS; s++) {
        fold(weights->slots[s], how->share, outputs);
        for (int o = 0; o < SENTIMENT_OUTPUTS; o++)
            most[o] = fmaxf(most[o], fabsf(outputs[o]));
    }
    for (int o = 0; o < SENTIMENT_OUTPUTS; o++)
        head.slot_unit[o] = most[o] / INT8_MAX;
    memcpy(bytes, &head, sizeof head);
    uint8_t *at = (uint8_t *)bytes + sizeof head;
    for (size_t s = 0; s < SENTIMENT_SLOTS; s++) {
        fold(weights->slots[s], how->share, outputs);
        for (int o = 0; o < SENTIMENT_OUTPUTS; o++)
            *at++ = (uint8_t)(SLOT_BIAS + lrintf(outputs[o] / head.slot_unit[o]));
    }
}
