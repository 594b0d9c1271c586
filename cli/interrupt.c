#include "interrupt.h"

#include <signal.h>
#include <time.h>

#include "base/clock.h"

static volatile sig_atomic_t interrupts;

static void count_interrupt(int signal_number)
{
    (void)signal_number;
    interrupts = interrupts + 1;
}

void interrupt_listen(void)
{
    struct sigaction action = {.sa_handler = count_interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool interrupt_is_asked(void *unused)
{
    (void)unused;
    return interrupts > 0;
}

bool interrupt_during(int64_t ms, int borne)
{
    struct instant end = instant_plus_ms(clock_now(), ms);
    for (;;) {
        int64_t left = instant_ms_between(clock_now(), end);
        if (interrupts > borne)
            return true;
        if (left <= 0)
            return false;
        int64_t slice = left < 50 ? left : 50; /* a signal may come just before the sleep */
        nanosleep(&(struct timespec){.tv_nsec = slice * CLOCK_MS}, NULL);
    }
}

void interrupt_forget(void)
{
    interrupts = 0;
}
