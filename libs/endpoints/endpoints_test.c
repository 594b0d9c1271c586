#include "endpoints/endpoints.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h> /* after the headers that it needs */

#define LEAST "\"base_url\":\"http://a\",\"model\":\"m\""

static struct endpoints parsed(const char *json)
{
    struct endpoints endpoints;
    SCOPED(text_free) struct text faults = {0};
    if (!endpoints_parse("S", (struct bytes){(const uint8_t *)json, strlen(json)}, &endpoints,
                         &faults))
        fail_msg("%s", faults.chars);
    return endpoints;
}

/* Refused, with each of these in what is said; ends with NULL. */
static void refused(const char *json, const char *const *said)
{
    struct endpoints endpoints;
    SCOPED(text_free) struct text faults = {0};
    if (endpoints_parse("S", (struct bytes){(const uint8_t *)json, strlen(json)}, &endpoints,
                        &faults))
        fail_msg("taken: %s", json);
    assert_int_equal(endpoints.count, 0);
    for (; *said != NULL; said++)
        if (strstr(faults.chars, *said) == NULL)
            fail_msg("\"%s\" is not in: %s", *said, faults.chars);
}
#define assert_refused(json, ...) refused(json, (const char *const[]){__VA_ARGS__, NULL})

static void a_whole_file_is_read(void **state)
{
    (void)state;
    SCOPED(endpoints_close) struct endpoints endpoints =
        parsed("{\"endpoints\":[{\"name\":\"main\",\"base_url\":\"https://a/v1\",\"model\":\"big\","
               "\"api_key_file\":\"/run/key\",\"max_tokens_field\":\"max_completion_tokens\","
               "\"prompt_usd_per_million\":0.15,\"completion_usd_per_million\":0.6,"
               "\"limits\":{\"requests_per_minute\":500,\"tokens_per_minute\":200000,"
               "\"calls_in_flight\":64,\"usd_per_day\":20.5},\"connections\":16},"
               "{\"name\":\"spare\"," LEAST "}]}");
    assert_int_equal(endpoints.count, 2);
    const struct endpoint *main = endpoints_find(&endpoints, "main");
    assert_string_equal(main->base_url, "https://a/v1");
    assert_string_equal(main->model, "big");
    assert_string_equal(main->api_key_file, "/run/key");
    assert_string_equal(main->api_key, "");
    assert_string_equal(main->max_tokens_field, "max_completion_tokens");
    assert_int_equal(main->prompt_nanos, 150);
    assert_int_equal(main->completion_nanos, 600);
    assert_int_equal(main->requests_per_minute, 500);
    assert_int_equal(main->tokens_per_minute, 200000);
    assert_int_equal(main->calls_in_flight, 64);
    assert_int_equal(main->micros_per_day, 20500000);
    assert_int_equal(main->connections, 16);
    const struct endpoint *spare = endpoints_find(&endpoints, "spare");
    assert_string_equal(spare->max_tokens_field, "max_tokens");
    assert_string_equal(spare->api_key_file, "");
    assert_int_equal(spare->requests_per_minute + spare->micros_per_day + spare->connections, 0);
}

static void an_endpoint_is_found_by_name_and_without_one_it_is_the_first(void **state)
{
    (void)state;
    SCOPED(endpoints_close) struct endpoints endpoints =
        parsed("{\"endpoints\":[{\"name\":\"main\"," LEAST "},{\"name\":\"spare\"," LEAST "}]}");
    assert_string_equal(endpoints_find(&endpoints, "")->name, "main");
    assert_string_equal(endpoints_find(&endpoints, "spare")->name, "spare");
    assert_null(endpoints_find(&endpoints, "spar"));
    assert_null(endpoints_find(&(struct endpoints){0}, ""));
}

static void all_faults_are_told_together_each_with_its_place(void **state)
{
    (void)state;
    assert_refused("{\"endpoints\":[{\"name\":\"a b\"," LEAST ",\"modle\":\"x\"},"
                   "{\"name\":\"b\",\"base_url\":\"ftp://a\",\"prompt_usd_per_million\":-1,"
                   "\"limits\":{\"requests_per_minute\":1.5,\"usd_per_day\":\"much\",\"x\":1}}],"
                   "\"more\":1}",
                   "more: is not known; known are endpoints", "endpoints[0].name: must be 1 to 32",
                   "S: endpoints[0].modle: is not known", "endpoints[1].base_url: must begin with",
                   "endpoints[1].model: is missing",
                   "endpoints[1].prompt_usd_per_million: must be a number of dollars",
                   "endpoints[1].limits.requests_per_minute: must be a whole number",
                   "endpoints[1].limits.usd_per_day: must be",
                   "endpoints[1].limits.x: is not known");
}

static void what_is_no_chain_is_refused(void **state)
{
    (void)state;
    assert_refused("", "not valid JSON");
    assert_refused("[]", "must be a JSON object");
    assert_refused("{}", "endpoints: must be a list of 1 to 8");
    assert_refused("{\"endpoints\":[]}", "endpoints: must be a list of 1 to 8");
    assert_refused("{\"endpoints\":[1,2,3,4,5,6,7,8,9]}", "endpoints: must be a list of 1 to 8");
    assert_refused("{\"endpoints\":[7]}", "endpoints[0]: must be an object");
    assert_refused("{\"endpoints\":[{\"name\":\"a\"," LEAST ",\"limits\":[]}]}",
                   "endpoints[0].limits: must be an object");
}

