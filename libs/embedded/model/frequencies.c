#include "frequencies.h"

#include <math.h>

#include "base/embedded_file.h"

extern const struct embedded_file FREQUENCIES[]; /* model/frequencies.bin */

unsigned frequency_rarity_of_word(uint64_t hash)
{
    return (uint8_t)FREQUENCIES[0].chars[frequency_bucket_of_word(hash)];
}

double frequency_of_feature(uint16_t feature)
{
    uint8_t eighths = (uint8_t)FREQUENCIES[0].chars[FREQUENCY_WORDS + (size_t)feature];
    return exp2(-(double)eighths / (double)FREQUENCY_STEPS);
}
