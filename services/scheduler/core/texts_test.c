/* Texts that are kept by number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "texts.h"

enum { MANY = 3000 };

static const char *text_of(uint32_t nth, char text[TEXT_LIMIT])
{
    uint32_t length = nth * 7919 % TEXT_LIMIT;
    memset(text, 'a' + (int)(nth % 26), length);
    text[length] = '\0';
    return text;
}

static void a_text_of_any_length_stays_until_it_is_dropped(void **state)
{
    (void)state;
    struct texts texts = {0};
    uint32_t numbers[MANY];
    char text[TEXT_LIMIT];
    for (uint32_t i = 0; i < MANY; i++)
        numbers[i] = texts_keep(&texts, text_of(i, text));
    for (uint32_t i = 0; i < MANY; i += 2) {
        texts_drop(&texts, numbers[i]);
        numbers[i] = texts_keep(&texts, text_of(i + 1, text));
    }
    for (uint32_t i = 0; i < MANY; i++)
        assert_string_equal(texts_at(&texts, numbers[i]), text_of(i | 1, text));
    texts_free(&texts);
}

static void what_is_dropped_makes_room(void **state)
{
    (void)state;
    struct texts texts = {0};
    uint32_t number = texts_keep(&texts, "ann");
    texts_drop(&texts, number);
    assert_int_equal(texts_keep(&texts, "bob"), number);
    texts_free(&texts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_of_any_length_stays_until_it_is_dropped),
        cmocka_unit_test(what_is_dropped_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
