/* Is what came out UTF-8? NUL is: not everything that is looked at here is a string. */
#pragma once

#include <stdbool.h>

#include "base/text.h"
#include "characters.h"

static inline bool test_is_utf8(const struct text *text)
{
    for (size_t at = 0; at < text->length;) {
        size_t before = at;
        uint32_t c = character_next(text->chars, text->length, &at);
        if (c == 0xFFFD && at - before != 3) /* one byte: it is not what it reads as */
            return false;
    }
    return true;
}
