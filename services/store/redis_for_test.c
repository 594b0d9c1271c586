#include "redis_for_test.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h> /* after the headers that it needs */

#include "base/port_for_test.h"

enum { TEST_REDIS_TIMEOUT_MS = 5000 }; /* a busy machine is no fault of Redis */

pid_t test_redis_start(struct cache_place *place)
{
    *place = (struct cache_place){.host = "127.0.0.1",
                                  .port = test_free_port(),
                                  .password = "hush",
                                  .timeout_ms = TEST_REDIS_TIMEOUT_MS};
    char text[16];
    snprintf(text, sizeof text, "%d", place->port);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child != 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    execlp("redis-server", "redis-server", "--port", text, "--bind", "127.0.0.1", "--save", "",
           "--requirepass", "hush", (char *)NULL);
    _exit(127);
}

void test_redis_stop(pid_t redis)
{
    kill(redis, SIGKILL);
    waitpid(redis, NULL, 0);
}
