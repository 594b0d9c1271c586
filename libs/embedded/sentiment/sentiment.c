#include "sentiment.h"

#include "sentiment_features.h"
#include "sentiment_model.h"

struct sentiment sentiment_find(const struct tokens *tokens, enum language language)
{
    struct sentiment_features features;
    sentiment_features_find(tokens, language, &features);
    struct sentiment_model model = sentiment_model_shipped();
    return sentiment_judge(&model, &features);
}
