/* Bytes lent by somebody: where they are and how many. Not NUL-terminated unless said so. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct bytes {
    const uint8_t *at;
    size_t length;
};
