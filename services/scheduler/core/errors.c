#include "errors.h"

#include "base/check.h"

static const struct error_class CLASSES_OF_OUTCOMES[] = {
    [OUTCOME_NONE] = {"ok", false, false, false, BACKOFF_NONE, BREAKER_WORKS},
    [OUTCOME_PARTIAL] = {"partial", true, false, false, BACKOFF_BY_TRIES, BREAKER_WORKS},
    [OUTCOME_RATE_LIMITED] = {"rate limited", false, false, true, BACKOFF_BY_ATTEMPTS,
                              BREAKER_NOTHING},
    [OUTCOME_QUOTA_EXHAUSTED] = {"quota exhausted", false, false, false, BACKOFF_BY_ATTEMPTS,
                                 BREAKER_REFUSES},
    [OUTCOME_TOO_LARGE] = {"too large", true, true, false, BACKOFF_BY_TRIES, BREAKER_WORKS},
    [OUTCOME_TRUNCATED] = {"truncated", true, true, false, BACKOFF_BY_TRIES, BREAKER_WORKS},
    [OUTCOME_INVALID_ANSWER] = {"invalid answer", true, false, false, BACKOFF_BY_TRIES,
                                BREAKER_WORKS},
    [OUTCOME_CONTENT_FILTER] = {"content filter", true, true, false, BACKOFF_BY_TRIES,
                                BREAKER_WORKS},
    [OUTCOME_TIMEOUT] = {"timeout", true, false, false, BACKOFF_BY_TRIES, BREAKER_FAILS},
    [OUTCOME_CONNECTION] = {"connection", false, false, false, BACKOFF_BY_ATTEMPTS, BREAKER_FAILS},
    [OUTCOME_SERVER_ERROR] = {"server error", false, false, true, BACKOFF_BY_ATTEMPTS,
                              BREAKER_FAILS},
    [OUTCOME_BAD_REQUEST] = {"bad request", true, false, false, BACKOFF_BY_TRIES, BREAKER_WORKS},
    [OUTCOME_AUTH] = {"auth", false, false, false, BACKOFF_BY_ATTEMPTS, BREAKER_REFUSES},
    [OUTCOME_ABORTED] = {"aborted", false, false, false, BACKOFF_BY_TRIES, BREAKER_NOTHING},
};

const struct error_class *error_class_of(enum outcome_class outcome_class)
{
    CHECK(outcome_class < sizeof(CLASSES_OF_OUTCOMES) / sizeof(CLASSES_OF_OUTCOMES[0]));
    return &CLASSES_OF_OUTCOMES[outcome_class];
}
