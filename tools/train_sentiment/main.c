/* Learns the model of sentiment from ../shared/data and writes it; first tells by five-fold
 * cross-validation what it is worth on posts it has not seen. Some seconds.
 *
 *   train_sentiment FOLDER [OUT]   FOLDER: ../shared/data; OUT: libs/embedded/model/sentiment.bin
 *
 * Folds are by hash of a post's id. The confidence that a fold is told is calibrated on the other
 * folds; the shipped one on all of them. The same data give the same bytes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "calibrate.h"
#include "report.h"

static void guess(const struct sentiment_model *model, const struct sample *sample,
                  struct guesses *guesses)
{
    static struct sentiment_features features; /* large */
    if (sample->set != SET_TWEETEVAL || !sample->is_english)
        return;
    sample_features(sample, &features);
    float outputs[SENTIMENT_OUTPUTS];
    sentiment_outputs(model, &features, outputs);
    struct guess *said = &guesses->items[guesses->count++];
    *said = (struct guess){.fold = sample->fold, .truth = sample->label};
    said->label =
        sentiment_likeliest(outputs, features.dense[DENSE_NO_HIT] == 0, &said->share_logit);
}

static void learn(const struct samples *samples, unsigned held_out, char *bytes)
{
    struct weights weights;
    weights_open(&weights);
    fit(&weights, samples, held_out, &HOW);
    weights_pack(&weights, &HOW, bytes);
    weights_free(&weights);
}

/* Each post judged by a model that has not seen it; `guesses` is filled for the calibration. */
static void cross_validate(const struct samples *samples, struct guesses *guesses)
{
    char *bytes = calloc(FOLDS, SENTIMENT_MODEL_BYTES);
    CHECK(bytes != NULL);
    struct sentiment_model models[FOLDS];
    for (unsigned fold = 0; fold < FOLDS; fold++) {
        char *own = bytes + (size_t)fold * SENTIMENT_MODEL_BYTES;
        learn(samples, fold, own);
        models[fold] = sentiment_model_of(own);
    }
    for (size_t i = 0; i < samples->count; i++)
        guess(&models[samples->items[i].fold], &samples->items[i], guesses);
    for (unsigned fold = 0; fold < FOLDS; fold++)
        calibrate(guesses, fold, &models[fold].head);
    struct report report = {0};
    for (size_t i = 0; i < samples->count; i++)
        report_add(&report, &models[samples->items[i].fold], &samples->items[i]);
    printf("cross-validation, %d folds by hash of the id, seed %d:\n", FOLDS, (int)HOW.seed);
    report_print(&report);
    free(bytes);
}

static bool write_model(const struct samples *samples, const struct guesses *guesses,
                        const char *path)
{
    char *bytes = calloc(1, SENTIMENT_MODEL_BYTES);
    CHECK(bytes != NULL);
    learn(samples, NO_FOLD, bytes);
    struct sentiment_model model = sentiment_model_of(bytes);
    calibrate(guesses, NO_FOLD, &model.head);
    FILE *file = fopen(path, "wb");
    bool is_written = file != NULL && fwrite(&model.head, sizeof model.head, 1, file) == 1 &&
                      fwrite(model.slots, SENTIMENT_SLOTS * SENTIMENT_OUTPUTS, 1, file) == 1;
    if (file != NULL)
        is_written = fclose(file) == 0 && is_written;
    free(bytes);
    return is_written;
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: train_sentiment FOLDER [OUT]\n");
        return 64;
    }
    struct samples samples;
    struct error why;
    if (!samples_read(argv[1], &samples, &why)) {
        fprintf(stderr, "train_sentiment: %s\n", why.message);
        samples_free(&samples);
        return 1;
    }
    struct guesses guesses = {.items = calloc(samples.count, sizeof(struct guess))};
    CHECK(guesses.items != NULL);
    cross_validate(&samples, &guesses);
    bool is_fine = argc < 3 || write_model(&samples, &guesses, argv[2]);
    if (!is_fine)
        fprintf(stderr, "train_sentiment: cannot write %s\n", argv[2]);
    free(guesses.items);
    samples_free(&samples);
    return is_fine ? 0 : 1;
}
