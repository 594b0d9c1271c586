#include "report.h"

#include <stdio.h>

void report_add(struct report *report, const struct sentiment_model *model,
                const struct sample *sample)
{
    static struct sentiment_features features; /* large */
    sample_features(sample, &features);
    struct sentiment said = sentiment_judge(model, &features);
    report->count++;
    report->contradictions += (said.label == SENTIMENT_POSITIVE && said.score < 0) ||
                              (said.label == SENTIMENT_NEGATIVE && said.score > 0);
    if (sample->set == SET_TWEETEVAL) {
        report->labels.counts[sample->label][said.label]++;
        calibration_add(&report->confidence, said.confidence, said.label == sample->label);
    } else {
        correlation_add(&report->scores[sample->set], said.score, (double)sample->rating);
    }
}

void report_print(const struct report *report)
{
    printf("%-20s macro-recall %.4f  macro-F1 %.4f  accuracy %.4f  ECE %.4f  (n %.0f)\n",
           sample_set_name(SET_TWEETEVAL), confusion_macro_recall(&report->labels),
           confusion_macro_f1(&report->labels), confusion_accuracy(&report->labels),
           calibration_error(&report->confidence), confusion_count(&report->labels));
    for (enum sample_set set = 0; set < SET_TWEETEVAL; set++)
        printf("%-20s Pearson %.4f  (n %.0f)\n", sample_set_name(set),
               correlation_pearson(&report->scores[set]), report->scores[set].n);
    printf("label and score of opposite signs: %zu of %zu\n", report->contradictions,
           report->count);
}
