#include "sentiment_slots.h"

#include <string.h>

enum { PART_MIN = 3, PART_MAX = 5, PART_WORD_MAX = 30 };

/* The slot of the lowest `size` of these bytes. */
static uint16_t slot_of_part(uint64_t bytes, unsigned size)
{
    const uint64_t spread = 0xFF51AFD7ED558CCDu;
    return sentiment_slot_of((bytes & (UINT64_MAX >> (64 - 8 * size))) * spread + size);
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
    uint16_t *gram = features->grams + features->gram_count;
    size_t at = 0;
    for (; at + PART_MAX <= length; at++) {
        uint64_t bytes = eight_at(marked + at);
        *gram++ = slot_of_part(bytes, 3);
        *gram++ = slot_of_part(bytes, 4);
        *gram++ = slot_of_part(bytes, 5);
    }
    for (; at + PART_MIN <= length; at++) {
        uint64_t bytes = eight_at(marked + at);
        *gram++ = slot_of_part(bytes, 3);
        if (at + 4 <= length)
            *gram++ = slot_of_part(bytes, 4);
    }
    features->gram_count = (size_t)(gram - features->grams);
}
