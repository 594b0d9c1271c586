/* A broker of a test's own: nats-server with JetStream on a free port, in a folder of its own.
 *
 *   struct test_broker broker;
 *   test_broker_start(&broker);  ... broker.url ...  test_broker_stop(&broker);
 *
 * test_broker_kill() is kill -9; test_broker_again() starts it on the same port and folder. Fails
 * the running cmocka test if the broker cannot be had. One thread.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "bus/bus.h"

struct test_broker {
    pid_t pid; /* 0 = not running */
    int port;
    bool asks_password; /* set it before starting again: user "u", password "p" */
    char folder[64], url[64];
};

void test_broker_start(struct test_broker *broker);
/* A bus that is connected to it; the caller closes it. */
struct bus *test_broker_connect(const struct test_broker *broker);
void test_broker_kill(struct test_broker *broker);
void test_broker_again(struct test_broker *broker);
/* Kills it, forgets all it stored and starts it anew. */
void test_broker_wiped(struct test_broker *broker);
/* SIGSTOP and SIGCONT: there, but silent. When the first returns, all its threads stand. */
void test_broker_freeze(struct test_broker *broker);
void test_broker_thaw(struct test_broker *broker);
/* Kills it and removes its folder. */
void test_broker_stop(struct test_broker *broker);
