/* What tweetpulse whatif prints, on stdout. */
#pragma once

#include "whatif/whatif.h"

struct whatif_report {
    struct whatif_setting was, is; /* of the baseline, and changed */
    struct figures recorded, baseline, changed;
};

/* For people: the three columns, and what is to be doubted of them. */
void whatif_report_table(const struct history *history, const struct whatif_report *report);
void whatif_report_json(const struct history *history, const struct whatif_report *report);
