#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h> /* after the headers that it needs */

#include "bus/remains.h"

static natsMsg *message_of(int bytes)
{
    char *body = calloc(1, (size_t)bytes);
    assert_non_null(body);
    natsMsg *message;
    assert_int_equal(natsMsg_Create(&message, "subject", NULL, body, bytes), NATS_OK);
    free(body);
    return message;
}

/* That none is destroyed twice or never, the sanitizers see. */
static void whatever_was_taken_is_destroyed_once(void **state)
{
    (void)state;
    assert_int_equal(nats_Open(-1), NATS_OK);
    struct remains *remains = remains_new();
    for (int i = 0; i < 1000; i++)
        remains_add(remains, message_of(1 + i % 100));
    for (int i = 0; i < 10; i++)
        remains_add(remains, message_of(200 * 1000)); /* two of them are too much to be kept */
    remains_add(remains, NULL);
    remains_add(remains, message_of(1));
    remains_free(&remains);
    assert_null(remains);
    remains_free(&remains);
    nats_CloseAndWait(0); /* the library's own thread has done its part */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_was_taken_is_destroyed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
