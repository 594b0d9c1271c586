/* A post's result for later use, in one block of memory. */
#pragma once

#include <stddef.h>

#include "base/scoped.h"
#include "work.pb-c.h"

struct kept;

/* Copies all but its seq, its cache key and what it cost. */
struct kept *kept_new(const Tp__PostResult *result);
void kept_free(struct kept **kept);

/* Lent. */
const Tp__PostResult *kept_result(const struct kept *kept);
size_t kept_bytes(const struct kept *kept);
