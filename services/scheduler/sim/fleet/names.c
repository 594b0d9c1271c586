#include "names.h"

#include <string.h>

#include "scale.h"

const char *tenant_name(uint32_t tenant)
{
    static const char *const NAMES[TENANTS] = {"even", "odd"};
    return NAMES[tenant];
}

const char *user_name(uint32_t user)
{
    static const char *const NAMES[USERS] = {"user-0", "user-1", "user-2", "user-3", "user-4",
                                             "user-5", "user-6", "user-7", "user-8"};
    return NAMES[user];
}

uint32_t tenant_numbered(const char *name)
{
    return name[0] == 'o';
}

const char *endpoint_name(uint32_t endpoint)
{
    static const char *const NAMES[ENDPOINTS] = {"first", "second"};
    return NAMES[endpoint];
}

uint32_t endpoint_numbered(const char *name)
{
    for (uint32_t i = 0; i < ENDPOINTS; i++)
        if (strcmp(endpoint_name(i), name) == 0)
            return i;
    return ENDPOINTS;
}
