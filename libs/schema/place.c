#include "place.h"

static void add_name(struct text *pointer, const char *name)
{
    for (const char *c = name; *c != '\0'; c++) {
        if (*c == '~' || *c == '/')
            text_add(pointer, *c == '~' ? "~0" : "~1");
        else
            text_add_char(pointer, *c);
    }
}

static void add_place(struct text *pointer, const struct place *place)
{
    if (place == NULL)
        return;
    add_place(pointer, place->above);
    text_add_char(pointer, '/');
    if (place->name != NULL)
        add_name(pointer, place->name);
    else
        text_format(pointer, "%zu", place->index);
}

bool place_refuse(const struct place *place, struct error *why, const char *message)
{
    SCOPED(text_free) struct text pointer = {0};
    add_place(&pointer, place);
    if (pointer.length == 0)
        return error_set(why, ERROR_INVALID, "%s", message);
    return error_set(why, ERROR_INVALID, "%s: %s", pointer.chars, message);
}
