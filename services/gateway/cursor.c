#include "cursor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "messages/messages.h"
#include "messages/texts.h"

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

const char *cursor_of_key(const char *key, struct arena *arena)
{
    size_t length = strlen(key);
    char *cursor = arena_new(arena, 2 * length + 2);
    cursor[0] = 'k';
    for (size_t i = 0; i < length; i++)
        snprintf(cursor + 1 + 2 * i, 3, "%02x", (unsigned char)key[i]);
    return cursor;
}

static int digit_of(char c)
{
    const char *const digits = "0123456789abcdef";
    const char *found = c != '\0' ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

bool cursor_read_key(const char *cursor, struct arena *arena, const char **key)
{
    size_t digits = strlen(cursor);
    if (cursor[0] != 'k' || digits % 2 == 0 || digits / 2 > CURSOR_KEY_MAX_BYTES)
        return false;
    char *read = arena_new(arena, digits / 2 + 1);
    for (size_t i = 0; i < digits / 2; i++) {
        int high = digit_of(cursor[1 + 2 * i]), low = digit_of(cursor[2 + 2 * i]);
        if (high < 0 || low < 0 || high + low == 0)
            return false;
        read[i] = (char)(high << 4 | low);
    }
    *key = read;
    return text_is_valid((const uint8_t *)read, digits / 2);
}
