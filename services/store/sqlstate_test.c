#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* after the headers that it needs */

#include "sqlstate.h"

static void each_state_says_what_the_caller_can_do(void **state)
{
    (void)state;
    static const struct {
        const char *state;
        enum error_kind kind;
    } cases[] = {
        {NULL, ERROR_TIMEOUT},        {"TP404", ERROR_NOT_FOUND},   {"TP409", ERROR_CONFLICT},
        {"TP422", ERROR_INVALID},     {"TP429", ERROR_BUSY},        {"TP503", ERROR_UNAVAILABLE},
        {"TP423", ERROR_CLOSED},      {"22P02", ERROR_INVALID},     {"23505", ERROR_CONFLICT},
        {"23514", ERROR_INVALID},     {"57014", ERROR_TIMEOUT},     {"57P01", ERROR_UNAVAILABLE},
        {"53100", ERROR_UNAVAILABLE}, {"53300", ERROR_UNAVAILABLE}, {"08006", ERROR_UNAVAILABLE},
        {"25006", ERROR_UNAVAILABLE}, {"40P01", ERROR_UNAVAILABLE}, {"55P03", ERROR_UNAVAILABLE},
        {"42601", ERROR_INTERNAL},    {"P0001", ERROR_INTERNAL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(sqlstate_kind(cases[i].state), cases[i].kind);
}

static void only_conflicts_between_transactions_are_repeated(void **state)
{
    (void)state;
    assert_true(sqlstate_is_worth_repeating("40001"));
    assert_true(sqlstate_is_worth_repeating("40P01"));
    assert_false(sqlstate_is_worth_repeating("40003"));
    assert_false(sqlstate_is_worth_repeating("23505"));
    assert_false(sqlstate_is_worth_repeating(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_says_what_the_caller_can_do),
        cmocka_unit_test(only_conflicts_between_transactions_are_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
