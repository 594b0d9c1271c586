/* Any bytes: both readers take the same documents, and read the same in them; but for NUL, which
 * json_parse() overlooks behind a number. */
#include <string.h>

#include "base/check.h"
#include "json/json.h"
#include "json/node.h"
#include "json/same_for_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 64 * 1024)
        return 0;
    SCOPED(arena_close) struct arena *arena = arena_open(64 << 20);
    SCOPED(json_free) json_t *document = NULL;
    const struct node *root;
    struct error why;
    const char *bytes = (const char *)data;
    bool is_json = memchr(data, 0, size) == NULL && json_parse(bytes, size, &document, &why);
    CHECK(node_parse(bytes, size, arena, &root, &why) == is_json);
    CHECK(!is_json || says_same(root, document));
    CHECK(!is_json || node_parse_loosely(bytes, size, arena, &root, &why));
    return 0;
}
