/* What the server does wrong on purpose: rules tried in order, the first that matches acts.
 *
 *   {"seed": 7, "rules": [{"when": {...}, "then": {...}}, ...],
 *    "limits": [{"endpoint": "main", "requests_per_minute": 60, "tokens_per_minute": 9000}, ...]}
 *
 * when, all given must hold (none given = always):
 *   "user": the X-User header        "text": a substring of some post's text
 *   "endpoint": the one that is called ("" = the one without a name)
 * and of the calls that get as far as this rule and for which these hold, counted from 1:
 *   "nth": only that one    "first": only the first so many    "every": each k-th
 *   "probability": by the seed
 * then:
 *   "delay_ms"      before the answer; otherwise the server's own
 *   "hold"          no answer before the next script or reset; instead of a delay
 *   "status" "headers" {name: value} "body"   another answer (a string as it is, else as JSON);
 *                   #n# in it stands for the id of the n-th post
 *   "truncate"      keep so many bytes of the message's content
 *   "finish_reason" "omit_usage" "null_content"
 *   "reorder" "drop" n, "drop_text" substring, "duplicate" n, "invent" n    which posts come back
 *   "invalid"       "label" | "score" | "confidence" | "huge": in every second result
 *   "tires_after" n  of the posts behind the first n, wherever they stand, all are found neutral
 *   "prose" "bad_utf8"
 *   "quotes" substring   before all else stand the texts of the posts that have it
 *   "obeys" substring    what stands behind it in a post's text becomes that post's result, behind
 *                        its id
 *   "usage" {...}   instead of the true one
 *   "hostile"       {"drop" "wrong" "duplicate" "invent" "bad_utf8" "reorder" "prose" "truncate"}:
 *                   a rate from 0 to 1 for each, by the seed (hostile.h), instead of those above
 *   "drip"          bytes a second
 *   "end"           "reset" | "close" | "hang" instead of an answer, after the delay
 * A call beyond the limits of its endpoint, in the sixty seconds up to it, is answered with 429 at
 * once, whatever a rule says; each answer of such an endpoint bears x-ratelimit-* headers.
 * An unknown member is an error, so a misspelt rule never passes a test by doing nothing.
 * One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/scoped.h"
#include "window.h"

enum call_ending { ENDING_ANSWER, ENDING_RESET, ENDING_CLOSE, ENDING_HANG };
enum invalid_part { INVALID_NONE, INVALID_LABEL, INVALID_SCORE, INVALID_CONFIDENCE, INVALID_HUGE };

enum {
    SCRIPT_MAX_RULES = 64,
    SCRIPT_MAX_LIMITS = 16,
    SCRIPT_ENDPOINT_SIZE = 33,
    ACTION_MAX_HEADERS = 8,
};

/* Rates from 0 to 1; see hostile.h. */
struct hostility {
    bool is_set;
    double drop, wrong, duplicate, invent, bad_utf8, reorder, prose, truncate;
    uint64_t seed; /* another one for each call */
};

/* Strings are lent by the script. */
struct action {
    int64_t delay_ms; /* -1 = the server's own */
    int status;
    struct {
        const char *name, *value;
    } headers[ACTION_MAX_HEADERS];
    size_t header_count;
    const char *body; /* NULL = the analysis */
    int64_t truncate; /* -1 = whole */
    const char *finish_reason;
    const char *drop_text, *quotes, *obeys; /* NULL = none */
    const char *usage;                      /* JSON; NULL = the true one */
    int64_t drop, duplicate, invent;
    int64_t tires_after; /* 0 = never */
    int64_t drip;        /* bytes a second; 0 = at once */
    enum invalid_part invalid;
    enum call_ending end;
    bool is_held, reorder, prose, bad_utf8, omit_usage, null_content;
    struct hostility hostility;
};

/* What a rule looks at. */
struct call {
    const char *endpoint, *user;
    const char *const *texts;
    size_t text_count;
};

struct script;

MUST_USE bool script_parse(const char *bytes, size_t length, struct script **script,
                           struct error *why);
struct script *script_empty(void);
void script_free(struct script **script);

/* What to do with this call, which is counted by it; *rule is the index, -1 = none matched. */
const struct action *script_choose(struct script *script, const struct call *call, int *rule);

/* Of that endpoint; all 0 if the script sets none. */
struct window_limits script_limits(const struct script *script, const char *endpoint);
