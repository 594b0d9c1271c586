/* The table of outcomes is what docs/scheduling.md shows, and what the store charges (rule 6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "errors.h"

static const char *word_of(enum breaker_word word)
{
    switch (word) {
    case BREAKER_NOTHING:
        return "–";
    case BREAKER_WORKS:
        return "works";
    case BREAKER_FAILS:
        return "fails";
    case BREAKER_REFUSES:
        return "refuses";
    }
    abort();
}

static const char *backoff_of(enum backoff backoff)
{
    switch (backoff) {
    case BACKOFF_NONE:
        return "–";
    case BACKOFF_BY_TRIES:
        return "tries";
    case BACKOFF_BY_ATTEMPTS:
        return "attempts";
    }
    abort();
}

static char *page(const char *path)
{
    FILE *file = fopen(path, "r"); /* tests run in the root of the repository */
    assert_non_null(file);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

static void every_class_of_outcome_stands_in_the_docs_as_it_is(void **state)
{
    (void)state;
    char *text = page("docs/scheduling.md");
    for (int i = OUTCOME_NONE; i <= OUTCOME_ABORTED; i++) {
        const struct error_class *class = error_class_of((enum outcome_class)i);
        char row[200];
        snprintf(row, sizeof(row), "\n| %s | %s | %s | %s | %s | ", class->name,
                 class->is_split ? "all of them"
                 : class->is_try ? "yes"
                                 : "–",
                 backoff_of(class->backoff), word_of(class->word), class->holds ? "yes" : "–");
        if (!strstr(text, row))
            fail_msg("docs/scheduling.md lacks %s", row);
    }
    free(text);
}

static void rule_6_trouble_of_the_provider_is_no_try(void **state)
{
    (void)state;
    const enum outcome_class not_tries[] = {
        OUTCOME_NONE, OUTCOME_RATE_LIMITED,    OUTCOME_SERVER_ERROR, OUTCOME_CONNECTION,
        OUTCOME_AUTH, OUTCOME_QUOTA_EXHAUSTED, OUTCOME_ABORTED};
    size_t tries = 0;
    for (int i = OUTCOME_NONE; i <= OUTCOME_ABORTED; i++)
        tries += error_class_of((enum outcome_class)i)->is_try;
    for (size_t i = 0; i < sizeof(not_tries) / sizeof(not_tries[0]); i++)
        assert_false(error_class_of(not_tries[i])->is_try);
    assert_int_equal(tries + sizeof(not_tries) / sizeof(not_tries[0]), OUTCOME_ABORTED + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_class_of_outcome_stands_in_the_docs_as_it_is),
        cmocka_unit_test(rule_6_trouble_of_the_provider_is_no_try),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
