/* Whatever a request line says, what is decoded has no control characters and is no longer. */
#include "web/uri.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_decoded(const char *raw, size_t size, enum uri_blank blank)
{
    SCOPED(free_chars) char *decoded = malloc(size + 1);
    CHECK(decoded != NULL);
    if (!uri_decode(raw, size, blank, decoded))
        return;
    CHECK(strlen(decoded) <= size);
    for (const char *c = decoded; *c; c++)
        CHECK((unsigned char)*c >= 0x20 && *c != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *raw = (const char *)data;
    check_decoded(raw, size, URI_PLUS_IS_PLUS);
    check_decoded(raw, size, URI_PLUS_IS_BLANK);
    SCOPED(free_chars) char *line = strndup(raw, size);
    CHECK(line != NULL);
    struct uri_part values[URI_MAX_VALUES], value;
    if (uri_is_clean(line) && uri_match("/v1/jobs/{id}/results", line, values))
        CHECK(values[0].length > 0 && memchr(values[0].at, '/', values[0].length) == NULL);
    if (uri_query(line, "cursor", &value))
        CHECK(value.at + value.length <= line + strlen(line));
    return 0;
}
