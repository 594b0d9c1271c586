#include "process/thread.h"

#include "base/check.h"

enum { STACK_BYTES = 256 * 1024 };

void thread_start(pthread_t *thread, const char *name, void *(*run)(void *context), void *context)
{
    pthread_attr_t small;
    CHECK(pthread_attr_init(&small) == 0);
    CHECK(pthread_attr_setstacksize(&small, STACK_BYTES) == 0);
    CHECK(pthread_create(thread, &small, run, context) == 0);
    CHECK(pthread_attr_destroy(&small) == 0);
    CHECK(pthread_setname_np(*thread, name) == 0);
}

void thread_join(pthread_t thread)
{
    CHECK(pthread_join(thread, NULL) == 0);
}
