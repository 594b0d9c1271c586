#include "calibrate.h"

#include <math.h>

enum { STEPS = 1000 };
static const double RATE = 1;

void calibrate(const struct guesses *guesses, unsigned held_out, struct sentiment_head *head)
{
    double slope = 1, bias[3] = {0};
    for (int step = 0; step < STEPS; step++) {
        double slope_gradient = 0, bias_gradient[3] = {0}, count = 0;
        for (size_t i = 0; i < guesses->count; i++) {
            const struct guess *guess = &guesses->items[i];
            if (guess->fold == held_out)
                continue;
            double logit = (double)guess->share_logit;
            double said = 1 / (1 + exp(-slope * logit - bias[guess->label]));
            double error = said - (guess->label == guess->truth);
            slope_gradient += error * logit;
            bias_gradient[guess->label] += error;
            count++;
        }
        slope -= RATE * slope_gradient / count;
        for (int l = 0; l < 3; l++)
            bias[l] -= RATE * bias_gradient[l] / count;
    }
    head->label_slope = (float)slope;
    for (int l = 0; l < 3; l++)
        head->label_bias[l] = (float)bias[l];
}
