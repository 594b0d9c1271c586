/* Rules 1 to 7 of schema.h. */
#include "schema/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static json_t *schema_of(const char *text)
{
    json_t *schema;
    struct error why;
    if (!schema_parse(text, strlen(text), &schema, &why))
        fail_msg("%s: %s", text, why.message);
    return schema;
}

/* Refused, and the error says that. */
static void expect_refused(const char *text, const char *message)
{
    SCOPED(json_free) json_t *schema = NULL;
    struct error why = {.message = ""};
    if (schema_parse(text, strlen(text), &schema, &why))
        fail_msg("taken: %s", text);
    assert_int_equal(why.kind, ERROR_INVALID);
    if (strncmp(why.message, message, strlen(message)) != 0)
        fail_msg("%s\n is refused for %s\n and not for %s", text, why.message, message);
}

#define OF(property) "{\"type\":\"object\",\"properties\":{\"a\":" property "}}"

/* Rules 1, 2, 4 and 6. */
static void what_is_not_in_the_subset_is_refused_with_its_place(void **state)
{
    (void)state;
    expect_refused("{\"type\":", "not valid JSON at line 1");
    expect_refused("[]", "a schema is an object");
    expect_refused("{}", "a schema needs a type");
    expect_refused("{\"type\":\"string\"}", "/type: must be object at the root");
    expect_refused("{\"type\":[\"object\",\"null\"],\"properties\":{\"a\":{\"type\":\"null\"}}}",
                   "/type: must be object at the root");
    expect_refused(OF("{\"type\":\"text\"}"), "/properties/a/type: must be string, number");
    expect_refused(OF("{\"type\":7}"), "/properties/a/type: must be string, number");
    expect_refused(OF("{\"type\":[]}"), "/properties/a/type: a list has");
    expect_refused(OF("{\"type\":[\"null\",\"null\"]}"), "/properties/a/type: a list has");
    expect_refused(OF("{\"type\":[\"string\",\"number\"]}"), "/properties/a/type: a list has");
    expect_refused(OF("{\"$ref\":\"#\"}"), "/properties/a: a schema needs a type");
    expect_refused(OF("{\"type\":\"string\",\"pattern\":\"a\"}"),
                   "/properties/a/pattern: is not supported");
    expect_refused(OF("{\"type\":\"string\",\"minimum\":1}"),
                   "/properties/a/minimum: means nothing for this type");
    expect_refused(OF("{\"type\":\"string\",\"description\":1}"),
                   "/properties/a/description: must be a string");
    expect_refused(OF("{\"type\":\"array\"}"), "/properties/a/items: an array needs them");
    expect_refused(OF("{\"type\":\"array\",\"items\":[]}"),
                   "/properties/a/items: a schema is an object");
    expect_refused(OF("{\"type\":\"string\",\"minLength\":-1}"), "/properties/a/minLength: must");
    expect_refused(OF("{\"type\":\"string\",\"minLength\":1.5}"), "/properties/a/minLength: must");
    expect_refused(OF("{\"type\":\"string\",\"minLength\":3,\"maxLength\":2}"),
                   "/properties/a/minLength: is above");
    expect_refused(OF("{\"type\":\"integer\",\"minimum\":3,\"maximum\":2.5}"),
                   "/properties/a/minimum: is above");
    expect_refused(OF("{\"type\":\"number\",\"maximum\":\"2\"}"), "/properties/a/maximum: must");
}

