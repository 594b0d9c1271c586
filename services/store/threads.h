/* Threads with small stacks that take no signals, and a sleep between attempts. */
#pragma once

#include <pthread.h>
#include <stdint.h>

pthread_t store_thread_start(void *(*run)(void *), void *context);
void store_thread_sleep_ms(int64_t ms);
