#include "sentiment_slots.h"

#include <string.h>

enum { PART_MIN = 3, PART_MAX = 5, PART_WORD_MAX = 30 };

static uint32_t slot_of(uint64_t key)
{
    return (uint32_t)((key * 0x9E3779B97F4A7C15u) >> (64 - SENTIMENT_SLOT_BITS));
}

static void add(struct sentiment_features *features, uint64_t key, float value)
{
    if (features->word_count == SENTIMENT_MAX_WORDS)
        return;
    features->words[features->word_count++] =
        (struct sentiment_slot){.slot = slot_of(key), .value = value};
}

void sentiment_add_word(struct sentiment_features *features, uint32_t id, float value)
{
    add(features, id, value);
}

void sentiment_add_turned(struct sentiment_features *features, uint32_t id)
{
    add(features, (uint64_t)id << 32 | 0x5EED, 1);
}

void sentiment_add_pair(struct sentiment_features *features, uint32_t first, uint32_t second)
{
    add(features, ((uint64_t)first << 32 | first) * 0xD6E8FEB86659FD93u + second, 1);
}

void sentiment_add_parts(struct sentiment_features *features, const char *word, size_t length)
{
    /* "^word$", and zeros behind it to be read past the end. */
    unsigned char marked[PART_WORD_MAX + 2 + 8] = "^";
    if (length > PART_WORD_MAX)
        length = PART_WORD_MAX;
    memcpy(marked + 1, word, length);
    marked[length + 1] = '$';
    length += 2;
    size_t room = SENTIMENT_MAX_GRAMS - features->gram_count;
    if (length < PART_MIN || room < (PART_MAX - PART_MIN + 1) * length)
        return;
    uint32_t *gram = features->grams + features->gram_count;
    for (size_t at = 0; at + PART_MIN <= length; at++) {
        uint64_t bytes;
        memcpy(&bytes, marked + at, sizeof bytes);
        *gram++ = slot_of((bytes & 0xFFFFFFu) * 0xFF51AFD7ED558CCDu + 3);
        if (at + 4 <= length)
            *gram++ = slot_of((bytes & 0xFFFFFFFFu) * 0xFF51AFD7ED558CCDu + 4);
        if (at + 5 <= length)
            *gram++ = slot_of((bytes & 0xFFFFFFFFFFu) * 0xFF51AFD7ED558CCDu + 5);
    }
    features->gram_count = (size_t)(gram - features->grams);
}
