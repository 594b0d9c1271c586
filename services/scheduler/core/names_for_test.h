/* Ids of jobs for tests that read better with short names. cmocka.h comes before it. */
#pragma once

#include <string.h>

#include "base/uuid.h"
#include "facts.h"

/* The id is made of the name; it is good until the next one. */
static inline const char *id_named(const char *name)
{
    static char id[JOB_ID_SIZE];
    struct uuid uuid = {0};
    size_t length = strlen(name);
    assert_true(length <= sizeof uuid.bytes);
    memcpy(uuid.bytes, name, length);
    uuid_format(&uuid, id);
    return id;
}
