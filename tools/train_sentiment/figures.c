#include "figures.h"

#include <math.h>

void correlation_add(struct correlation *c, double x, double y)
{
    c->n++;
    c->x += x;
    c->y += y;
    c->xx += x * x;
    c->yy += y * y;
    c->xy += x * y;
}

double correlation_pearson(const struct correlation *c)
{
    double xy = c->n * c->xy - c->x * c->y;
    return xy / sqrt((c->n * c->xx - c->x * c->x) * (c->n * c->yy - c->y * c->y));
}

double confusion_macro_recall(const struct confusion *confusion)
{
    double sum = 0;
    for (int t = 0; t < 3; t++) {
        const double *row = confusion->counts[t];
        sum += row[t] / (row[0] + row[1] + row[2]);
    }
    return sum / 3;
}

double confusion_count(const struct confusion *confusion)
{
    double all = 0;
    for (int t = 0; t < 3; t++)
        for (int a = 0; a < 3; a++)
            all += confusion->counts[t][a];
    return all;
}

double confusion_accuracy(const struct confusion *confusion)
{
    double right = 0;
    for (int t = 0; t < 3; t++)
        right += confusion->counts[t][t];
    return right / confusion_count(confusion);
}

double confusion_macro_f1(const struct confusion *confusion)
{
    double sum = 0;
    for (int t = 0; t < 3; t++) {
        double truth = 0, answers = 0;
        for (int i = 0; i < 3; i++) {
            truth += confusion->counts[t][i];
            answers += confusion->counts[i][t];
        }
        sum += 2 * confusion->counts[t][t] / (truth + answers);
    }
    return sum / 3;
}

void calibration_add(struct calibration *calibration, double confidence, double right)
{
    int bin = (int)(confidence * (double)CALIBRATION_BINS);
    bin = bin < 0 ? 0 : bin >= CALIBRATION_BINS ? CALIBRATION_BINS - 1 : bin;
    calibration->count[bin]++;
    calibration->right[bin] += right;
    calibration->said[bin] += confidence;
}

double calibration_error(const struct calibration *calibration)
{
    double error = 0, all = 0;
    for (int b = 0; b < CALIBRATION_BINS; b++) {
        error += fabs(calibration->said[b] - calibration->right[b]);
        all += calibration->count[b];
    }
    return error / all;
}