/* Rule 3. */
static void an_object_names_its_properties_and_is_closed(void **state)
{
    (void)state;
    expect_refused("{\"type\":\"object\"}", "/properties: an object needs properties");
    expect_refused("{\"type\":\"object\",\"properties\":{}}", "/properties: an object needs");
    expect_refused("{\"type\":\"object\",\"properties\":{\"\":{\"type\":\"null\"}}}",
                   "/properties: a name has 1 to 64 bytes");
    expect_refused("{\"type\":\"object\",\"properties\":{\"a/b~\":{\"type\":\"x\"}}}",
                   "/properties/a~1b~0/type: must");
    expect_refused("{\"type\":\"object\",\"additionalProperties\":true,"
                   "\"properties\":{\"a\":{\"type\":\"null\"}}}",
                   "/additionalProperties: may only be false");
    expect_refused("{\"type\":\"object\",\"required\":[\"b\"],"
                   "\"properties\":{\"a\":{\"type\":\"null\"}}}",
                   "/required/0: is the name of no property");
    expect_refused("{\"type\":\"object\",\"required\":[\"a\",\"a\"],"
                   "\"properties\":{\"a\":{\"type\":\"null\"}}}",
                   "/required/1: stands there twice");
    expect_refused("{\"type\":\"object\",\"required\":\"a\","
                   "\"properties\":{\"a\":{\"type\":\"null\"}}}",
                   "/required: must be a list");
}

/* Rule 5. */
static void choices_are_different_values_of_the_type(void **state)
{
    (void)state;
    expect_refused(OF("{\"type\":\"string\",\"enum\":[]}"), "/properties/a/enum: must be a list");
    expect_refused(OF("{\"type\":\"string\",\"enum\":\"x\"}"), "/properties/a/enum: must be");
    expect_refused(OF("{\"type\":\"string\",\"enum\":[\"x\",1]}"),
                   "/properties/a/enum/1: is not of the type");
    expect_refused(OF("{\"type\":\"string\",\"enum\":[\"x\",null]}"),
                   "/properties/a/enum/1: is not of the type");
    expect_refused(OF("{\"type\":\"number\",\"enum\":[1,2,1.0]}"),
                   "/properties/a/enum/2: stands there twice");
    SCOPED(json_free) json_t *schema =
        schema_of(OF("{\"type\":[\"string\",\"null\"],\"enum\":[\"x\",null]}"));
    assert_non_null(schema);
}

/* Rule 6. */
static void what_no_value_satisfies_is_refused(void **state)
{
    (void)state;
    expect_refused(OF("{\"type\":\"integer\",\"minimum\":1.2,\"maximum\":1.8}"),
                   "/properties/a/minimum: is above");
    expect_refused(OF("{\"type\":\"string\",\"enum\":[\"long enough\",\"a\"],\"minLength\":5}"),
                   "/properties/a/enum/1: is too short");
    expect_refused(OF("{\"type\":\"integer\",\"enum\":[7,1],\"minimum\":5}"),
                   "/properties/a/enum/1: is out of its bounds");
    expect_refused(OF("{\"type\":\"string\",\"minLength\":1001}"),
                   "/properties/a/minLength: is more than an answer may hold");
    expect_refused(OF("{\"type\":\"array\",\"items\":{\"type\":\"null\"},\"minItems\":2000000000}"),
                   "/properties/a/minItems: is more than");
    SCOPED(json_free) json_t *number =
        schema_of(OF("{\"type\":\"number\",\"minimum\":1.2,\"maximum\":1.8}"));
    assert_non_null(number);
    SCOPED(json_free) json_t *one =
        schema_of(OF("{\"type\":\"integer\",\"minimum\":1.2,\"maximum\":2}"));
    assert_non_null(one);
}

