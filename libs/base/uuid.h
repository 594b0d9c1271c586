/* UUID version 7 (RFC 9562): 48 bits of wall-clock milliseconds, 74 random bits from the kernel.
 * Sorts by age. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define UUID_TEXT_SIZE 37

/* A new one in its canonical lower-case form, NUL-terminated. */
void uuid_new(char text[UUID_TEXT_SIZE]);

/* The same in less than half of the room. */
struct uuid {
    uint8_t bytes[16];
};

/* False = it is not valid. */
bool uuid_parse(const char *text, struct uuid *uuid);
void uuid_format(const struct uuid *uuid, char text[UUID_TEXT_SIZE]);

/* Is it 8-4-4-4-12 lower-case hexadecimal digits? Any version. */
bool uuid_is_valid(const char *text);
