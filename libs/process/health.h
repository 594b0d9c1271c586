/* Is the process alive, is it ready: its pulses and its checks.
 *
 * Alive: every pulse has beaten within its limit. Ready: every check passes. Both are answered
 * with a small JSON object for people and probes. Private to the library; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

struct health;
struct pulse;

typedef bool health_check(void *context, struct error *why);

struct health *health_new(void);
void health_free(struct health **health);

/* name is lent for the life of the health. */
void health_add_check(struct health *health, const char *name, health_check *is_ok, void *context);
struct pulse *health_add_pulse(struct health *health, const char *name, int64_t limit_ms,
                               struct instant now);

/* {"status":"alive","pulses":[{"name":"owner","ok":true,"age_ms":3,"limit_ms":5000}]} */
bool health_is_alive(const struct health *health, struct instant now, struct text *json);

/* {"status":"not ready","checks":[{"name":"broker","ok":false,"reason":"..."}]} */
bool health_is_ready(const struct health *health, struct text *json);
