/* Any two documents: no crash; the strict form of a schema is a schema, and what is taken for a
 * value of it is one still when it is taken again. */
#include <string.h>

#include "base/check.h"
#include "schema/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* It holds for itself. */
static void check_strict(const json_t *schema)
{
    SCOPED(json_free) json_t *strict = schema_strict(schema), *again = schema_strict(strict);
    CHECK(json_equal(strict, again));
}

static void check_value(const json_t *schema, const char *bytes, size_t length)
{
    SCOPED(json_free) json_t *answer = NULL, *value = NULL, *again = NULL;
    struct error why;
    if (!json_parse(bytes, length, &answer, &why) || !schema_take(schema, answer, &value, &why))
        return;
    CHECK(schema_take(schema, value, &again, &why));
    CHECK(json_equal(value, again));
}

/* A schema, a newline, an answer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    const char *end = size > 0 ? memchr(bytes, '\n', size) : NULL;
    size_t length = end != NULL ? (size_t)(end - bytes) : size;
    SCOPED(json_free) json_t *schema = NULL;
    struct error why;
    if (!schema_parse(bytes, length, &schema, &why)) {
        CHECK(why.kind == ERROR_INVALID && why.message[0] != '\0' && schema == NULL);
        return 0;
    }
    check_strict(schema);
    if (end != NULL)
        check_value(schema, end + 1, size - length - 1);
    return 0;
}
