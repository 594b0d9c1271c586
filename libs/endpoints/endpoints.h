/* The chain of LLM endpoints: the first that may be called is called.
 *
 *   SCOPED(endpoints_close) struct endpoints endpoints = {0};
 *   endpoints_load("TP_LLM_ENDPOINTS", path, &endpoints, &faults)   or endpoints_single()
 *   endpoints_read_keys("TP_LLM_ENDPOINTS", &endpoints, &faults)    only by who calls them
 *
 * The file is JSON:
 *   {"endpoints": [{"name": "main", "base_url": "https://...", "api_key_file": "/run/key",
 *                   "model": "gpt-4o-mini", "max_tokens_field": "max_tokens",
 *                   "prompt_usd_per_million": 0.15, "completion_usd_per_million": 0.6,
 *                   "limits": {"requests_per_minute": 500, "tokens_per_minute": 200000,
 *                              "calls_in_flight": 64, "usd_per_day": 20},
 *                   "connections": 16}]}
 * Of these name, base_url and model must be there; a limit that is not, or is 0, is none.
 * `connections` is how many one analyzer may have open to it; 0 = as many as it has slots. All
 * faults are reported together, a line each: the setting that names the file, the place in it, and
 * what to do. Keys are never shown.
 * One thread, at the start; strings live until endpoints_close().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/scoped.h"
#include "base/text.h"

enum { ENDPOINTS_MAX = 8, ENDPOINT_NAME_MAX_BYTES = 32 };

struct endpoint {
    char name[ENDPOINT_NAME_MAX_BYTES + 1]; /* unique; of A-Z a-z 0-9 - _ */
    const char *base_url, *model;
    const char *max_tokens_field;            /* what it calls the limit of an answer */
    const char *api_key_file;                /* "" = none */
    const char *api_key;                     /* "" = none, or not read */
    uint32_t prompt_nanos, completion_nanos; /* price of a token, in billionths of a dollar */
    /* 0 = no limit */
    uint32_t requests_per_minute, calls_in_flight;
    uint64_t tokens_per_minute;
    uint64_t micros_per_day; /* millionths of a dollar */
    uint32_t connections;    /* at once, of one analyzer */
};

struct endpoints {
    struct endpoint list[ENDPOINTS_MAX];
    size_t count;
    struct arena *arena;
};

/* Pure: from the text of the file. On false `endpoints` is empty. */
MUST_USE bool endpoints_parse(const char *setting, struct bytes file, struct endpoints *endpoints,
                              struct text *faults);

/* The file itself; keys stay where they are. */
MUST_USE bool endpoints_load(const char *setting, const char *path, struct endpoints *endpoints,
                             struct text *faults);

/* A chain of one; its strings stay the caller's. */
void endpoints_single(const struct endpoint *only, struct endpoints *endpoints);

/* Reads each api_key_file; a newline at its end is dropped. */
MUST_USE bool endpoints_read_keys(const char *setting, struct endpoints *endpoints,
                                  struct text *faults);

void endpoints_close(struct endpoints *endpoints);

/* The endpoint of that name, the first one if the name is empty, or NULL. */
const struct endpoint *endpoints_find(const struct endpoints *endpoints, const char *name);

/* http:// or https://, and something behind it. */
bool endpoint_url_is_valid(const char *url);

/* Prices go up to the next billionth, so that what is booked is never too little. */
#define ENDPOINT_MAX_USD_PER_MILLION 1e6
#define ENDPOINT_MAX_USD_PER_DAY 1e9
uint32_t endpoint_nanos_of_usd_per_million(double usd);
uint64_t endpoint_micros_of_usd(double usd);
