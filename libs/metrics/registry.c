#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "metrics/metrics.h"
#include "metrics/usage.h"

enum { MAX_SERIES = 1000, MAX_BOUNDS = 32, BUCKETS = 32, VALUE_SIZE = 101 };

/* Families and series are only ever added and never freed: whoever visits them needs no lock. */
struct metric {
    struct metric_family *family;
    _Atomic(struct metric *) next;
    struct metric *next_in_bucket;
    const char *values[METRIC_MAX_LABELS];
    _Atomic double value;
    _Atomic unsigned long counts[]; /* of a histogram, one more than bounds */
};

struct metric_family {
    const char *name, *help;
    enum metric_type type;
    struct metric_labels labels;
    size_t bound_count;
    double *bounds;
    size_t series_count;
    _Atomic(struct metric *) first;
    struct metric *last;
    struct metric *buckets[BUCKETS];
    _Atomic(struct metric_family *) next;
};

/* The process's registry; the lock is for adding to it. */
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(struct metric_family *) first_family;

static struct metric_family *find_family(const char *name)
{
    struct metric_family *family = atomic_load(&first_family);
    while (family != NULL && strcmp(family->name, name) != 0)
        family = atomic_load(&family->next);
    return family;
}

static struct metric_family *family_new(const char *name, const char *help, enum metric_type type,
                                        struct metric_labels labels)
{
    struct metric_family *family = calloc(1, sizeof *family);
    CHECK(family != NULL);
    family->name = name;
    family->help = help;
    family->type = type;
    family->labels = labels;
    return family;
}

static void append_family(struct metric_family *family)
{
    _Atomic(struct metric_family *) *end = &first_family;
    while (atomic_load(end) != NULL)
        end = &atomic_load(end)->next;
    atomic_store(end, family);
}

static void set_bounds(struct metric_family *family, const double *bounds, size_t count)
{
    CHECK(count > 0 && count <= MAX_BOUNDS);
    for (size_t i = 1; i < count; i++)
        CHECK(bounds[i - 1] < bounds[i]);
    family->bounds = calloc(count, sizeof family->bounds[0]);
    CHECK(family->bounds != NULL);
    memcpy(family->bounds, bounds, count * sizeof bounds[0]);
    family->bound_count = count;
}

static struct metric *add_series(struct metric_family *family, size_t bucket,
                                 const struct metric_labels *values)
{
    size_t counts = family->type == METRIC_HISTOGRAM ? family->bound_count + 1 : 0;
    struct metric *series = calloc(1, sizeof *series + counts * sizeof series->counts[0]);
    CHECK(series != NULL);
    series->family = family;
    for (size_t i = 0; i < values->count; i++) {
        series->values[i] = strdup(values->text[i]);
        CHECK(series->values[i] != NULL);
    }
    series->next_in_bucket = family->buckets[bucket];
    family->buckets[bucket] = series;
    atomic_store(family->last == NULL ? &family->first : &family->last->next, series);
    family->last = series;
    family->series_count++;
    return series;
}

/* FNV-1a over the values and the NULs between them. */
static size_t bucket_of(const struct metric_labels *values)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < values->count; i++) {
        const char *at = values->text[i];
        do
            hash = (hash ^ (unsigned char)*at) * 16777619u;
        while (*at++ != '\0');
    }
    return hash % BUCKETS;
}

static bool has_values(const struct metric *series, const struct metric_labels *values)
{
    for (size_t i = 0; i < values->count; i++) {
        if (strcmp(series->values[i], values->text[i]) != 0)
            return false;
    }
    return true;
}

static struct metric *find_series(const struct metric_family *family, size_t bucket,
                                  const struct metric_labels *values)
{
    struct metric *series = family->buckets[bucket];
    while (series != NULL && !has_values(series, values))
        series = series->next_in_bucket;
    return series;
}

