/* How often words and features occur in the posts of JSONL files; written as the model of
 * libs/embedded/model/frequencies.h. One thread. */
#pragma once

#include <stdio.h>

#include "base/error.h"
#include "base/scoped.h"
#include "embedded/model/frequencies.h"

struct counts {
    uint32_t words[FREQUENCY_WORDS], features[FREQUENCY_FEATURES];
    uint64_t posts, word_total, feature_total;
};

/* Only every second line, the first one and so on: the others are for who measures. */
MUST_USE bool counts_add_file(struct counts *counts, const char *path, struct error *why);

void counts_write(const struct counts *counts, FILE *out);
