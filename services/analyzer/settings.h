/* The analyzer's settings: TP_LLM_*, TP_ANALYZER_* and those of every service. */
#pragma once

#include "base/scoped.h"
#include "embedded/topics/topic_sets.h"
#include "endpoints/endpoints.h"
#include "process/process.h"

struct analyzer_settings {
    struct process_settings process;
    const char *endpoints; /* path of the chain; "" = one endpoint "main" of what follows */
    const char *base_url;  /* "" = the embedded analysis */
    const char *api_key;
    const char *model;
    const char *max_tokens_field;
    int64_t timeout_ms, connect_timeout_ms, first_byte_timeout_ms, silence_timeout_ms;
    int64_t connections; /* to the single endpoint; 0 = as many as slots */
    const char *ca_file; /* "" = the system's */
    bool sends_user;
    const char *user_salt;
    int64_t slots, memory_mb;
    bool caches, shares_cache, finds_near;
    int64_t cache_memory_mb, cache_wait_ms;
    const char *topics; /* path of the tenants' own; "" = the built-in ones for everybody */
};

extern const struct program ANALYZER_PROGRAM;

/* The endpoints with their keys; none: the embedded analysis does the work. Lends the settings'
 * strings. On false `faults` has a line for each fault, naming its setting. */
MUST_USE bool settings_of_endpoints(const struct analyzer_settings *settings,
                                    struct endpoints *endpoints, struct text *faults);

/* The tenants' own topics; NULL: none has any. On false as above. */
MUST_USE bool settings_of_topics(const struct analyzer_settings *settings,
                                 struct topic_sets **topics, struct text *faults);
