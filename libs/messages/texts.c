#include "messages/texts.h"

#include <string.h>
#include <unistr.h>

bool text_is_valid(const uint8_t *bytes, size_t length)
{
    return length == 0 || (memchr(bytes, 0, length) == NULL && u8_check(bytes, length) == NULL);
}

/* C0, DEL and C1, the latter as UTF-8. */
static bool has_control_character(const uint8_t *text)
{
    for (; *text != 0; text++) {
        if (*text < 0x20 || *text == 0x7F || (*text == 0xC2 && text[1] < 0xA0))
            return true;
    }
    return false;
}

bool id_is_valid(const char *id, size_t max_bytes)
{
    size_t length = strnlen(id, max_bytes + 1);
    const uint8_t *bytes = (const uint8_t *)id;
    return length >= 1 && length <= max_bytes && text_is_valid(bytes, length) &&
           !has_control_character(bytes);
}
