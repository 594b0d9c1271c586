#include "sqlstate.h"

#include <stddef.h>
#include <string.h>

struct mapping {
    const char *prefix; /* of the SQLSTATE; the first that fits counts */
    enum error_kind kind;
};

static const struct mapping MAPPINGS[] = {
    {"TP403", ERROR_DENIED}, /* our own functions', see migrations/0003_submit.sql */
    {"TP404", ERROR_NOT_FOUND},   {"TP409", ERROR_CONFLICT}, {"TP423", ERROR_CLOSED},
    {"TP422", ERROR_INVALID},     {"TP429", ERROR_BUSY},     {"TP503", ERROR_UNAVAILABLE},
    {"23505", ERROR_CONFLICT},    /* unique violation */
    {"22", ERROR_INVALID},        /* data exception */
    {"23", ERROR_INVALID},        /* another integrity constraint */
    {"57014", ERROR_TIMEOUT},     /* statement timeout */
    {"57", ERROR_UNAVAILABLE},    /* the server is being stopped or has crashed */
    {"55P03", ERROR_UNAVAILABLE}, /* lock timeout */
    {"08", ERROR_UNAVAILABLE},    /* connection */
    {"25006", ERROR_UNAVAILABLE}, /* a standby: read-only */
    {"28", ERROR_UNAVAILABLE},    /* may not log in */
    {"3D", ERROR_UNAVAILABLE},    /* no such database */
    {"40", ERROR_UNAVAILABLE},    /* conflict between transactions, repeatedly */
    {"53", ERROR_UNAVAILABLE},    /* disk, memory or connections used up */
    {"58", ERROR_UNAVAILABLE},    /* trouble outside the server */
};

enum error_kind sqlstate_kind(const char *state)
{
    if (state == NULL)
        return ERROR_TIMEOUT;
    for (size_t i = 0; i < sizeof MAPPINGS / sizeof MAPPINGS[0]; i++) {
        if (strncmp(state, MAPPINGS[i].prefix, strlen(MAPPINGS[i].prefix)) == 0)
            return MAPPINGS[i].kind;
    }
    return ERROR_INTERNAL;
}

bool sqlstate_is_worth_repeating(const char *state)
{
    return state != NULL && (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0);
}
