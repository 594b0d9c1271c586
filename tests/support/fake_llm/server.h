/* The sockets of the fake model: one thread, one epoll, thousands of connections.
 *
 * A client that goes away ends its call at once, and is looked after before anybody is read from,
 * so that an aborted call and the one made in its place are never counted as two at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/scoped.h"
#include "service.h"

struct server;

/* Listens on 127.0.0.1; port 0 = any free one. Lends the service. */
MUST_USE bool server_open(struct service *service, int64_t port, struct server **server,
                          struct error *why);
int server_port(const struct server *server);

/* Until SIGTERM or SIGINT. */
void server_run(struct server *server);
void server_close(struct server **server);
