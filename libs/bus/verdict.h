/* What JetStream answers to a publish or to a call of its API: done, or an error with its code. */
#pragma once

#include <nats/nats.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/scoped.h"

/* True: done. False: why, and JetStream's own code, 0 if it gave none. */
MUST_USE bool verdict_read(const natsMsg *answer, int *code, struct error *why);
