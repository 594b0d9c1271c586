/* From settings to what the core goes by. */
#include "settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h> /* after the headers that it needs */

/* The settings of an environment of NAME, value, ..., NULL; what is not named is at its default. */
static struct scheduler_settings settings_in(const char *const *environment)
{
    struct scheduler_settings settings;
    SCOPED(text_free) struct text faults = {0};
    clearenv();
    setenv("TP_NATS_URL", "nats://127.0.0.1:1", 1);
    for (; *environment != NULL; environment += 2)
        setenv(environment[0], environment[1], 1);
    if (!settings_load(SCHEDULER_PROGRAM.settings, SCHEDULER_PROGRAM.setting_count, &settings,
                       &faults))
        fail_msg("%s", faults.chars);
    return settings;
}
#define SETTINGS_IN(...) settings_in((const char *const[]){__VA_ARGS__, NULL})

static struct scheduler_config config_of(const struct scheduler_settings *settings)
{
    struct scheduler_config config;
    SCOPED(text_free) struct text faults = {0};
    if (!settings_of_core(settings, &config, &faults))
        fail_msg("%s", faults.chars);
    return config;
}

static void the_defaults_are_the_cores_own(void **state)
{
    (void)state;
    struct scheduler_settings settings = SETTINGS_IN(NULL);
    struct scheduler_config config = config_of(&settings);
    const struct scheduler_config *expected = &SCHEDULER_DEFAULTS;
    assert_int_equal(config.max_active_users, expected->max_active_users);
    assert_int_equal(config.fairness, expected->fairness);
    assert_memory_equal(config.weights, expected->weights, sizeof config.weights);
    assert_int_equal(config.lead_lease_ms, expected->lead_lease_ms);
    assert_int_equal(config.permit_life_ms, expected->permit_life_ms);
    assert_int_equal(config.call_limit_ms, expected->call_limit_ms);
    assert_int_equal(config.grant_wait_ms, expected->grant_wait_ms);
    assert_int_equal(config.republish_ms, expected->republish_ms);
    assert_int_equal(config.reread_ms, expected->reread_ms);
    assert_int_equal(config.reread_overlap_ms, expected->reread_overlap_ms);
    assert_int_equal(config.silent_ms, expected->silent_ms);
    assert_int_equal(config.user_burst, expected->user_burst);
    assert_int_equal(config.has_fallback, expected->has_fallback);
    assert_int_equal(config.breaker_open_ms, expected->breaker_open_ms);
    assert_int_equal(config.breaker_percent, expected->breaker_percent);
    assert_int_equal(config.breaker_calls, expected->breaker_calls);
    assert_int_equal(config.heal_ms, expected->heal_ms);
    assert_int_equal(config.tenant_limits.requests_per_minute, 0);
    assert_false(config.tenant_limits.is_shadow);
}

static void without_a_file_there_is_one_endpoint_of_the_plain_settings(void **state)
{
    (void)state;
    struct scheduler_settings settings = SETTINGS_IN(
        "TP_LLM_REQUESTS_PER_MINUTE", "500", "TP_LLM_TOKENS_PER_MINUTE", "200000",
        "TP_LLM_CALLS_IN_FLIGHT", "64", "TP_LLM_USD_PER_DAY", "20.5",
        "TP_LLM_PROMPT_USD_PER_MILLION", "0.15", "TP_LLM_COMPLETION_USD_PER_MILLION", "0.6");
    struct scheduler_config config = config_of(&settings);
    assert_int_equal(config.endpoint_count, 1);
    assert_string_equal(config.endpoints[0].name, "main");
    assert_int_equal(config.endpoints[0].limits.requests_per_minute, 500);
    assert_int_equal(config.endpoints[0].limits.tokens_per_minute, 200000);
    assert_int_equal(config.endpoints[0].limits.calls_in_flight, 64);
    assert_int_equal(config.endpoints[0].limits.micros_per_day, 20500000);
    assert_int_equal(config.endpoints[0].prompt_nanos, 150);
    assert_int_equal(config.endpoints[0].completion_nanos, 600);
}

static void limits_of_tenants_and_what_follows_trouble_are_told(void **state)
{
    (void)state;
    struct scheduler_settings settings =
        SETTINGS_IN("TP_TENANT_REQUESTS_PER_MINUTE", "60", "TP_TENANT_TOKENS_PER_MINUTE", "5000",
                    "TP_TENANT_CALLS_IN_FLIGHT", "2", "TP_TENANT_USD_PER_DAY", "0.000001",
                    "TP_LIMITS_SHADOW", "yes", "TP_LLM_PROMPT_USD_PER_MILLION", "0.15",
                    "TP_USER_BURST", "4", "TP_FALLBACK", "wait", "TP_BREAKER_OPEN_MS", "700",
                    "TP_BREAKER_PERCENT", "30", "TP_BREAKER_CALLS", "10", "TP_HEAL_MS", "900");
    struct scheduler_config config = config_of(&settings);
    assert_int_equal(config.tenant_limits.requests_per_minute, 60);
    assert_int_equal(config.tenant_limits.tokens_per_minute, 5000);
    assert_int_equal(config.tenant_limits.calls_in_flight, 2);
    assert_int_equal(config.tenant_limits.micros_per_day, 1);
    assert_true(config.tenant_limits.is_shadow && config.endpoints[0].limits.is_shadow);
    assert_int_equal(config.user_burst, 4);
    assert_false(config.has_fallback);
    assert_int_equal(config.breaker_open_ms, 700);
    assert_int_equal(config.breaker_percent, 30);
    assert_int_equal(config.breaker_calls, 10);
    assert_int_equal(config.heal_ms, 900);
}

