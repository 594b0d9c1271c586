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
    model.slots = (const void *)(bytes + sizeof model.head);
    return model;
}

struct sentiment_model sentiment_model_shipped(void)
{
    CHECK(SENTIMENT_MODEL[0].length == SENTIMENT_MODEL_BYTES);
    return sentiment_model_of(SENTIMENT_MODEL[0].chars);
}

void sentiment_outputs(const struct sentiment_model *model,
                       const struct sentiment_features *features, float outputs[SENTIMENT_OUTPUTS])
{
    float words[SENTIMENT_OUTPUTS] = {0}, dense[SENTIMENT_OUTPUTS] = {0};
    int32_t grams[SENTIMENT_OUTPUTS] = {0};
    for (size_t g = 0; g < features->gram_count; g++) {
        const int8_t *slot = model->slots[features->grams[g]].of;
        for (int o = 0; o < SENTIMENT_OUTPUTS; o++)
            grams[o] += slot[o];
    }
    for (size_t w = 0; w < features->word_count; w++) {
        const int8_t *slot = model->slots[features->words[w].slot].of;
        for (int o = 0; o < SENTIMENT_OUTPUTS; o++)
            words[o] += features->words[w].value * (float)slot[o];
    }
    for (int d = 0; d < DENSE_COUNT; d++)
        for (int o = 0; o < SENTIMENT_OUTPUTS; o++)
            dense[o] += features->dense[d] * model->head.dense[d][o];
    for (int o = 0; o < SENTIMENT_OUTPUTS; o++)
        outputs[o] = dense[o] + model->head.slot_unit[o] * (words[o] * features->word_scale +
                                                            (float)grams[o] * features->gram_scale);
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
