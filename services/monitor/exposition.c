#include "exposition.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

struct line {
    const struct fleet_member *member;
    const Tp__MetricSeries *series;
};

struct lines {
    struct line *list;
    size_t count, capacity;
};

static bool is_name(const char *name, bool may_have_colon)
{
    if (name[0] == '\0' || isdigit((unsigned char)name[0]))
        return false;
    for (const char *c = name; *c != '\0'; c++) {
        bool is_good = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                       (*c >= '0' && *c <= '9') || *c == '_' || (may_have_colon && *c == ':');
        if (!is_good)
            return false;
    }
    return true;
}

static bool fits_the_format(const Tp__MetricSeries *series)
{
    for (size_t i = 0; i < series->n_label_names; i++)
        if (!is_name(series->label_names[i], false) || strcmp(series->label_names[i], "le") == 0)
            return false;
    for (size_t i = 1; i < series->n_bounds; i++)
        if (!(series->bounds[i - 1] < series->bounds[i]))
            return false;
    return is_name(series->name, true);
}

static void collect(void *context, const struct fleet_member *member)
{
    struct lines *lines = context;
    for (size_t i = 0; member->is_up && i < member->telemetry->n_series; i++) {
        if (!fits_the_format(member->telemetry->series[i]))
            continue;
        if (lines->count == lines->capacity) {
            lines->capacity = lines->capacity == 0 ? 256 : 2 * lines->capacity;
            lines->list = reallocarray(lines->list, lines->capacity, sizeof lines->list[0]);
            CHECK(lines->list != NULL);
        }
        lines->list[lines->count++] = (struct line){member, member->telemetry->series[i]};
    }
}

static int compare_labels(const Tp__MetricSeries *a, const Tp__MetricSeries *b)
{
    size_t shared = a->n_label_names < b->n_label_names ? a->n_label_names : b->n_label_names;
    for (size_t i = 0; i < shared; i++) {
        int order = strcmp(a->label_names[i], b->label_names[i]);
        order = order != 0 ? order : strcmp(a->label_values[i], b->label_values[i]);
        if (order != 0)
            return order;
    }
    return (a->n_label_names > b->n_label_names) - (a->n_label_names < b->n_label_names);
}

/* By family, then service, instance and labels. */
static int compare_lines(const void *left, const void *right)
{
    const struct line *a = left, *b = right;
    int order = strcmp(a->series->name, b->series->name);
    order = order != 0 ? order : strcmp(a->member->service, b->member->service);
    order = order != 0 ? order : strcmp(a->member->instance, b->member->instance);
    return order != 0 ? order : compare_labels(a->series, b->series);
}

static void add_escaped(struct text *out, const char *value, bool is_quoted)
{
    for (const char *c = value; *c != '\0'; c++)
        if (*c == '\n')
            text_add(out, "\\n");
        else if (*c == '\\')
            text_add(out, "\\\\");
        else if (*c == '"' && is_quoted)
            text_add(out, "\\\"");
        else
            text_add_char(out, *c);
}

static void add_label(struct text *out, const char *name, const char *value)
{
    text_format(out, "%s=\"", name);
    add_escaped(out, value, true);
    text_add_char(out, '"');
}

static void add_labels(struct text *out, const struct line *line)
{
    add_label(out, "service", line->member->service);
    text_add_char(out, ',');
    add_label(out, "instance", line->member->instance);
    for (size_t i = 0; i < line->series->n_label_names; i++) {
        const char *name = line->series->label_names[i];
        bool is_ours = strcmp(name, "service") == 0 || strcmp(name, "instance") == 0;
        text_add(out, is_ours ? ",exported_" : ",");
        add_label(out, name, line->series->label_values[i]);
    }
}

static void add_number(struct text *out, double number)
{
    if (isnan(number))
        text_add(out, "NaN");
    else if (isinf(number))
        text_add(out, number > 0 ? "+Inf" : "-Inf");
    else
        text_format(out, "%.15g", number);
}

static void add_value(struct text *out, const struct line *line, const char *suffix, double value)
{
    text_format(out, "%s%s{", line->series->name, suffix);
    add_labels(out, line);
    text_add(out, "} ");
    add_number(out, value);
    text_add_char(out, '\n');
}

static void add_histogram(struct text *out, const struct line *line)
{
    const Tp__MetricSeries *series = line->series;
    uint64_t count = 0;
    for (size_t i = 0; i < series->n_counts; i++) {
        count += series->counts[i];
        text_format(out, "%s_bucket{", series->name);
        add_labels(out, line);
        text_add(out, ",le=\"");
        add_number(out, i < series->n_bounds ? series->bounds[i] : INFINITY);
        text_format(out, "\"} %" PRIu64 "\n", count);
    }
    add_value(out, line, "_sum", series->value);
    add_value(out, line, "_count", (double)count);
}

static void add_heading(struct text *out, const Tp__MetricSeries *series)
{
    static const char *const TYPES[] = {"untyped", "counter", "gauge", "histogram"};
    text_format(out, "# HELP %s ", series->name);
    add_escaped(out, series->help, false);
    text_format(out, "\n# TYPE %s %s\n", series->name, TYPES[series->kind]);
}

static void add_families(struct text *out, const struct lines *lines)
{
    Tp__MetricKind kind = TP__METRIC_KIND__NO_KIND;
    for (size_t i = 0; i < lines->count; i++) {
        const struct line *line = &lines->list[i];
        if (i == 0 || strcmp(line[-1].series->name, line->series->name) != 0) {
            kind = line->series->kind;
            add_heading(out, line->series);
        } else if (line->series->kind != kind || compare_lines(&line[-1], line) == 0) {
            continue;
        }
        if (kind == TP__METRIC_KIND__HISTOGRAM)
            add_histogram(out, line);
        else
            add_value(out, line, "", line->series->value);
    }
}

static void add_up(void *context, const struct fleet_member *member)
{
    struct text *out = context;
    text_add(out, "tweetpulse_instance_up{");
    add_label(out, "service", member->service);
    text_add_char(out, ',');
    add_label(out, "instance", member->instance);
    text_format(out, "} %d\n", member->is_up ? 1 : 0);
}

void exposition_write(const struct fleet *fleet, struct text *out)
{
    struct lines lines = {0};
    fleet_visit(fleet, collect, &lines);
    if (lines.count > 0)
        qsort(lines.list, lines.count, sizeof lines.list[0], compare_lines);
    add_families(out, &lines);
    free(lines.list);
    text_add(out, "# HELP tweetpulse_instance_up Whether the instance reports: 1 yes, 0 silent.\n"
                  "# TYPE tweetpulse_instance_up gauge\n");
    fleet_visit(fleet, add_up, out);
}
