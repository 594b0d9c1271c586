#include "bus/broker_for_test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/port_for_test.h"

enum { START_TRIES = 6000, START_WAIT_MS = 10, CONNECT_WAIT_MS = 60000, FOLDER_DEPTH = 16 };

static bool accepts(int port)
{
    struct sockaddr_in address = test_loopback(port);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(client >= 0);
    bool is_connected = connect(client, (struct sockaddr *)&address, sizeof address) == 0;
    close(client);
    return is_connected;
}

static void become_broker(const struct test_broker *broker)
{
    char port[16], log[96];
    snprintf(port, sizeof port, "%d", broker->port);
    snprintf(log, sizeof log, "%s/log", broker->folder);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const char *path =
        access("/usr/sbin/nats-server", X_OK) == 0 ? "/usr/sbin/nats-server" : "nats-server";
    const char *guard = broker->asks_password ? "--user" : NULL;
    execlp(path, "nats-server", "-a", "127.0.0.1", "-p", port, "-js", "-sd", broker->folder, "-l",
           log, guard, "u", "--pass", "p", (char *)NULL);
    _exit(127);
}

void test_broker_again(struct test_broker *broker)
{
    assert_int_equal(broker->pid, 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        become_broker(broker);
    broker->pid = pid;
    for (int i = 0; i < START_TRIES && !accepts(broker->port); i++)
        poll(NULL, 0, START_WAIT_MS);
    assert_true(accepts(broker->port));
}

void test_broker_start(struct test_broker *broker)
{
    *broker = (struct test_broker){.port = test_free_port()};
    snprintf(broker->folder, sizeof broker->folder, "/tmp/tweetpulse-broker-XXXXXX");
    assert_non_null(mkdtemp(broker->folder));
    snprintf(broker->url, sizeof broker->url, "nats://127.0.0.1:%d", broker->port);
    test_broker_again(broker);
}

struct bus *test_broker_connect(const struct test_broker *broker)
{
    struct bus *bus = bus_open(&(struct bus_options){.url = broker->url, .name = "test"});
    assert_true(bus_wait_connected(bus, CONNECT_WAIT_MS));
    return bus;
}

void test_broker_kill(struct test_broker *broker)
{
    if (broker->pid == 0)
        return;
    kill(broker->pid, SIGKILL);
    while (waitpid(broker->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    broker->pid = 0;
}

void test_broker_freeze(struct test_broker *broker)
{
    assert_int_equal(kill(broker->pid, SIGSTOP), 0);
    siginfo_t stopped;
    assert_int_equal(waitid(P_PID, (id_t)broker->pid, &stopped, WSTOPPED), 0);
}

void test_broker_thaw(struct test_broker *broker)
{
    assert_int_equal(kill(broker->pid, SIGCONT), 0);
}

static int remove_entry(const char *path, const struct stat *entry, int kind, struct FTW *place)
{
    (void)entry;
    (void)kind;
    (void)place;
    return remove(path);
}

void test_broker_wiped(struct test_broker *broker)
{
    test_broker_kill(broker);
    assert_int_equal(nftw(broker->folder, remove_entry, FOLDER_DEPTH, FTW_DEPTH | FTW_PHYS), 0);
    assert_int_equal(mkdir(broker->folder, 0700), 0);
    test_broker_again(broker);
}

void test_broker_stop(struct test_broker *broker)
{
    test_broker_kill(broker);
    nftw(broker->folder, remove_entry, FOLDER_DEPTH, FTW_DEPTH | FTW_PHYS);
}