/* Rule 2. */
static void depth_and_size_are_bounded(void **state)
{
    (void)state;
    SCOPED(json_free) json_t *deep = schema_of(
        OF("{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":{\"type\":\"null\"}}}"));
    assert_non_null(deep);
    expect_refused(OF("{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":"
                      "{\"type\":\"array\",\"items\":{\"type\":\"null\"}}}}"),
                   "/properties/a/items/items/items: schemas may stand 4 deep");
    static const char HEAD[] = "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"null\"}},"
                               "\"description\":\"";
    SCOPED(text_free) struct text large = {0};
    text_add(&large, HEAD);
    while (large.length < SCHEMA_MAX_BYTES - 2)
        text_add_char(&large, 'x');
    text_add(&large, "\"}");
    SCOPED(json_free) json_t *largest = schema_of(large.chars);
    assert_non_null(largest);
    large.chars[large.length - 2] = 'x';
    large.chars[large.length - 1] = '"';
    text_add_char(&large, '}');
    expect_refused(large.chars, "has 8193 bytes, at most 8192");
}

static const char EVERYTHING[] =
    "{\"type\":\"object\",\"description\":\"d\",\"required\":[\"mood\",\"marks\"],\"properties\":{"
    "\"mood\":{\"type\":\"string\",\"enum\":[\"calm\",\"cross\"]},"
    "\"marks\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":2,"
    "\"items\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":5}},"
    "\"why\":{\"type\":\"string\",\"minLength\":2,\"maxLength\":4},"
    "\"at\":{\"type\":[\"object\",\"null\"],\"properties\":{\"x\":{\"type\":\"number\"}}},"
    "\"sure\":{\"type\":\"boolean\"}}}";

static void write_strict(const json_t *schema, struct text *out)
{
    SCOPED(json_free) json_t *strict = schema_strict(schema);
    schema_write(strict, out);
}

/* Rule 7. */
static void the_strict_form_requires_all_and_bounds_nothing(void **state)
{
    (void)state;
    SCOPED(json_free) json_t *schema = schema_of(EVERYTHING);
    SCOPED(text_free) struct text strict = {0};
    write_strict(schema, &strict);
    assert_string_equal(strict.chars,
                        "{\"type\":\"object\",\"description\":\"d\",\"properties\":{"
                        "\"mood\":{\"type\":\"string\",\"enum\":[\"calm\",\"cross\"]},"
                        "\"marks\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"}},"
                        "\"why\":{\"type\":[\"string\",\"null\"]},"
                        "\"at\":{\"type\":[\"object\",\"null\"],\"properties\":{"
                        "\"x\":{\"type\":[\"number\",\"null\"]}},\"required\":[\"x\"],"
                        "\"additionalProperties\":false},"
                        "\"sure\":{\"type\":[\"boolean\",\"null\"]}},"
                        "\"required\":[\"mood\",\"marks\",\"why\",\"at\",\"sure\"],"
                        "\"additionalProperties\":false}");
}

static void an_optional_choice_may_be_null_in_the_strict_form(void **state)
{
    (void)state;
    SCOPED(json_free) json_t *schema = schema_of(OF("{\"type\":\"string\",\"enum\":[\"x\"]}"));
    SCOPED(text_free) struct text strict = {0};
    write_strict(schema, &strict);
    assert_non_null(strstr(strict.chars, "{\"type\":[\"string\",\"null\"],\"enum\":[\"x\",null]}"));
}

/* NULL = it is taken as `taken`. */
static void expect_taken(const json_t *schema, const char *answer, const char *taken,
                         const char *fault)
{
    SCOPED(json_free) json_t *document = NULL, *value = NULL;
    struct error why = {.message = ""};
    assert_true(json_parse(answer, strlen(answer), &document, &why));
    bool is_taken = schema_take(schema, document, &value, &why);
    if (is_taken != (fault == NULL))
        fail_msg("%s: %s", answer, why.message);
    if (fault != NULL) {
        assert_string_equal(why.message, fault);
        assert_null(value);
        return;
    }
    SCOPED(text_free) struct text written = {0};
    schema_write(value, &written);
    assert_string_equal(written.chars, taken);
}

#define GOOD "\"mood\":\"calm\",\"marks\":[1]"

