/* How good answers are: correlation with people, recall by class, and how true confidence is.
 * One thread. */
#pragma once

#include <stddef.h>

struct correlation {
    double n, x, y, xx, yy, xy;
};

void correlation_add(struct correlation *c, double x, double y);
double correlation_pearson(const struct correlation *c);

struct confusion {
    double counts[3][3]; /* [truth][answer] */
};

double confusion_count(const struct confusion *confusion);
double confusion_macro_recall(const struct confusion *confusion);
double confusion_accuracy(const struct confusion *confusion);
double confusion_macro_f1(const struct confusion *confusion);

enum { CALIBRATION_BINS = 10 };

struct calibration {
    double count[CALIBRATION_BINS], right[CALIBRATION_BINS], said[CALIBRATION_BINS];
};

void calibration_add(struct calibration *calibration, double confidence, double right);
/* The expected calibration error: mean distance between what was said and what was right. */
double calibration_error(const struct calibration *calibration);
