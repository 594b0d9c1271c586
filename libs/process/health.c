#include "process/health.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "process/process.h"

enum { MAX_CHECKS = 16, MAX_PULSES = 16 };

struct check {
    const char *name;
    health_check *is_ok;
    void *context;
};

struct pulse {
    const char *name;
    int64_t limit_ms;
    _Atomic int64_t beat_ns;
};

/* Only ever added to, by one thread: what stands below a count is complete. */
struct health {
    struct check checks[MAX_CHECKS];
    struct pulse pulses[MAX_PULSES];
    atomic_size_t check_count, pulse_count;
};

struct health *health_new(void)
{
    struct health *health = calloc(1, sizeof *health);
    CHECK(health != NULL);
    return health;
}

void health_free(struct health **health)
{
    free(*health);
    *health = NULL;
}

void health_add_check(struct health *health, const char *name, health_check *is_ok, void *context)
{
    size_t count = atomic_load(&health->check_count);
    CHECK(count < MAX_CHECKS);
    health->checks[count] = (struct check){.name = name, .is_ok = is_ok, .context = context};
    atomic_store(&health->check_count, count + 1);
}

struct pulse *health_add_pulse(struct health *health, const char *name, int64_t limit_ms,
                               struct instant now)
{
    size_t count = atomic_load(&health->pulse_count);
    CHECK(count < MAX_PULSES);
    struct pulse *pulse = &health->pulses[count];
    pulse->name = name;
    pulse->limit_ms = limit_ms;
    atomic_store(&pulse->beat_ns, now.ns);
    atomic_store(&health->pulse_count, count + 1);
    return pulse;
}

void pulse_beat(struct pulse *pulse)
{
    atomic_store_explicit(&pulse->beat_ns, clock_now().ns, memory_order_relaxed);
}

static void add_string(struct text *json, const char *string)
{
    text_add_json(json, string, strlen(string));
}

/* Puts the verdict before the list that led to it. */
static void add_verdict(struct text *json, const char *status, const char *list_name,
                        const struct text *list)
{
    text_add(json, "{\"status\":");
    add_string(json, status);
    text_format(json, ",\"%s\":[%s]}\n", list_name, list->length > 0 ? list->chars : "");
}

bool health_is_alive(const struct health *health, struct instant now, struct text *json)
{
    bool is_alive = true;
    SCOPED(text_free) struct text list = {0};
    size_t count = atomic_load(&health->pulse_count);
    for (size_t i = 0; i < count; i++) {
        const struct pulse *pulse = &health->pulses[i];
        struct instant beat = {atomic_load(&pulse->beat_ns)};
        int64_t age_ms = instant_ms_between(beat, now);
        bool is_beating = age_ms <= pulse->limit_ms;
        is_alive &= is_beating;
        text_add(&list, i == 0 ? "{\"name\":" : ",{\"name\":");
        add_string(&list, pulse->name);
        text_format(&list, ",\"ok\":%s,\"age_ms\":%lld,\"limit_ms\":%lld}",
                    is_beating ? "true" : "false", (long long)age_ms, (long long)pulse->limit_ms);
    }
    add_verdict(json, is_alive ? "alive" : "stuck", "pulses", &list);
    return is_alive;
}

bool health_is_ready(const struct health *health, struct text *json)
{
    bool is_ready = true;
    SCOPED(text_free) struct text list = {0};
    size_t count = atomic_load(&health->check_count);
    for (size_t i = 0; i < count; i++) {
        const struct check *check = &health->checks[i];
        struct error why;
        bool is_ok = check->is_ok(check->context, &why);
        is_ready &= is_ok;
        text_add(&list, i == 0 ? "{\"name\":" : ",{\"name\":");
        add_string(&list, check->name);
        text_add(&list, is_ok ? ",\"ok\":true" : ",\"ok\":false,\"reason\":");
        if (!is_ok)
            add_string(&list, why.message);
        text_add_char(&list, '}');
    }
    add_verdict(json, is_ready ? "ready" : "not ready", "checks", &list);
    return is_ready;
}
