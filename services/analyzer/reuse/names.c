#include "names.h"

#include <string.h>

static uint32_t count_code_points(const char *bytes, size_t length)
{
    uint32_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)bytes[i] & 0xC0) != 0x80;
    return count;
}

void names_place(struct entities *names, struct piece text)
{
    size_t kept = 0;
    for (size_t i = 0; i < names->count; i++) {
        struct entity name = names->items[i];
        const char *from = text.at;
        for (size_t k = 0; k < kept; k++) {
            const struct entity *before = &names->items[k];
            if (before->text.length == name.text.length &&
                memcmp(before->text.at, name.text.at, name.text.length) == 0)
                from = before->text.at + before->text.length;
        }
        size_t left = text.length - (size_t)(from - text.at);
        const char *found = memmem(from, left, name.text.at, name.text.length);
        if (found == NULL)
            continue;
        name.text.at = found;
        name.start = count_code_points(text.at, (size_t)(found - text.at));
        name.end = name.start + count_code_points(found, name.text.length);
        name.is_placed = true;
        names->items[kept++] = name;
    }
    names->count = kept;
}
