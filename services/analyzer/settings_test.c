/* From settings to the endpoints that are called. */
#include "settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h> /* after the headers that it needs */

static struct analyzer_settings settings_by(const char *chain, const char *base_url)
{
    return (struct analyzer_settings){.endpoints = chain,
                                      .base_url = base_url,
                                      .api_key = "plain-key",
                                      .model = "m",
                                      .max_tokens_field = "max_completion_tokens"};
}

static void write_file(char path[], const char *contents)
{
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, contents, strlen(contents)), strlen(contents));
    close(descriptor);
}

static void without_an_address_there_is_no_endpoint(void **state)
{
    (void)state;
    struct analyzer_settings settings = settings_by("", "");
    SCOPED(endpoints_close) struct endpoints endpoints = {0};
    SCOPED(text_free) struct text faults = {0};
    assert_true(settings_of_endpoints(&settings, &endpoints, &faults));
    assert_int_equal(endpoints.count, 0);
}

static void plain_settings_make_one_called_main(void **state)
{
    (void)state;
    struct analyzer_settings settings = settings_by("", "https://a/v1");
    SCOPED(endpoints_close) struct endpoints endpoints = {0};
    SCOPED(text_free) struct text faults = {0};
    assert_true(settings_of_endpoints(&settings, &endpoints, &faults));
    assert_int_equal(endpoints.count, 1);
    assert_string_equal(endpoints.list[0].name, "main");
    assert_string_equal(endpoints.list[0].base_url, "https://a/v1");
    assert_string_equal(endpoints.list[0].api_key, "plain-key");
    assert_string_equal(endpoints.list[0].max_tokens_field, "max_completion_tokens");
    settings = settings_by("", "ftp://a");
    assert_false(settings_of_endpoints(&settings, &endpoints, &faults));
    assert_non_null(strstr(faults.chars, "TP_LLM_BASE_URL: is \"ftp://a\", must begin with"));
}

static void a_chain_comes_with_its_keys_or_not_at_all(void **state)
{
    (void)state;
    char key[] = "/tmp/settings_test.XXXXXX", chain[] = "/tmp/settings_test.XXXXXX";
    write_file(key, "sk-1\n");
    SCOPED(text_free) struct text json = {0}, faults = {0};
    text_format(&json,
                "{\"endpoints\":[{\"name\":\"a\",\"base_url\":\"http://a\",\"model\":\"m\","
                "\"api_key_file\":\"%s\"}]}",
                key);
    write_file(chain, json.chars);
    struct analyzer_settings settings = settings_by(chain, "http://unused");
    SCOPED(endpoints_close) struct endpoints endpoints = {0};
    assert_true(settings_of_endpoints(&settings, &endpoints, &faults));
    assert_int_equal(endpoints.count, 1);
    assert_string_equal(endpoints.list[0].api_key, "sk-1");
    endpoints_close(&endpoints);
    unlink(key);
    assert_false(settings_of_endpoints(&settings, &endpoints, &faults));
    unlink(chain);
    assert_non_null(strstr(faults.chars, "TP_LLM_ENDPOINTS: api_key_file of a: cannot read"));
}

static void topics_are_read_or_what_is_wrong_with_them_is_told(void **state)
{
    (void)state;
    char path[] = "/tmp/settings_test.XXXXXX";
    write_file(path, "{\"acme\":{\"outage\":[\"down\"]}}");
    struct analyzer_settings settings = {.topics = ""};
    SCOPED(topic_sets_close) struct topic_sets *topics = NULL;
    SCOPED(text_free) struct text faults = {0};
    assert_true(settings_of_topics(&settings, &topics, &faults));
    assert_null(topics);
    settings.topics = path;
    assert_true(settings_of_topics(&settings, &topics, &faults));
    assert_non_null(topic_sets_find(topics, "acme"));
    topic_sets_close(&topics);
    unlink(path);
    assert_false(settings_of_topics(&settings, &topics, &faults));
    assert_non_null(strstr(faults.chars, "TP_TOPICS: cannot read \"/tmp/settings_test."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_an_address_there_is_no_endpoint),
        cmocka_unit_test(plain_settings_make_one_called_main),
        cmocka_unit_test(a_chain_comes_with_its_keys_or_not_at_all),
        cmocka_unit_test(topics_are_read_or_what_is_wrong_with_them_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
