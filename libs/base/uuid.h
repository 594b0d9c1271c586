/* UUID version 7 (RFC 9562): 48 bits of wall-clock milliseconds, 74 random bits from the kernel.
 * Sorts by age. Any thread. */
#pragma once

#include <stdbool.h>

#define UUID_TEXT_SIZE 37

/* A new one in its canonical lower-case form, NUL-terminated. */
void uuid_new(char text[UUID_TEXT_SIZE]);

/* Is it 8-4-4-4-12 lower-case hexadecimal digits? Any version. */
bool uuid_is_valid(const char *text);