static struct metric *series_of(struct metric_family *family, const struct metric_labels *values)
{
    size_t bucket = bucket_of(values);
    struct metric *series = find_series(family, bucket, values);
    if (series != NULL)
        return series;
    if (family->series_count < MAX_SERIES - 1) /* one is left for the others */
        return add_series(family, bucket, values);
    const struct metric_labels others = {.count = values->count,
                                         .text = {"other", "other", "other", "other"}};
    bucket = bucket_of(&others);
    series = find_series(family, bucket, &others);
    return series != NULL ? series : add_series(family, bucket, &others);
}

static bool has_same_labels(const struct metric_family *family, struct metric_labels labels)
{
    if (family->labels.count != labels.count)
        return false;
    for (size_t i = 0; i < labels.count; i++) {
        if (strcmp(family->labels.text[i], labels.text[i]) != 0)
            return false;
    }
    return true;
}

/* A family without labels has its one series from the start, so that it is seen at 0. */
static struct metric_family *family_of(const char *name, const char *help, enum metric_type type,
                                       struct metric_labels labels, const double *bounds,
                                       size_t bound_count)
{
    CHECK(labels.count <= METRIC_MAX_LABELS);
    CHECK(pthread_mutex_lock(&registry_lock) == 0);
    struct metric_family *family = find_family(name);
    if (family == NULL) {
        family = family_new(name, help, type, labels);
        if (type == METRIC_HISTOGRAM)
            set_bounds(family, bounds, bound_count);
        if (labels.count == 0)
            add_series(family, bucket_of(&labels), &labels);
        append_family(family);
    }
    CHECK(pthread_mutex_unlock(&registry_lock) == 0);
    CHECK(family->type == type && has_same_labels(family, labels));
    return family;
}

struct metric_family *metrics_counter(const char *name, const char *help,
                                      struct metric_labels labels)
{
    return family_of(name, help, METRIC_COUNTER, labels, NULL, 0);
}

struct metric_family *metrics_gauge(const char *name, const char *help, struct metric_labels labels)
{
    return family_of(name, help, METRIC_GAUGE, labels, NULL, 0);
}

struct metric_family *metrics_histogram(const char *name, const char *help,
                                        struct metric_labels labels, const double *bounds,
                                        size_t bound_count)
{
    return family_of(name, help, METRIC_HISTOGRAM, labels, bounds, bound_count);
}

struct metric_family *metrics_duration(const char *name, const char *help,
                                       struct metric_labels labels)
{
    static const double bounds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                    0.01,   0.025,   0.05,   0.1,   0.25,   0.5,
                                    1,      2.5,     5,      10,    30,     60};
    return metrics_histogram(name, help, labels, bounds, sizeof bounds / sizeof bounds[0]);
}

/* A value comes out of here as printable ASCII of bounded length, whoever chose it: one byte that
 * is no UTF-8 would make a scraper refuse all metrics of the process. */
static void clean_value(const char *value, char clean[VALUE_SIZE])
{
    size_t i;
    for (i = 0; i < VALUE_SIZE - 1 && value[i] != '\0'; i++)
        clean[i] = value[i] >= ' ' && value[i] <= '~' ? value[i] : '_';
    clean[i] = '\0';
}

struct metric *metrics_with(struct metric_family *family, struct metric_labels values)
{
    CHECK(values.count == family->labels.count);
    char clean[METRIC_MAX_LABELS][VALUE_SIZE];
    struct metric_labels cleaned = {.count = values.count};
    for (size_t i = 0; i < values.count; i++) {
        clean_value(values.text[i], clean[i]);
        cleaned.text[i] = clean[i];
    }
    CHECK(pthread_mutex_lock(&registry_lock) == 0);
    struct metric *series = series_of(family, &cleaned);
    CHECK(pthread_mutex_unlock(&registry_lock) == 0);
    return series;
}

struct metric *metrics_plain(struct metric_family *family)
{
    CHECK(family->labels.count == 0);
    return atomic_load(&family->first);
}

