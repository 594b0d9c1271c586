#include "threads.h"

#include <signal.h>
#include <time.h>

#include "base/check.h"

enum { STACK_BYTES = 512 * 1024, MS_PER_S = 1000 };

pthread_t store_thread_start(void *(*run)(void *), void *context)
{
    pthread_attr_t attributes;
    CHECK(pthread_attr_init(&attributes) == 0);
    CHECK(pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0);
    sigset_t all, before;
    sigfillset(&all);
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    pthread_t thread;
    CHECK(pthread_create(&thread, &attributes, run, context) == 0);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    CHECK(pthread_attr_destroy(&attributes) == 0);
    return thread;
}

void store_thread_sleep_ms(int64_t ms)
{
    const struct timespec pause = {.tv_sec = (time_t)(ms / MS_PER_S),
                                   .tv_nsec = (long)(ms % MS_PER_S * 1000000)};
    nanosleep(&pause, NULL);
}
