#include "sentiment_model.h"

#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/embedded_file.h"

static const double NEUTRAL_WITHIN = 0.12;
static const float POSITIVE_ABOVE = 0.12F;
static const float SURE_LEAD = 0.5F; /* over the neutral label, in logits */

extern const struct embedded_file SENTIMENT_MODEL[];

struct sentiment_model sentiment_model_of(const char *bytes)
{
    struct sentiment_model model;
    memcpy(&model.head, bytes, sizeof model.head);
    model.slots = bytes + sizeof model.head;
    return model;
}

struct sentiment_model sentiment_model_shipped(void)
{
    CHECK(SENTIMENT_MODEL[0].length == SENTIMENT_MODEL_BYTES);
    return sentiment_model_of(SENTIMENT_MODEL[0].chars);
}

/* A number for each output; of counts, for each output of two slots. */
typedef uint8_t slot_bytes __attribute__((vector_size(16)));
typedef uint16_t slot_counts __attribute__((vector_size(16)));
typedef int32_t output_counts __attribute__((vector_size(SENTIMENT_OUTPUTS * sizeof(int32_t))));
typedef float output_sums __attribute__((vector_size(SENTIMENT_OUTPUTS * sizeof(float))));

/* The bytes of a slot, the first output's lowest. */
static uint32_t four_of(const struct sentiment_model *model, uint32_t slot)
{
    uint32_t four;
    memcpy(&four, model->slots + (size_t)slot * sizeof four, sizeof four);
    return four;
}

/* What two slots count, each by SLOT_BIAS more than it is: a byte and a zero make one number. */
static slot_counts counts_of(uint32_t first, uint32_t second)
{
    const slot_bytes zeros = {0};
    slot_bytes bytes = (slot_bytes)(output_counts){(int32_t)first, (int32_t)second};
    return (slot_counts)__builtin_shufflevector(bytes, zeros, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5,
                                                21, 6, 22, 7, 23);
}

/* The sums of some slots, an even number at a time: after SPAN of them no number can be full. */
static void sum_grams(const struct sentiment_model *model,
                      const struct sentiment_features *features, float sums[SENTIMENT_OUTPUTS])
{
    enum { SPAN = 512 };
    for (size_t from = 0; from < features->gram_count; from += SPAN) {
        size_t left = features->gram_count - from, count = left < SPAN ? left : SPAN;
        const uint16_t *grams = features->grams + from;
        slot_counts pairs = {0};
        for (size_t g = 0; g + 1 < count; g += 2)
            pairs += counts_of(four_of(model, grams[g]), four_of(model, grams[g + 1]));
        if (count % 2 != 0)
            pairs += counts_of(four_of(model, grams[count - 1]), 0);
        for (size_t o = 0; o < SENTIMENT_OUTPUTS; o++)
            sums[o] +=
                (float)(pairs[o] + pairs[o + SENTIMENT_OUTPUTS]) - (float)(count * SLOT_BIAS);
    }
}

static output_sums sum_of_words(const struct sentiment_model *model,
                                const struct sentiment_features *features)
{
    const slot_counts zeros = {0};
    output_sums sums = {0};
    for (size_t w = 0; w < features->word_count; w++) {
        slot_counts two = counts_of(four_of(model, features->words[w].slot), 0);
        output_counts counts =
            (output_counts)__builtin_shufflevector(two, zeros, 0, 8, 1, 9, 2, 10, 3, 11);
        sums += features->words[w].value * __builtin_convertvector(counts - SLOT_BIAS, output_sums);
    }
    return sums;
}

void sentiment_outputs(const struct sentiment_model *model,
                       const struct sentiment_features *features, float outputs[SENTIMENT_OUTPUTS])
{
    float grams[SENTIMENT_OUTPUTS] = {0};
    sum_grams(model, features, grams);
    output_sums sums, dense = {0}, unit;
    memcpy(&sums, grams, sizeof sums);
    sums = sum_of_words(model, features) * features->word_scale + sums * features->gram_scale;
    for (size_t d = 0; d < DENSE_COUNT; d++) {
        output_sums row;
        memcpy(&row, model->head.dense[d], sizeof row);
        dense += features->dense[d] * row;
    }
    memcpy(&unit, model->head.slot_unit, sizeof unit);
    sums = dense + unit * sums;
    memcpy(outputs, &sums, sizeof sums);
}

/* Of a label and a score: praise below 0, or blame above. */
static bool are_opposite(enum sentiment_label label, float score)
{
    return (label == SENTIMENT_POSITIVE && score < 0) || (label == SENTIMENT_NEGATIVE && score > 0);
}

enum sentiment_label sentiment_likeliest(const float outputs[SENTIMENT_OUTPUTS], bool has_hit,
                                         float *share_logit)
{
    const float *logits = outputs + OUTPUT_NEGATIVE;
    enum sentiment_label best = SENTIMENT_NEUTRAL;
    if (logits[SENTIMENT_NEGATIVE] > logits[best])
        best = SENTIMENT_NEGATIVE;
    if (logits[SENTIMENT_POSITIVE] > logits[best] &&
        (has_hit || outputs[OUTPUT_SCORE] > POSITIVE_ABOVE))
        best = SENTIMENT_POSITIVE;
    if (are_opposite(best, outputs[OUTPUT_SCORE]) &&
        logits[best] - logits[SENTIMENT_NEUTRAL] < SURE_LEAD)
        best = SENTIMENT_NEUTRAL;
    float others = 0;
    for (enum sentiment_label l = SENTIMENT_NEGATIVE; l <= SENTIMENT_POSITIVE; l++)
        if (l != best)
            others += expf(logits[l] - logits[best]);
    *share_logit = -logf(others + 1e-6F);
    return best;
}

/* Where nothing was learnt. */
static struct sentiment judge_by_rules(const struct sentiment_features *features)
{
    struct sentiment sentiment = {.score = 0.8 * (double)features->dense[DENSE_RULES_WIDE]};
    double strength = fabs(sentiment.score);
    if (strength < NEUTRAL_WITHIN) {
        sentiment.label = SENTIMENT_NEUTRAL;
        sentiment.confidence = 0.5;
    } else {
        sentiment.label = sentiment.score > 0 ? SENTIMENT_POSITIVE : SENTIMENT_NEGATIVE;
        sentiment.confidence = 0.4 + 0.4 * strength;
    }
    return sentiment;
}

struct sentiment sentiment_judge(const struct sentiment_model *model,
                                 const struct sentiment_features *features)
{
    if (!features->is_english)
        return judge_by_rules(features);
    float outputs[SENTIMENT_OUTPUTS], share_logit;
    sentiment_outputs(model, features, outputs);
    enum sentiment_label label =
        sentiment_likeliest(outputs, features->dense[DENSE_NO_HIT] == 0, &share_logit);
    float right = model->head.label_slope * share_logit + model->head.label_bias[label];
    float score = are_opposite(label, outputs[OUTPUT_SCORE]) ? 0 : outputs[OUTPUT_SCORE];
    return (struct sentiment){
        .label = label,
        .score = (double)fmaxf(-1, fminf(score, 1)),
        .confidence = (double)(1 / (1 + expf(-right))),
    };
}
