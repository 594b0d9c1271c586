#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "endpoints/endpoints.h"

enum { KEY_MAX_BYTES = 4000 };

/* What a header may hold: printable ASCII. */
static bool is_key(const char *key, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (key[i] <= ' ' || key[i] > '~')
            return false;
    return length > 0 && length <= KEY_MAX_BYTES;
}

static bool read_key(const char *setting, struct arena *arena, struct endpoint *endpoint,
                     struct text *faults)
{
    FILE *file = fopen(endpoint->api_key_file, "re");
    if (file == NULL) {
        text_format(faults, "%s: api_key_file of %s: cannot read \"%s\": %s\n", setting,
                    endpoint->name, endpoint->api_key_file, strerror(errno));
        return false;
    }
    char key[KEY_MAX_BYTES + 3] = "";
    size_t length = fread(key, 1, sizeof key - 1, file);
    bool is_read = !ferror(file);
    fclose(file);
    if (length > 0 && key[length - 1] == '\n')
        length--;
    if (length > 0 && key[length - 1] == '\r')
        length--;
    bool is_good = is_read && is_key(key, length);
    if (is_good)
        endpoint->api_key = arena_bytes(arena, key, length);
    else
        text_format(
            faults,
            "%s: api_key_file of %s: \"%s\" must hold 1 to %d printable bytes on one line\n",
            setting, endpoint->name, endpoint->api_key_file, KEY_MAX_BYTES);
    return is_good;
}

bool endpoints_read_keys(const char *setting, struct endpoints *endpoints, struct text *faults)
{
    bool is_good = true;
    for (size_t i = 0; i < endpoints->count; i++)
        if (endpoints->list[i].api_key_file[0] != '\0')
            is_good &= read_key(setting, endpoints->arena, &endpoints->list[i], faults);
    return is_good;
}
