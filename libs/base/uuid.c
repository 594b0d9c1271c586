#include "base/uuid.h"

#include <stddef.h>
#include <sys/random.h>
#include <sys/types.h>

#include "base/check.h"
#include "base/clock.h"

static bool is_before_dash(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void uuid_format(const struct uuid *uuid, char text[UUID_TEXT_SIZE])
{
    static const char DIGITS[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof uuid->bytes; i++) {
        if (is_before_dash(i))
            *text++ = '-';
        *text++ = DIGITS[uuid->bytes[i] >> 4];
        *text++ = DIGITS[uuid->bytes[i] & 0x0F];
    }
    *text = '\0';
}

/* 16 and more = none. */
static unsigned int value_of(char digit)
{
    if (digit >= '0' && digit <= '9')
        return (unsigned int)(digit - '0');
    return digit >= 'a' && digit <= 'f' ? (unsigned int)(digit - 'a' + 10) : 16;
}

bool uuid_parse(const char *text, struct uuid *uuid)
{
    for (size_t i = 0; i < sizeof uuid->bytes; i++) {
        if (is_before_dash(i) && *text++ != '-')
            return false;
        unsigned int high = value_of(*text++);
        unsigned int low = high < 16 ? value_of(*text++) : 16;
        if (low >= 16)
            return false;
        uuid->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return *text == '\0';
}

void uuid_new(char text[UUID_TEXT_SIZE])
{
    struct uuid uuid;
    uint8_t *b = uuid.bytes;
    CHECK(getrandom(b, sizeof uuid.bytes, 0) == (ssize_t)sizeof uuid.bytes);
    uint64_t ms = (uint64_t)clock_wall_ms();
    for (int i = 0; i < 6; i++)
        b[i] = (uint8_t)(ms >> (40 - 8 * i));
    b[6] = (uint8_t)(0x70 | (b[6] & 0x0F));
    b[8] = (uint8_t)(0x80 | (b[8] & 0x3F));
    uuid_format(&uuid, text);
}

bool uuid_is_valid(const char *text)
{
    struct uuid uuid;
    return uuid_parse(text, &uuid);
}
