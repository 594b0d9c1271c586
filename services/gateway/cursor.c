#include "cursor.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/number.h"

void cursor_of_seq(uint32_t seq, char cursor[CURSOR_SIZE])
{
    snprintf(cursor, CURSOR_SIZE, "s%u", seq);
}

bool cursor_read_seq(const char *cursor, uint32_t *seq)
{
    int64_t value;
    if (cursor[0] != 's' || !number_parse_int(cursor + 1, &value) || value < 0 || value > INT32_MAX)
        return false;
    *seq = (uint32_t)value;
    return true;
}

void cursor_of_version(uint64_t version, char cursor[CURSOR_SIZE])
{
    snprintf(cursor, CURSOR_SIZE, "v%" PRIu64, version);
}

bool cursor_read_version(const char *cursor, uint64_t *version)
{
    int64_t value;
    if (cursor[0] != 'v' || !number_parse_int(cursor + 1, &value) || value < 0)
        return false;
    *version = (uint64_t)value;
    return true;
}

void cursor_of_job(const char *job_id, char cursor[CURSOR_SIZE])
{
    snprintf(cursor, CURSOR_SIZE, "j%s", job_id);
}

bool cursor_read_job(const char *cursor, const char **job_id)
{
    *job_id = cursor + 1;
    return cursor[0] == 'j' && uuid_is_valid(cursor + 1);
}
