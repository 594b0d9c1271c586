/* What an LLM answered, post by post.
 *
 * 1 Extraction is tolerant: prose around the JSON, code fences, a bare array, an answer cut in the
 *   middle. Whatever stands there as a whole object with an id is looked at.
 * 2 Checks are strict, for each post by itself: an id that was asked for, a label of the three, a
 *   finite score within -1..1, a confidence within 0..1, lists of strings, valid UTF-8.
 * 3 Of several answers with one id the first valid one counts; ids not asked for are ignored. So no
 *   post ever gets another post's answer.
 * 4 What is not there is missing; what is there but fails a check is invalid.
 * 5 finish_reason is no proof of anything; it only tells apart truncated from invalid.
 * Pure; any thread. Any bytes may come in.
 */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "embedded/analysis.h"
#include "work.pb-c.h"

enum { ANSWER_MAX_NAMES = 20, ANSWER_MAX_WORDS = 10, ANSWER_MAX_WORD_BYTES = 100 };

enum post_answer_state { POST_MISSING, POST_INVALID, POST_ANSWERED };

struct post_answer {
    enum post_answer_state state;
    /* Sentiment, names without indices, keywords, topics, language. */
    struct post_analysis analysis;
};

struct answer {
    /* OK, PARTIAL, TRUNCATED, CONTENT_FILTER, or INVALID_ANSWER */
    Tp__OutcomeClass outcome_class;
    struct post_answer *posts; /* of id 1, 2, ... */
    const char *summary;       /* one line of UTF-8, or "" */
    bool is_usage_known;
    uint32_t prompt_tokens, completion_tokens;
};

/* Reads the body of a 2xx answer to a call with `count` posts. All that the answer holds lives in
 * the arena, which must have room for some twice the body. */
void answer_read(struct bytes body, size_t count, struct arena *arena, struct answer *answer);
