/* What became of a call, from what came back: the class of its outcome, and how long the server
 * asks to wait. Pure: the wall clock is an argument, for waits given as dates.
 *
 * 1 Without an answer: CONNECTION if nothing was sent, TIMEOUT if none came in time, else
 *   SERVER_ERROR (the connection broke), or, if it was too long, TRUNCATED: a flood of blanks like
 * a shorter one; INVALID_ANSWER where its status is no 2xx. 2 Content filter, exhausted quota and
 * requests that are too large are known by the body, since servers send them with various statuses:
 * a "request too large" comes as 429 and never succeeds. 3 What every chunk would get until
 * somebody acts is AUTH: 401, 403, 404 and 405 (no such model or path), a redirect, a parameter
 * that the model does not take. 429 is RATE_LIMITED, 408 is TIMEOUT, 409 and 499 and 5xx
 * SERVER_ERROR, any other 4xx BAD_REQUEST. 4 Some servers answer 500 to a request that they cannot
 * parse: by its message, BAD_REQUEST. 5 An error inside an answer with status 2xx is an error: by
 * the status that it tells as its code, else by its body, else SERVER_ERROR; so is a page of HTML,
 * which is some proxy's and no model's. (Streams are joined before: stream.h.) 6 The wait is
 * retry-after-ms, else retry-after (seconds, also with a fraction, or a date), else what the
 * message says ("try again in 1m2.5s"); from half a second to a day. 7 x-should-retry counts where
 * status and body leave it open: "true" makes a BAD_REQUEST that says no more a SERVER_ERROR, which
 * is no try; "false" makes a SERVER_ERROR a BAD_REQUEST, so that it is not repeated for ever.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "server_limits.h"
#include "work.pb-c.h"

enum { WAIT_LEAST_MS = 500, WAIT_MOST_MS = 24 * 60 * 60 * 1000 };

enum reply_kind { REPLY_ANSWERED, REPLY_NOT_SENT, REPLY_TIMED_OUT, REPLY_BROKEN, REPLY_TOO_LONG };

/* What came back. Strings are lent; NULL where a header did not come. */
struct reply {
    enum reply_kind kind;
    const char *trouble; /* why there is no answer, for people; NULL if there is one */
    int status;
    const char *retry_after_ms, *retry_after, *should_retry;
    struct limit_headers limits; /* not classify()'s affair */
    struct bytes body;
};

struct verdict {
    Tp__OutcomeClass outcome_class;
    uint32_t retry_after_ms; /* 0 = the server did not ask for a wait */
    char detail[120];        /* for people: status, type and code, or what kept the answer from
                              * coming; never text of posts */
};

/* OK only for a 2xx answer without an error in it: then the answer itself is to be looked at. */
struct verdict classify(const struct reply *reply, int64_t wall_ms);
