#include "server_limits.h"

#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/number.h"

enum { MOST = 1000 * 1000 * 1000, MINUTE_MS = 60 * 1000 };
static const double DAY_MS = 24.0 * 60 * 60 * 1000;

/* -1 = not said. */
static int64_t count_of(const char *words, int64_t least)
{
    int64_t count;
    if (words == NULL || !number_parse_int(words, &count) || count < least || count > MOST)
        return -1;
    return count;
}

/* Of digits with at most one point; where they end. */
static const char *read_decimal(const char *words, double *value)
{
    double number = 0, place = 1;
    for (; isdigit((unsigned char)*words); words++)
        number = number * 10 + (*words - '0');
    if (*words == '.')
        for (words++; isdigit((unsigned char)*words); words++)
            number += (*words - '0') * (place /= 10);
    *value = number;
    return words;
}

static const char *read_unit(const char *words, double *ms)
{
    static const struct {
        const char *unit;
        double ms;
    } UNITS[] = {
        {"ns", 1e-6}, {"us", 1e-3},     {"\xC2\xB5s", 1e-3},     {"ms", 1},
        {"s", 1000},  {"m", MINUTE_MS}, {"h", 60.0 * 60 * 1000}, {"d", 24.0 * 60 * 60 * 1000}};
    for (size_t i = 0; i < sizeof UNITS / sizeof UNITS[0]; i++) {
        size_t length = strlen(UNITS[i].unit);
        if (strncmp(words, UNITS[i].unit, length) == 0) {
            *ms = UNITS[i].ms;
            return words + length;
        }
    }
    return NULL;
}

/* Rule 3; 0 = not said. */
static uint32_t reset_of(const char *words)
{
    if (words == NULL)
        return 0;
    double sum = 0, number, ms;
    bool is_first = true;
    do {
        if (!isdigit((unsigned char)*words))
            return 0;
        words = read_decimal(words, &number);
        if (is_first && *words == '\0')
            ms = 1000;
        else if ((words = read_unit(words, &ms)) == NULL)
            return 0;
        sum += number * ms;
        is_first = false;
    } while (*words != '\0');
    sum = ceil(sum);
    return sum >= 1 && sum <= DAY_MS ? (uint32_t)sum : 0;
}

struct one_limit {
    uint32_t limit, left, reset_ms;
    bool has_left;
};

static struct one_limit read_one(const char *limit_words, const char *left_words,
                                 const char *reset_words)
{
    int64_t limit = count_of(limit_words, 1), left = count_of(left_words, 0);
    struct one_limit one = {.limit = limit > 0 ? (uint32_t)limit : 0,
                            .reset_ms = reset_of(reset_words)};
    one.has_left = left >= 0 && (limit < 0 || left <= limit);
    one.left = one.has_left ? (uint32_t)left : 0;
    if (one.reset_ms > MINUTE_MS)
        one.limit = 0; /* rule 4 */
    return one;
}

bool server_limits_read(const struct limit_headers *headers, Tp__ServerLimits *limits)
{
    struct one_limit requests =
        read_one(headers->limit_requests, headers->remaining_requests, headers->reset_requests);
    struct one_limit tokens =
        read_one(headers->limit_tokens, headers->remaining_tokens, headers->reset_tokens);
    tp__server_limits__init(limits);
    limits->requests = requests.limit;
    limits->requests_left = requests.left;
    limits->requests_reset_ms = requests.reset_ms;
    limits->has_requests_left = requests.has_left;
    limits->tokens = tokens.limit;
    limits->tokens_left = tokens.left;
    limits->tokens_reset_ms = tokens.reset_ms;
    limits->has_tokens_left = tokens.has_left;
    return requests.limit > 0 || requests.has_left || requests.reset_ms > 0 || tokens.limit > 0 ||
           tokens.has_left || tokens.reset_ms > 0;
}
