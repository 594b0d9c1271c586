#include "process/ending.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "log/log.h"
#include "process/thread.h"

struct ending {
    int64_t drain_s;
    int signals; /* signalfd */
    int asked;   /* eventfd: readable once the end is asked for */
    int closed;  /* eventfd: readable once nobody watches signals any more */
    atomic_bool is_asked;
    pthread_t watcher;
};

enum news { NEWS_SIGNAL, NEWS_TIMEOUT, NEWS_CLOSED };

static void close_fd(int fd)
{
    CHECK(close(fd) == 0);
}

static void raise_flag(int event)
{
    CHECK(eventfd_write(event, 1) == 0);
}

static int milliseconds_until(struct instant deadline)
{
    int64_t left = instant_ms_between(clock_now(), deadline);
    return left > 0 ? (int)left : 0;
}

/* Waits for a signal, for the deadline (NULL = none), or until it is closed. */
static enum news watch(const struct ending *ending, const struct instant *deadline, int *signal)
{
    struct pollfd fds[] = {{.fd = ending->closed, .events = POLLIN},
                           {.fd = ending->signals, .events = POLLIN}};
    for (;;) {
        int ready = poll(fds, 2, deadline != NULL ? milliseconds_until(*deadline) : -1);
        CHECK(ready >= 0 || errno == EINTR);
        if (ready == 0)
            return NEWS_TIMEOUT;
        if (ready > 0 && fds[0].revents != 0)
            return NEWS_CLOSED;
        struct signalfd_siginfo news;
        if (ready > 0 && read(ending->signals, &news, sizeof news) == (ssize_t)sizeof news) {
            *signal = (int)news.ssi_signo;
            return NEWS_SIGNAL;
        }
    }
}

static const char *signal_name(int signal)
{
    return signal == SIGINT ? "SIGINT" : "SIGTERM";
}

static void *run(void *context)
{
    struct ending *ending = context;
    int signal = 0;
    if (watch(ending, NULL, &signal) == NEWS_CLOSED)
        return NULL;
    ending_ask(ending);
    struct instant deadline = instant_plus_ms(clock_now(), ending->drain_s * 1000);
    log_info("process.ending", LOG_TEXT("signal", signal_name(signal)),
             LOG_INT("drain_s", ending->drain_s));
    enum news news = watch(ending, &deadline, &signal);
    if (news == NEWS_CLOSED)
        return NULL;
    log_error("process.forced",
              LOG_TEXT("reason", news == NEWS_SIGNAL ? "second signal" : "drain time is over"));
    _exit(1);
}

struct ending *ending_open(int64_t drain_s)
{
    struct ending *ending = calloc(1, sizeof *ending);
    CHECK(ending != NULL);
    ending->drain_s = drain_s;
    sigset_t watched;
    sigemptyset(&watched);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGINT);
    CHECK(pthread_sigmask(SIG_BLOCK, &watched, NULL) == 0);
    CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    ending->signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    ending->asked = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ending->closed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    CHECK(ending->signals >= 0 && ending->asked >= 0 && ending->closed >= 0);
    thread_start(&ending->watcher, "signals", run, ending);
    return ending;
}

void ending_close(struct ending **ending)
{
    if (*ending == NULL)
        return;
    raise_flag((*ending)->closed);
    thread_join((*ending)->watcher);
    close_fd((*ending)->signals);
    close_fd((*ending)->asked);
    close_fd((*ending)->closed);
    free(*ending);
    *ending = NULL;
}

void ending_ask(struct ending *ending)
{
    atomic_store(&ending->is_asked, true);
    raise_flag(ending->asked);
}

bool ending_is_asked(const struct ending *ending)
{
    return atomic_load(&ending->is_asked);
}

void ending_wait(const struct ending *ending)
{
    struct pollfd asked = {.fd = ending->asked, .events = POLLIN};
    while (!ending_is_asked(ending))
        CHECK(poll(&asked, 1, -1) >= 0 || errno == EINTR);
}
