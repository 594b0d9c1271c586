/* The analyzer's settings: TP_LLM_*, TP_ANALYZER_* and those of every service. */
#pragma once

#include "base/error.h"
#include "base/scoped.h"
#include "process/process.h"

struct analyzer_settings {
    struct process_settings process;
    const char *base_url; /* "" = the embedded analysis */
    const char *api_key;
    const char *model;
    const char *max_tokens_field;
    int64_t timeout_ms, connect_timeout_ms;
    bool sends_user;
    const char *user_salt;
    int64_t slots;
};

extern const struct program ANALYZER_PROGRAM;

/* What the table cannot say. The message names the setting. */
MUST_USE bool analyzer_settings_check(const struct analyzer_settings *settings, struct error *why);
