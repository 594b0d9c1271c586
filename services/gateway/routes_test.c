/* The routes and their description must agree. */
#include "routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "openapi.h"
#include "json/json.h"

static const struct {
    const char *method, *path;
} SERVED[] = {
#define ROW_(method, path, handler, body, is_stream) {method, path},
    ROUTES(ROW_)
#undef ROW_
        {"GET", LIVE_SOCKET_PATH},
};
static const size_t SERVED_COUNT = sizeof SERVED / sizeof *SERVED;

static int read_openapi(void **state)
{
    json_t *document;
    struct error why;
    if (!json_parse(OPENAPI[0].chars, OPENAPI[0].length, &document, &why))
        return -1;
    *state = document;
    return 0;
}

static int drop_openapi(void **state)
{
    json_t *document = *state;
    json_free(&document);
    return 0;
}

static const json_t *operation(const json_t *openapi, const char *method, const char *path)
{
    const json_t *item = json_object_get(json_object_get(openapi, "paths"), path);
    char lower[16] = {0};
    for (size_t i = 0; method[i]; i++)
        lower[i] = (char)(method[i] | 0x20);
    return json_object_get(item, lower);
}

static void every_route_is_described(void **state)
{
    for (size_t i = 0; i < SERVED_COUNT; i++) {
        const json_t *described = operation(*state, SERVED[i].method, SERVED[i].path);
        assert_non_null(described);
        assert_non_null(json_object_get(described, "operationId"));
        assert_true(json_object_size(json_object_get(described, "responses")) > 1);
    }
}

static bool is_served(const char *method, const char *path)
{
    for (size_t i = 0; i < SERVED_COUNT; i++)
        if (strcasecmp(SERVED[i].method, method) == 0 && strcmp(SERVED[i].path, path) == 0)
            return true;
    return false;
}

static void every_described_operation_is_served(void **state)
{
    const char *path, *method;
    json_t *item, *described;
    json_object_foreach (json_object_get(*state, "paths"), path, item) {
        json_object_foreach (item, method, described) {
            if (strcmp(method, "parameters") != 0)
                assert_true(is_served(method, path));
        }
    }
}

static bool resolves(const json_t *openapi, const char *reference)
{
    char name[200];
    const json_t *at = openapi;
    if (strncmp(reference, "#/", 2) != 0)
        return false;
    for (const char *part = reference + 2; at && *part;) {
        size_t length = strcspn(part, "/");
        assert_true(length < sizeof name);
        memcpy(name, part, length);
        name[length] = '\0';
        at = json_object_get(at, name);
        part += length + (part[length] == '/');
    }
    return at != NULL;
}

static void check_references(const json_t *openapi, const json_t *value)
{
    const char *key;
    json_t *member;
    const char *reference = json_string_value(json_object_get(value, "$ref"));
    if (reference)
        assert_true(resolves(openapi, reference));
    json_object_foreach ((json_t *)(uintptr_t)value, key, member) {
        check_references(openapi, member);
    }
    for (size_t i = 0; i < json_array_size(value); i++)
        check_references(openapi, json_array_get(value, i));
}

static void every_reference_in_it_resolves(void **state)
{
    check_references(*state, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_described),
        cmocka_unit_test(every_described_operation_is_served),
        cmocka_unit_test(every_reference_in_it_resolves),
    };
    return cmocka_run_group_tests(tests, read_openapi, drop_openapi);
}
