/* Whatever a value holds, a line is one line, bounded, and printable. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "log/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char *value = calloc(1, length + 1);
    CHECK(value != NULL);
    memcpy(value, bytes, length);
    for (int is_json = 0; is_json < 2; is_json++) {
        struct log_line line;
        struct log_field field = LOG_TEXT("k", value);
        line_begin(&line, is_json);
        for (int i = 0; i < 5; i++)
            line_add(&line, &field);
        line_end(&line);
        CHECK(line.length <= LINE_MAX_BYTES && line.chars[line.length - 1] == '\n');
        for (size_t i = 0; i + 1 < line.length; i++)
            CHECK((unsigned char)line.chars[i] >= ' ' && line.chars[i] != 0x7F);
    }
    free(value);
    return 0;
}
