#include "sentiment_model.h"

#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/embedded_file.h"

static const double NEUTRAL_WITHIN = 0.12;
static const float POSITIVE_ABOVE = 0.12F;

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

/* The bytes of a slot, the first output's lowest. */
static uint32_t four_of(const struct sentiment_model *model, uint32_t slot)
{
    uint32_t four;
    memcpy(&four, model->slots + (size_t)slot * sizeof four, sizeof four);
    return four;
}

/* The sums of some slots. Four bytes are added at a time, two of them in a 32-bit number's halves:
 * SLOT_BIAS keeps them from going below 0, and after SPAN slots no half can be full. */
static void add_grams(const struct sentiment_model *model,
                      const struct sentiment_features *features, float sums[SENTIMENT_OUTPUTS])
{
    enum { SPAN = 256 };
    const uint32_t halves = 0x00FF00FF;
    for (size_t from = 0; from < features->gram_count; from += SPAN) {
        size_t left = features->gram_count - from, count = left < SPAN ? left : SPAN;
        uint32_t even = 0, odd = 0;
        for (size_t g = from; g < from + count; g++) {
            uint32_t four = four_of(model, features->grams[g]);
            even += four & halves;
            odd += four >> 8 & halves;
        }
        float bias = (float)(count * SLOT_BIAS);
        sums[0] += (float)(even & 0xFFFF) - bias;
        sums[1] += (float)(odd & 0xFFFF) - bias;
        sums[2] += (float)(even >> 16) - bias;
        sums[3] += (float)(odd >> 16) - bias;
    }
}

static void add_words(const struct sentiment_model *model,
                      const struct sentiment_features *features, float sums[SENTIMENT_OUTPUTS])
{
    for (size_t w = 0; w < features->word_count; w++) {
        uint32_t four = four_of(model, features->words[w].slot);
        for (unsigned o = 0; o < SENTIMENT_OUTPUTS; o++)
            sums[o] += features->words[w].value * (float)((int)(four >> 8 * o & 0xFF) - SLOT_BIAS);
    }
}

void sentiment_outputs(const struct sentiment_model *model,
                       const struct sentiment_features *features, float outputs[SENTIMENT_OUTPUTS])
{
    float words[SENTIMENT_OUTPUTS] = {0}, grams[SENTIMENT_OUTPUTS] = {0};
    float dense[SENTIMENT_OUTPUTS] = {0};
    add_grams(model, features, grams);
    add_words(model, features, words);
    for (int d = 0; d < DENSE_COUNT; d++)
        for (int o = 0; o < SENTIMENT_OUTPUTS; o++)
            dense[o] += features->dense[d] * model->head.dense[d][o];
    for (int o = 0; o < SENTIMENT_OUTPUTS; o++)
        outputs[o] = dense[o] + model->head.slot_unit[o] * (words[o] * features->word_scale +
                                                            grams[o] * features->gram_scale);
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
    return (struct sentiment){
        .label = label,
        .score = (double)fmaxf(-1, fminf(outputs[OUTPUT_SCORE], 1)),
        .confidence = (double)(1 / (1 + expf(-right))),
    };
}
