/* What a model's answers are worth, added up over posts and printed. One thread. */
#pragma once

#include "figures.h"
#include "fit.h"

struct report {
    struct correlation scores[SET_COUNT];
    struct confusion labels;
    struct calibration confidence;
    size_t count, contradictions; /* labels whose score has the other sign */
};

void report_add(struct report *report, const struct sentiment_model *model,
                const struct sample *sample);
void report_print(const struct report *report);
