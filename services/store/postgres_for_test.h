/* A Postgres of a test's own: a fresh cluster on a free port, in a folder of its own, fsync off.
 *
 *   struct test_postgres postgres;
 *   test_postgres_start(&postgres);  ... postgres.url ...  test_postgres_stop(&postgres);
 *
 * As root it runs as the user postgres, since the server refuses root. Fails the running cmocka
 * test if it cannot be had. One thread.
 */
#pragma once

#include <sys/types.h>

struct test_postgres {
    pid_t pid; /* 0 = not running */
    int port;
    char folder[64], url[200];
};

void test_postgres_start(struct test_postgres *postgres);
/* SIGQUIT: all connections die, as in a crash. */
void test_postgres_kill(struct test_postgres *postgres);
/* The same cluster on the same port. */
void test_postgres_again(struct test_postgres *postgres);
/* Kills it and removes its folder. */
void test_postgres_stop(struct test_postgres *postgres);
