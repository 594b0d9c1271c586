/* Threads of the process itself: named, with a small stack. Private to the library. */
#pragma once

#include <pthread.h>

/* Starts a thread that the caller joins. A system that has no thread left at the start aborts. */
void thread_start(pthread_t *thread, const char *name, void *(*run)(void *context), void *context);
void thread_join(pthread_t thread);
