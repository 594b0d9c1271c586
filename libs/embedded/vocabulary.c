#include "vocabulary.h"

#include <string.h>

bool vocabulary_find(const struct vocabulary *vocabulary, const char *word, int *value)
{
    size_t low = 0, high = vocabulary->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(word, vocabulary->entries[middle].word);
        if (order == 0) {
            *value = vocabulary->entries[middle].value;
            return true;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

bool vocabulary_has(const struct vocabulary *vocabulary, const char *word)
{
    int value;
    return vocabulary_find(vocabulary, word, &value);
}
