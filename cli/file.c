#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FILE_MAX_BYTES = 512 << 20 };

bool file_read(const char *name, struct text *bytes, struct error *why)
{
    bool is_stdin = strcmp(name, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(name, "rbe");
    if (!file)
        return error_set(why, ERROR_INVALID, "%s: %s", name, strerror(errno));
    char buffer[1 << 16];
    size_t got;
    while ((got = fread(buffer, 1, sizeof buffer, file)) > 0 && bytes->length <= FILE_MAX_BYTES)
        text_add_bytes(bytes, buffer, got);
    bool is_broken = ferror(file) != 0;
    int reason = errno;
    if (!is_stdin)
        fclose(file);
    if (is_broken)
        return error_set(why, ERROR_INVALID, "%s: %s", name, strerror(reason));
    if (bytes->length > FILE_MAX_BYTES)
        return error_set(why, ERROR_INVALID, "%s is larger than %d MB", name, FILE_MAX_BYTES >> 20);
    return true;
}