static void add_atomically(_Atomic double *value, double by)
{
    double seen = atomic_load_explicit(value, memory_order_relaxed);
    while (!atomic_compare_exchange_weak(value, &seen, seen + by))
        continue;
}

void metric_add(struct metric *metric, double by)
{
    enum metric_type type = metric->family->type;
    CHECK(type == METRIC_GAUGE || (type == METRIC_COUNTER && by >= 0));
    add_atomically(&metric->value, by);
}

void metric_set(struct metric *metric, double value)
{
    CHECK(metric->family->type != METRIC_HISTOGRAM);
    atomic_store(&metric->value, value);
}

void metric_observe(struct metric *metric, double value)
{
    const struct metric_family *family = metric->family;
    CHECK(family->type == METRIC_HISTOGRAM);
    size_t bucket = 0;
    while (bucket < family->bound_count && value > family->bounds[bucket])
        bucket++;
    atomic_fetch_add(&metric->counts[bucket], 1);
    add_atomically(&metric->value, value);
}

double metric_value(const struct metric *metric)
{
    if (metric->family->type != METRIC_HISTOGRAM)
        return atomic_load(&metric->value);
    unsigned long count = 0;
    for (size_t i = 0; i <= metric->family->bound_count; i++)
        count += atomic_load(&metric->counts[i]);
    return (double)count;
}

static void visit_series(const struct metric *series,
                         void (*visit)(void *context, const struct metric_sample *sample),
                         void *context)
{
    const struct metric_family *family = series->family;
    unsigned long counts[MAX_BOUNDS + 1];
    for (size_t i = 0; family->type == METRIC_HISTOGRAM && i <= family->bound_count; i++)
        counts[i] = atomic_load(&series->counts[i]);
    const struct metric_sample sample = {
        .name = family->name,
        .help = family->help,
        .type = family->type,
        .label_count = family->labels.count,
        .label_names = family->labels.text,
        .label_values = series->values,
        .value = atomic_load(&series->value),
        .bound_count = family->bound_count,
        .bounds = family->bounds,
        .counts = family->type == METRIC_HISTOGRAM ? counts : NULL,
    };
    visit(context, &sample);
}

bool metrics_read_resident_bytes(double *bytes)
{
    return usage_read_resident_bytes(bytes);
}

/* Named like every Prometheus client names them; what the system does not tell keeps its last
 * value. */
static void refresh_usage(void)
{
    double value;
    struct metric *cpu = metrics_plain(metrics_counter(
        "process_cpu_seconds_total", "User and system CPU time.", METRIC_NO_LABELS));
    metric_set(cpu, usage_cpu_seconds());
    struct metric *resident = metrics_plain(
        metrics_gauge("process_resident_memory_bytes", "Resident memory size.", METRIC_NO_LABELS));
    if (usage_read_resident_bytes(&value))
        metric_set(resident, value);
    struct metric *fds = metrics_plain(
        metrics_gauge("process_open_fds", "Open file descriptors.", METRIC_NO_LABELS));
    if (usage_count_open_fds(&value))
        metric_set(fds, value);
    struct metric *start = metrics_plain(metrics_gauge(
        "process_start_time_seconds", "Start of the process in Unix time.", METRIC_NO_LABELS));
    /* Once: worked out again it would follow every correction of the wall clock. */
    if (metric_value(start) <= 0 && usage_read_start_time(&value))
        metric_set(start, value);
}

void metrics_visit(void (*visit)(void *context, const struct metric_sample *sample), void *context)
{
    refresh_usage();
    const struct metric_family *family = atomic_load(&first_family);
    for (; family != NULL; family = atomic_load(&family->next)) {
        const struct metric *series = atomic_load(&family->first);
        for (; series != NULL; series = atomic_load(&series->next))
            visit_series(series, visit, context);
    }
}
