#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[ERROR_KINDS] = {
    "INVALID",     "NOT_FOUND", "DENIED",   "BUSY",   "TIMEOUT",
    "UNAVAILABLE", "CANCELLED", "CONFLICT", "CLOSED", "INTERNAL",
};

bool error_set(struct error *why, enum error_kind kind, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    why->kind = kind;
    vsnprintf(why->message, sizeof why->message, format, args);
    va_end(args);
    return false;
}

bool error_prefix(struct error *why, const char *format, ...)
{
    char said[sizeof why->message];
    memcpy(said, why->message, sizeof said);
    va_list args;
    va_start(args, format);
    int used = vsnprintf(why->message, sizeof why->message, format, args);
    va_end(args);
    if (used >= 0 && (size_t)used < sizeof why->message)
        snprintf(why->message + used, sizeof why->message - (size_t)used, ": %s", said);
    return false;
}

const char *error_kind_name(enum error_kind kind)
{
    return names[kind];
}

bool error_kind_parse(const char *name, enum error_kind *kind)
{
    for (int i = 0; i < ERROR_KINDS; i++) {
        if (strcmp(names[i], name) == 0) {
            *kind = (enum error_kind)i;
            return true;
        }
    }
    return false;
}