/* Rules 3 to 7. */
static void only_values_of_the_schema_are_taken(void **state)
{
    (void)state;
    SCOPED(json_free) json_t *schema = schema_of(EVERYTHING);
    expect_taken(schema, "{" GOOD "}", "{" GOOD "}", NULL);
    expect_taken(schema, "{" GOOD ",\"why\":null,\"sure\":null,\"at\":null}",
                 "{" GOOD ",\"at\":null}", NULL);
    expect_taken(schema, "{" GOOD ",\"at\":{\"x\":null}}", "{" GOOD ",\"at\":{}}", NULL);
    expect_taken(schema, "{\"mood\":\"calm\",\"marks\":[1.0,5]}",
                 "{\"mood\":\"calm\",\"marks\":[1.0,5]}", NULL);
    expect_taken(schema, "{" GOOD ",\"at\":{\"x\":0.1}}", "{" GOOD ",\"at\":{\"x\":0.1}}", NULL);
    expect_taken(schema, "{" GOOD ",\"why\":\"\xC3\xA4\xC3\xB6\xC3\xBC\xF0\x9F\x98\x80\"}",
                 "{" GOOD ",\"why\":\"\xC3\xA4\xC3\xB6\xC3\xBC\xF0\x9F\x98\x80\"}", NULL);
    expect_taken(schema, "[]", NULL, "is no object");
    expect_taken(schema, "{\"mood\":\"calm\"}", NULL, "/marks: is missing");
    expect_taken(schema, "{\"mood\":null,\"marks\":[1]}", NULL, "/mood: is not of the type");
    expect_taken(schema, "{\"mood\":\"glad\",\"marks\":[1]}", NULL,
                 "/mood: is none of the choices");
    expect_taken(schema, "{" GOOD ",\"more\":1}", NULL, "/more: is no property");
    expect_taken(schema, "{\"mood\":\"calm\",\"marks\":[1,6]}", NULL,
                 "/marks/1: is out of its bounds");
    expect_taken(schema, "{\"mood\":\"calm\",\"marks\":[1.5]}", NULL,
                 "/marks/0: is not of the type");
    expect_taken(schema, "{\"mood\":\"calm\",\"marks\":[]}", NULL,
                 "/marks: has too few or too many items");
    expect_taken(schema, "{\"mood\":\"calm\",\"marks\":[1,2,3]}", NULL,
                 "/marks: has too few or too many items");
    expect_taken(schema, "{" GOOD ",\"why\":\"x\"}", NULL, "/why: is too short or too long");
    expect_taken(schema, "{" GOOD ",\"why\":\"xxxxx\"}", NULL, "/why: is too short or too long");
    expect_taken(schema, "{" GOOD ",\"sure\":\"true\"}", NULL, "/sure: is not of the type");
    expect_taken(schema, "{" GOOD ",\"at\":{\"x\":\"1\"}}", NULL, "/at/x: is not of the type");
    expect_taken(schema, "{" GOOD ",\"at\":[]}", NULL, "/at: is not of the type");
}

static void what_is_written_is_as_short_as_it_can_be_and_keeps_its_order(void **state)
{
    (void)state;
    SCOPED(json_free) json_t *schema =
        schema_of("{ \"properties\" : {\"b\": {\"type\":\"null\"}, \"a\": {\"type\":\"null\"}},\n"
                  " \"type\":\"object\" }");
    SCOPED(text_free) struct text written = {0};
    schema_write(schema, &written);
    assert_string_equal(written.chars,
                        "{\"properties\":{\"b\":{\"type\":\"null\"},\"a\":{\"type\":\"null\"}},"
                        "\"type\":\"object\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_in_the_subset_is_refused_with_its_place),
        cmocka_unit_test(an_object_names_its_properties_and_is_closed),
        cmocka_unit_test(choices_are_different_values_of_the_type),
        cmocka_unit_test(what_no_value_satisfies_is_refused),
        cmocka_unit_test(depth_and_size_are_bounded),
        cmocka_unit_test(the_strict_form_requires_all_and_bounds_nothing),
        cmocka_unit_test(an_optional_choice_may_be_null_in_the_strict_form),
        cmocka_unit_test(only_values_of_the_schema_are_taken),
        cmocka_unit_test(what_is_written_is_as_short_as_it_can_be_and_keeps_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
