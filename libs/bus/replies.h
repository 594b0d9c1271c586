/* Questions on their way: who waits for which answer, and until when.
 *
 *   replies_expect() -> token, sent as the last part of the reply subject
 *   replies_answer() when a message arrives there, replies_lose() when the connection is gone
 *
 * Whatever happens, each `done` is called exactly once: with the answer, which it then owns, or
 * with NULL and why. A thread of its own watches the deadlines, by the monotonic clock.
 * Thread-safe; no lock is held during `done`.
 */
#pragma once

#include <nats/nats.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/scoped.h"

enum { REPLY_TOKEN_SIZE = 17 };

typedef void reply_done(void *context, natsMsg *answer, const struct error *why);

struct replies;

struct replies *replies_new(void);
/* Nobody may be waiting any more. */
void replies_free(struct replies **replies);

/* False: too many wait already; `done` is not called. */
MUST_USE bool replies_expect(struct replies *replies, int64_t timeout_ms, reply_done *done,
                             void *context, char token[REPLY_TOKEN_SIZE]);
/* The question was not sent: true, and `done` will not be called; false if it has been. */
MUST_USE bool replies_forget(struct replies *replies, const char *token);

/* Takes the message; an unknown token's is dropped. */
void replies_answer(struct replies *replies, const char *token, natsMsg *answer);
/* Tells all who wait that the connection is gone and that it may have happened. */
void replies_lose(struct replies *replies);
