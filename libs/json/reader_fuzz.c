/* Any bytes: what our reader takes, jansson takes too, and makes the same of it; what it refuses
 * for sure, jansson refuses. */
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "json/json.h"
#include "json/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool is_unsure;
    SCOPED(json_free) json_t *ours = reader_read((const char *)data, size, &is_unsure);
    if (is_unsure)
        return 0;
    json_error_t fault;
    SCOPED(json_free) json_t *theirs =
        json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, &fault);
    bool has_nul = memchr(data, '\0', size) != NULL; /* jansson swallows some */
    CHECK(ours != NULL ? theirs != NULL : theirs == NULL || has_nul);
    if (ours == NULL)
        return 0;
    CHECK(json_equal(ours, theirs));
    char *one = json_dumps(ours, 0), *other = json_dumps(theirs, 0);
    CHECK(strcmp(one, other) == 0); /* the order of the members too */
    free(one);
    free(other);
    return 0;
}
