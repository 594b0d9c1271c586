#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "metrics/metrics.h"

/* A text in the making; samples of one family come one after the other. */
struct page {
    struct text *out;
    const char *family;
};

static const char *type_name(enum metric_type type)
{
    switch (type) {
    case METRIC_COUNTER:
        return "counter";
    case METRIC_GAUGE:
        return "gauge";
    case METRIC_HISTOGRAM:
        return "histogram";
    }
    CHECK_UNREACHABLE();
}

static void add_escaped(struct text *out, const char *value, bool is_quoted)
{
    for (; *value != '\0'; value++) {
        if (*value == '\n') {
            text_add(out, "\\n");
            continue;
        }
        if (*value == '\\' || (is_quoted && *value == '"'))
            text_add_char(out, '\\');
        text_add_char(out, *value);
    }
}

/* The shortest of the two that reads back as the same number. */
static void add_number(struct text *out, double number)
{
    if (isnan(number)) {
        text_add(out, "NaN");
        return;
    }
    if (isinf(number)) {
        text_add(out, number > 0 ? "+Inf" : "-Inf");
        return;
    }
    char digits[40];
    snprintf(digits, sizeof digits, "%.15g", number);
    double again = strtod(digits, NULL);
    if (again < number || again > number)
        snprintf(digits, sizeof digits, "%.17g", number);
    text_add(out, digits);
}

static void add_heading(struct page *page, const struct metric_sample *sample)
{
    text_format(page->out, "# HELP %s ", sample->name);
    add_escaped(page->out, sample->help, false);
    text_format(page->out, "\n# TYPE %s %s\n", sample->name, type_name(sample->type));
    page->family = sample->name;
}

/* label="value",... without braces */
static void add_labels(struct text *out, const struct metric_sample *sample)
{
    for (size_t i = 0; i < sample->label_count; i++) {
        text_format(out, "%s%s=\"", i == 0 ? "" : ",", sample->label_names[i]);
        add_escaped(out, sample->label_values[i], true);
        text_add_char(out, '"');
    }
}

static void add_line(struct text *out, const struct metric_sample *sample, const char *suffix,
                     double value)
{
    text_format(out, "%s%s", sample->name, suffix);
    if (sample->label_count > 0) {
        text_add_char(out, '{');
        add_labels(out, sample);
        text_add_char(out, '}');
    }
    text_add_char(out, ' ');
    add_number(out, value);
    text_add_char(out, '\n');
}

static void add_histogram(struct text *out, const struct metric_sample *sample)
{
    double count = 0;
    for (size_t i = 0; i <= sample->bound_count; i++) {
        count += (double)sample->counts[i];
        text_format(out, "%s_bucket{", sample->name);
        add_labels(out, sample);
        text_add(out, sample->label_count > 0 ? ",le=\"" : "le=\"");
        add_number(out, i < sample->bound_count ? sample->bounds[i] : INFINITY);
        text_add(out, "\"} ");
        add_number(out, count);
        text_add_char(out, '\n');
    }
    add_line(out, sample, "_sum", sample->value);
    add_line(out, sample, "_count", count);
}

static void write_sample(void *context, const struct metric_sample *sample)
{
    struct page *page = context;
    if (page->family != sample->name)
        add_heading(page, sample);
    if (sample->type == METRIC_HISTOGRAM)
        add_histogram(page->out, sample);
    else
        add_line(page->out, sample, "", sample->value);
}

void metrics_write(struct text *out)
{
    struct page page = {.out = out};
    metrics_visit(write_sample, &page);
}
