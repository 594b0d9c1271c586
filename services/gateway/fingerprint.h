/* What a job is, as 32 bytes: two submissions under one idempotency key must agree in it. The
 * order and spelling of the body's members do not matter, what they say does. Pure. */
#pragma once

#include "keys/keys.h"
#include "submit.h"

void fingerprint(const char *pepper, const struct submission *submission,
                 unsigned char digest[KEY_HASH_BYTES]);
