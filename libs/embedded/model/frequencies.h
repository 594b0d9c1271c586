/* How frequent words and features are in posts at large: the model model/frequencies.bin, which
 * tools/train_frequencies counts. It holds numbers by hash, no words. Constant; any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
    FREQUENCY_WORDS = 1 << 15,    /* buckets of words */
    FREQUENCY_FEATURES = 1 << 16, /* buckets of features of manner.h */
    FREQUENCY_STEPS = 8,          /* of a halving: the byte of a bucket is -8 log2(share) */
};

/* What a word tells by being there, in eighths of a bit: 38 for "the", 120 and more for a rare one.
 */
unsigned frequency_rarity_of_word(uint64_t hash);

/* The share of all features that fall into that bucket; never 0. */
double frequency_of_feature(uint16_t feature);

static inline size_t frequency_bucket_of_word(uint64_t hash)
{
    return (size_t)(hash * UINT64_C(0x9E3779B97F4A7C15) >> 49);
}