static void names_are_unique_short_tokens(void **state)
{
    (void)state;
    assert_refused("{\"endpoints\":[{\"name\":\"a\"," LEAST "},{\"name\":\"a\"," LEAST "}]}",
                   "endpoints[1].name: \"a\" is endpoints[0] already");
    assert_refused("{\"endpoints\":[{\"name\":\"123456789012345678901234567890123\"," LEAST "}]}",
                   "endpoints[0].name: must be 1 to 32");
    assert_refused("{\"endpoints\":[{\"name\":\"\"," LEAST "}]}", "endpoints[0].name: must be");
    assert_refused("{\"endpoints\":[{\"name\":\"a.b\"," LEAST "}]}", "endpoints[0].name: must be");
}

static void a_text_may_not_reach_into_the_next_header(void **state)
{
    (void)state;
    assert_refused("{\"endpoints\":[{\"name\":\"a\",\"base_url\":\"http://a\\r\\nX: y\","
                   "\"model\":\"m\"}]}",
                   "endpoints[0].base_url: must be a text of 1 to 1000 bytes without control");
    assert_refused("{\"endpoints\":[{\"name\":\"a\",\"base_url\":\"http://\",\"model\":\"m\"}]}",
                   "endpoints[0].base_url: must begin with");
}

static void prices_become_whole_billionths_never_too_few(void **state)
{
    (void)state;
    assert_int_equal(endpoint_nanos_of_usd_per_million(0), 0);
    assert_int_equal(endpoint_nanos_of_usd_per_million(0.15), 150);
    assert_int_equal(endpoint_nanos_of_usd_per_million(0.6), 600);
    assert_int_equal(endpoint_nanos_of_usd_per_million(0.0375), 38);
    assert_int_equal(endpoint_nanos_of_usd_per_million(1e6), 1000000000);
    assert_int_equal(endpoint_micros_of_usd(20), 20000000);
    assert_int_equal(endpoint_micros_of_usd(0.000001), 1);
    assert_int_equal(endpoint_micros_of_usd(1e9), UINT64_C(1000000000000000));
}

static void write_file(char path[], const char *contents)
{
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, contents, strlen(contents)), strlen(contents));
    close(descriptor);
}

static void keys_come_from_their_files_and_are_never_shown(void **state)
{
    (void)state;
    char good[] = "/tmp/endpoints_test.XXXXXX", bad[] = "/tmp/endpoints_test.XXXXXX";
    write_file(good, "sk-secret\r\n");
    write_file(bad, "sk-secret\nsecond line\n");
    SCOPED(text_free) struct text json = {0}, faults = {0};
    text_format(&json,
                "{\"endpoints\":[{\"name\":\"good\"," LEAST ",\"api_key_file\":\"%s\"},"
                "{\"name\":\"bad\"," LEAST ",\"api_key_file\":\"%s\"},"
                "{\"name\":\"away\"," LEAST ",\"api_key_file\":\"/nowhere/key\"},"
                "{\"name\":\"none\"," LEAST "}]}",
                good, bad);
    SCOPED(endpoints_close) struct endpoints endpoints = parsed(json.chars);
    assert_false(endpoints_read_keys("S", &endpoints, &faults));
    unlink(good);
    unlink(bad);
    assert_string_equal(endpoints.list[0].api_key, "sk-secret");
    assert_string_equal(endpoints.list[3].api_key, "");
    assert_non_null(strstr(faults.chars, "S: api_key_file of bad: \"/tmp/endpoints_test."));
    assert_non_null(strstr(faults.chars, "S: api_key_file of away: cannot read \"/nowhere/key\""));
    assert_null(strstr(faults.chars, "secret"));
    assert_null(strstr(faults.chars, "good"));
}

static void a_file_is_loaded_or_said_to_be_away(void **state)
{
    (void)state;
    char path[] = "/tmp/endpoints_test.XXXXXX";
    write_file(path, "{\"endpoints\":[{\"name\":\"main\"," LEAST "}]}");
    SCOPED(endpoints_close) struct endpoints endpoints = {0};
    SCOPED(text_free) struct text faults = {0};
    assert_true(endpoints_load("S", path, &endpoints, &faults));
    unlink(path);
    assert_int_equal(endpoints.count, 1);
    struct endpoints none;
    assert_false(endpoints_load("S", path, &none, &faults));
    assert_non_null(strstr(faults.chars, "cannot read \"/tmp/endpoints_test."));
    assert_false(endpoints_load("S", "/tmp", &none, &faults));
}

static void a_single_endpoint_is_a_chain_too(void **state)
{
    (void)state;
    struct endpoint only = {
        .name = "main", .base_url = "http://a", .api_key_file = "", .api_key = "k"};
    SCOPED(endpoints_close) struct endpoints endpoints = {0};
    SCOPED(text_free) struct text faults = {0};
    endpoints_single(&only, &endpoints);
    assert_true(endpoints_read_keys("S", &endpoints, &faults));
    assert_string_equal(endpoints_find(&endpoints, "main")->api_key, "k");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file_is_read),
        cmocka_unit_test(an_endpoint_is_found_by_name_and_without_one_it_is_the_first),
        cmocka_unit_test(all_faults_are_told_together_each_with_its_place),
        cmocka_unit_test(what_is_no_chain_is_refused),
        cmocka_unit_test(names_are_unique_short_tokens),
        cmocka_unit_test(a_text_may_not_reach_into_the_next_header),
        cmocka_unit_test(prices_become_whole_billionths_never_too_few),
        cmocka_unit_test(keys_come_from_their_files_and_are_never_shown),
        cmocka_unit_test(a_file_is_loaded_or_said_to_be_away),
        cmocka_unit_test(a_single_endpoint_is_a_chain_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
