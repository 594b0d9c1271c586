#include "base/number.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

static bool starts_like_a_number(const char *text)
{
    return *text == '-' || *text == '.' || isdigit((unsigned char)*text);
}

bool number_parse_int(const char *text, int64_t *value)
{
    if (!starts_like_a_number(text))
        return false;
    char *end;
    errno = 0;
    long long parsed = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0' || end == text)
        return false;
    *value = parsed;
    return true;
}

bool number_parse_double(const char *text, double *value)
{
    if (!starts_like_a_number(text))
        return false;
    char *end;
    errno = 0;
    double parsed = strtod(text, &end);
    if (errno != 0 || *end != '\0' || end == text || !isfinite(parsed))
        return false;
    *value = parsed;
    return true;
}
