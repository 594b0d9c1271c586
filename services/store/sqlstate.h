/* SQLSTATE to error kind, in one place. Pure. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* state: five characters, or NULL where the server gave none. */
enum error_kind sqlstate_kind(const char *state);

/* A conflict with another transaction: the same call may well succeed now. */
bool sqlstate_is_worth_repeating(const char *state);
