/* What tools/train_sentiment learnt, as libs/embedded/model/sentiment.bin holds it: little-endian,
 * a head of floats and a table of one byte for each slot and output.
 *
 *   struct sentiment_model model = sentiment_model_shipped();
 *   struct sentiment sentiment = sentiment_judge(&model, &features);
 *
 * The table is lent by the bytes. Pure; any thread.
 */
#pragma once

#include "sentiment.h"
#include "sentiment_features.h"

/* The outputs of the model: the valence people would give, and the logits of the three labels. */
enum { OUTPUT_SCORE, OUTPUT_NEGATIVE, OUTPUT_NEUTRAL, OUTPUT_POSITIVE, SENTIMENT_OUTPUTS };
enum { SLOT_BIAS = 128 };

struct sentiment_head {
    float dense[DENSE_COUNT][SENTIMENT_OUTPUTS];
    float slot_unit[SENTIMENT_OUTPUTS]; /* what 1 in the table is worth */
    float label_bias[3], label_slope; /* logit of being right = slope x logit of the share + bias */
};

enum {
    SENTIMENT_MODEL_BYTES = sizeof(struct sentiment_head) + SENTIMENT_SLOTS * SENTIMENT_OUTPUTS
};

struct sentiment_model {
    struct sentiment_head head;
    const char *slots; /* a byte for each slot and output: 0 to 255, SLOT_BIAS is nothing */
};

/* Of SENTIMENT_MODEL_BYTES bytes. */
struct sentiment_model sentiment_model_of(const char *bytes);
struct sentiment_model sentiment_model_shipped(void);

/* The four outputs, and what they say. */
void sentiment_outputs(const struct sentiment_model *model,
                       const struct sentiment_features *features, float outputs[SENTIMENT_OUTPUTS]);
struct sentiment sentiment_judge(const struct sentiment_model *model,
                                 const struct sentiment_features *features);

/* The likeliest label, and the logit of its share among the three. What holds no word of feeling is
 * called positive only if its score is clearly so; and what its score contradicts is neutral,
 * unless the label leads clearly: then the score is 0. */
enum sentiment_label sentiment_likeliest(const float outputs[SENTIMENT_OUTPUTS], bool has_hit,
                                         float *share_logit);
