/* A whole file in memory; - is stdin. ERROR_INVALID: it cannot be read, or is too large. */
#pragma once

#include "base/error.h"
#include "base/scoped.h"
#include "base/text.h"

MUST_USE bool file_read(const char *name, struct text *bytes, struct error *why);