static void write_file(char path[], const char *contents)
{
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, contents, strlen(contents)), strlen(contents));
    close(descriptor);
}

static void a_file_brings_the_whole_chain_in_its_order(void **state)
{
    (void)state;
    char path[] = "/tmp/settings_test.XXXXXX";
    write_file(path, "{\"endpoints\":[{\"name\":\"first\",\"base_url\":\"http://a\","
                     "\"model\":\"m\",\"api_key_file\":\"/nowhere/that/is/the/analyzers/affair\","
                     "\"prompt_usd_per_million\":2,\"limits\":{\"calls_in_flight\":3}},"
                     "{\"name\":\"second\",\"base_url\":\"http://b\",\"model\":\"m\"}]}");
    struct scheduler_settings settings =
        SETTINGS_IN("TP_LLM_ENDPOINTS", path, "TP_LLM_CALLS_IN_FLIGHT", "99");
    struct scheduler_config config = config_of(&settings);
    unlink(path);
    assert_int_equal(config.endpoint_count, 2);
    assert_string_equal(config.endpoints[0].name, "first");
    assert_int_equal(config.endpoints[0].prompt_nanos, 2000);
    assert_int_equal(config.endpoints[0].limits.calls_in_flight, 3);
    assert_string_equal(config.endpoints[1].name, "second");
    assert_int_equal(config.endpoints[1].limits.calls_in_flight, 0);
}

static void a_faulty_file_is_told_by_its_setting(void **state)
{
    (void)state;
    char path[] = "/tmp/settings_test.XXXXXX";
    write_file(path, "{\"endpoints\":[{\"name\":\"a\"}]}");
    struct scheduler_settings settings = SETTINGS_IN("TP_LLM_ENDPOINTS", path);
    struct scheduler_config config;
    SCOPED(text_free) struct text faults = {0};
    assert_false(settings_of_core(&settings, &config, &faults));
    unlink(path);
    assert_non_null(strstr(faults.chars, "TP_LLM_ENDPOINTS: endpoints[0].base_url: is missing\n"));
}

static void expect_faults(struct scheduler_settings settings, const char *faults_told)
{
    struct scheduler_config config;
    SCOPED(text_free) struct text faults = {0};
    assert_false(settings_of_core(&settings, &config, &faults));
    assert_string_equal(faults.chars, faults_told);
}

static void a_limit_of_money_without_a_price_is_refused(void **state)
{
    (void)state;
    expect_faults(SETTINGS_IN("TP_LLM_USD_PER_DAY", "5", "TP_TENANT_USD_PER_DAY", "1"),
                  "TP_LLM_USD_PER_DAY: needs TP_LLM_PROMPT_USD_PER_MILLION or "
                  "TP_LLM_COMPLETION_USD_PER_MILLION to count money by\n"
                  "TP_TENANT_USD_PER_DAY: no endpoint has a price to count money by\n");
    char path[] = "/tmp/settings_test.XXXXXX";
    write_file(path, "{\"endpoints\":[{\"name\":\"dear\",\"base_url\":\"http://a\","
                     "\"model\":\"m\",\"completion_usd_per_million\":2},"
                     "{\"name\":\"own\",\"base_url\":\"http://b\",\"model\":\"m\","
                     "\"limits\":{\"usd_per_day\":3}}]}");
    expect_faults(SETTINGS_IN("TP_LLM_ENDPOINTS", path, "TP_TENANT_USD_PER_DAY", "1"),
                  "TP_LLM_ENDPOINTS: endpoints[1].limits.usd_per_day: needs a price to count "
                  "money by\n");
    unlink(path);
}

static void more_calls_than_users_may_have_are_refused(void **state)
{
    (void)state;
    expect_faults(SETTINGS_IN("TP_MAX_CALLS", "11"),
                  "TP_MAX_CALLS: is more than TP_MAX_ACTIVE_USERS, which bounds the calls that "
                  "run: raise that\n");
    struct scheduler_settings settings = SETTINGS_IN("TP_MAX_CALLS", "10");
    assert_int_equal(config_of(&settings).max_calls, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_the_cores_own),
        cmocka_unit_test(without_a_file_there_is_one_endpoint_of_the_plain_settings),
        cmocka_unit_test(limits_of_tenants_and_what_follows_trouble_are_told),
        cmocka_unit_test(a_file_brings_the_whole_chain_in_its_order),
        cmocka_unit_test(a_faulty_file_is_told_by_its_setting),
        cmocka_unit_test(a_limit_of_money_without_a_price_is_refused),
        cmocka_unit_test(more_calls_than_users_may_have_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
