#include "sentiment_slots.h"

#include <string.h>

#include "embedded/text/plain.h"

enum { PART_MIN = 3, PART_MAX = 5, PART_WORD_MAX = 30, AT_ONCE = 4 };

/* The slot of the lowest `size` of these bytes. */
static uint16_t slot_of_part(uint64_t bytes, unsigned size)
{
    const uint64_t spread = 0xFF51AFD7ED558CCDu;
    return sentiment_slot_of((bytes & (UINT64_MAX >> (64 - 8 * size))) * spread + size);
}

void sentiment_add_parts(struct sentiment_features *features, const char *word, size_t length)
{
    /* "^word$", and zeros behind it to be read past the end. */
    unsigned char marked[PART_WORD_MAX + 2 + AT_ONCE + EIGHT] = "^";
    if (length > PART_WORD_MAX)
        length = PART_WORD_MAX;
    memcpy(marked + 1, word, length);
    marked[length + 1] = '$';
    length += 2;
    size_t room = SENTIMENT_MAX_GRAMS - features->gram_count;
    if (length < PART_MIN || room < (PART_MAX - PART_MIN + 1) * length)
        return;
    uint16_t *gram = features->grams + features->gram_count;
    /* Each place begins three parts but the last two. Four places are done at a time, for few words
     * differ in how often that is; what is too much of it is written over. */
    size_t last = length < PART_MAX ? 0 : length - PART_MAX + 1;
    for (size_t from = 0; from < last; from += AT_ONCE) {
        for (size_t i = 0; i < AT_ONCE; i++) {
            uint64_t bytes = eight_at(marked + from + i);
            gram[3 * (from + i)] = slot_of_part(bytes, 3);
            gram[3 * (from + i) + 1] = slot_of_part(bytes, 4);
            gram[3 * (from + i) + 2] = slot_of_part(bytes, 5);
        }
    }
    gram += 3 * last;
    if (length > PART_MIN) {
        *gram++ = slot_of_part(eight_at(marked + length - 4), 3);
        *gram++ = slot_of_part(eight_at(marked + length - 4), 4);
    }
    *gram++ = slot_of_part(eight_at(marked + length - 3), 3);
    features->gram_count = (size_t)(gram - features->grams);
}
