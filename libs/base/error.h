/* Why something failed.
 *
 * What can fail returns bool and fills `struct error *why`, its last parameter, if and only if it
 * returns false. The kind says what the caller can do; the message is one line for a person and
 * says what, where and what to do. Plain value, no ownership; any thread.
 */
#pragma once

#include <stdbool.h>

enum error_kind {
    ERROR_INVALID,     /* the request itself is wrong: repeating it is useless */
    ERROR_NOT_FOUND,   /* no such thing, or not yours */
    ERROR_DENIED,      /* you may not */
    ERROR_BUSY,        /* a limit is reached: try later */
    ERROR_TIMEOUT,     /* no answer in time: it may have happened */
    ERROR_UNAVAILABLE, /* something we need is away: it did not happen, try later */
    ERROR_CANCELLED,   /* given up on purpose */
    ERROR_CONFLICT,    /* it contradicts something already there */
    ERROR_CLOSED,      /* an operator lets nothing new in: try much later */
    ERROR_INTERNAL,    /* our fault */
};
#define ERROR_KINDS 10

struct error {
    enum error_kind kind;
    char message[300];
};

/* Fills `why` and returns false, so that `return error_set(...)` reads as a failure. */
bool error_set(struct error *why, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "context: " before the message; returns false. */
bool error_prefix(struct error *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "INVALID", "NOT_FOUND", ...: the name on the wire and in logs. */
const char *error_kind_name(enum error_kind kind);

/* The kind of that name; false if there is none. */
bool error_kind_parse(const char *name, enum error_kind *kind);
