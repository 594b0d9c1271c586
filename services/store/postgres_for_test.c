#include "postgres_for_test.h"

#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h> /* after the headers that it needs */

#include "base/port_for_test.h"

enum { START_TRIES = 2400, PAUSE_MS = 25, ARGUMENTS_MAX = 24, MS_TO_NS = 1000000 };

/* The newest Postgres that Debian has installed, beside the PATH. */
static void find_program(const char *name, char path[200])
{
    char pattern[100];
    glob_t found;
    snprintf(pattern, sizeof pattern, "/usr/lib/postgresql/*/bin/%s", name);
    if (glob(pattern, 0, NULL, &found) != 0)
        fail_msg("%s is not there: install the package postgresql", pattern);
    snprintf(path, 200, "%s", found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
}

static void become_postgres(void)
{
    const struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;
    if (user != NULL &&
        (setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0))
        _exit(126);
}

static pid_t start(const char *program, const char *const *arguments)
{
    char path[200];
    find_program(program, path);
    char *list[ARGUMENTS_MAX] = {path};
    for (size_t i = 0; arguments[i] != NULL; i++)
        list[i + 1] = (char *)(uintptr_t)arguments[i];
    pid_t child = fork();
    assert_true(child >= 0);
    if (child != 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nowhere, STDIN_FILENO);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    become_postgres();
    prctl(PR_SET_PDEATHSIG, SIGQUIT); /* forgotten with the change of user */
    execv(path, list);
    _exit(127);
}

static void wait_until_there(const struct test_postgres *postgres)
{
    for (int i = 0; i < START_TRIES; i++) {
        if (PQping(postgres->url) == PQPING_OK)
            return;
        const struct timespec pause = {.tv_nsec = (long)PAUSE_MS * MS_TO_NS};
        nanosleep(&pause, NULL);
    }
    fail_msg("postgres does not answer on port %d", postgres->port);
}

void test_postgres_again(struct test_postgres *postgres)
{
    char port[16];
    snprintf(port, sizeof port, "%d", postgres->port);
    const char *const arguments[] = {
        "-D", postgres->folder,           "-p", port,        "-c", "listen_addresses=127.0.0.1",
        "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "shared_buffers=32MB",
        "-c", "max_connections=40",       NULL};
    postgres->pid = start("postgres", arguments);
    wait_until_there(postgres);
}

void test_postgres_start(struct test_postgres *postgres)
{
    *postgres = (struct test_postgres){.folder = "/tmp/store-test-XXXXXX"};
    assert_non_null(mkdtemp(postgres->folder));
    if (geteuid() == 0) {
        const struct passwd *user = getpwnam("postgres");
        if (user == NULL) {
            fail_msg("there is no user postgres: install the package postgresql");
            return;
        }
        assert_int_equal(chown(postgres->folder, user->pw_uid, user->pw_gid), 0);
    }
    const char *const arguments[] = {
        "-D", postgres->folder, "-U",        "postgres",         "-A", "trust",
        "-E", "UTF8",           "--no-sync", "--locale=C.UTF-8", NULL};
    int status;
    assert_int_equal(waitpid(start("initdb", arguments), &status, 0) > 0, 1);
    if (status != 0)
        fail_msg("initdb failed");
    postgres->port = test_free_port();
    snprintf(postgres->url, sizeof postgres->url, "postgresql://postgres@127.0.0.1:%d/postgres",
             postgres->port);
    test_postgres_again(postgres);
}

void test_postgres_kill(struct test_postgres *postgres)
{
    if (postgres->pid == 0)
        return;
    kill(postgres->pid, SIGQUIT);
    waitpid(postgres->pid, NULL, 0);
    postgres->pid = 0;
}

void test_postgres_stop(struct test_postgres *postgres)
{
    test_postgres_kill(postgres);
    pid_t child = fork();
    if (child == 0) {
        execlp("rm", "rm", "-rf", postgres->folder, (char *)NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
}
