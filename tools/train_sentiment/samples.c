#include "samples.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/check.h"
#include "json/json.h"

enum { LINE_MAX_BYTES = 64 << 10, SAMPLES_MAX = 40000 };
static const size_t MEMORY_MAX = (size_t)1 << 30;

static const char *const SET_FILES[SET_COUNT] = {"vader-tweets", "vader-amazon", "vader-movie",
                                                 "tweeteval-sentiment"};

const char *sample_set_name(enum sample_set set)
{
    return SET_FILES[set];
}

/* By the id alone: the same posts are held out whatever else is in the file. */
static unsigned fold_of(const char *id)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (; *id != '\0'; id++)
        hash = (hash ^ (unsigned char)*id) * 0x100000001B3u;
    return (unsigned)((hash >> 33) % FOLDS);
}

static bool take_label(const json_t *line, struct sample *sample)
{
    const char *label = json_string_value(json_object_get(line, "label"));
    for (enum sentiment_label l = SENTIMENT_NEGATIVE; label && l <= SENTIMENT_POSITIVE; l++)
        if (strcmp(label, sentiment_label_name(l)) == 0) {
            sample->label = l;
            return true;
        }
    return false;
}

static void take_features(const struct sentiment_features *features, struct sample *sample,
                          struct arena *arena)
{
    sample->is_english = features->is_english;
    memcpy(sample->dense, features->dense, sizeof sample->dense);
    sample->word_count = features->word_count;
    sample->gram_count = features->gram_count;
    sample->word_scale = features->word_scale;
    sample->gram_scale = features->gram_scale;
    sample->words = (void *)arena_bytes(arena, features->words,
                                        features->word_count * sizeof features->words[0]);
    sample->grams = (void *)arena_bytes(arena, features->grams,
                                        features->gram_count * sizeof features->grams[0]);
}

void sample_features(const struct sample *sample, struct sentiment_features *features)
{
    features->is_english = sample->is_english;
    memcpy(features->dense, sample->dense, sizeof features->dense);
    features->word_count = sample->word_count;
    features->gram_count = sample->gram_count;
    features->word_scale = sample->word_scale;
    features->gram_scale = sample->gram_scale;
    memcpy(features->words, sample->words, sample->word_count * sizeof features->words[0]);
    memcpy(features->grams, sample->grams, sample->gram_count * sizeof features->grams[0]);
}

static bool take_line(const char *bytes, size_t length, enum sample_set set,
                      struct samples *samples, struct error *why)
{
    SCOPED(json_free) json_t *line = NULL;
    if (!json_parse(bytes, length, &line, why))
        return false;
    const char *id = json_string_value(json_object_get(line, "id"));
    const char *text = json_string_value(json_object_get(line, "text"));
    struct sample *sample = &samples->items[samples->count];
    *sample = (struct sample){.set = set};
    sample->rating = (float)json_number_value(json_object_get(line, "score")) / 4;
    if (id == NULL || text == NULL || (set == SET_TWEETEVAL && !take_label(line, sample)))
        return error_set(why, ERROR_INVALID, "a line of %s without id, text or label",
                         SET_FILES[set]);
    sample->fold = fold_of(id);
    static struct sentiment_features features; /* large */
    struct piece clean = tokens_clean((struct piece){text, strlen(text)}, samples->arena);
    struct tokens tokens = tokens_cut(clean, samples->arena);
    enum language language = language_find(&tokens);
    sentiment_features_find(&tokens, language, &features);
    take_features(&features, sample, samples->arena);
    samples->count++;
    return true;
}

static bool read_set(const char *folder, enum sample_set set, struct samples *samples,
                     struct error *why)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.jsonl", folder, SET_FILES[set]);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return error_set(why, ERROR_NOT_FOUND, "cannot open %s", path);
    char *line = malloc(LINE_MAX_BYTES);
    CHECK(line != NULL);
    bool is_fine = true;
    while (is_fine && fgets(line, LINE_MAX_BYTES, file) != NULL) {
        CHECK(samples->count < SAMPLES_MAX);
        is_fine = take_line(line, strlen(line), set, samples, why);
    }
    free(line);
    fclose(file);
    return is_fine;
}

bool samples_read(const char *folder, struct samples *samples, struct error *why)
{
    *samples = (struct samples){.arena = arena_open(MEMORY_MAX)};
    samples->items = calloc(SAMPLES_MAX, sizeof *samples->items);
    CHECK(samples->items != NULL);
    for (enum sample_set set = 0; set < SET_COUNT; set++)
        if (!read_set(folder, set, samples, why))
            return false;
    return true;
}

void samples_free(struct samples *samples)
{
    arena_close(&samples->arena);
    free(samples->items);
    samples->items = NULL;
}
