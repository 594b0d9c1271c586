#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "web/server.h"

const char *web_method(const struct web_request *request)
{
    return request->line->request_method;
}

const char *web_path_value(const struct web_request *request, int index)
{
    return request->values[index];
}

const char *web_header(const struct web_request *request, const char *name)
{
    return field_find(request->fields, request->field_count, name);
}

const char *web_query(struct web_request *request, const char *name)
{
    struct uri_part part;
    if (!uri_query(request->line->query_string, name, &part))
        return NULL;
    char *value = arena_new(request->arena, part.length + 1);
    /* Checked whole when the request was read, and so was each of its parts. */
    return uri_decode(part.at, part.length, URI_PLUS_IS_BLANK, value) ? value : NULL;
}

struct arena *web_arena(struct web_request *request)
{
    return request->arena;
}

const char *web_request_id(const struct web_request *request)
{
    return request->id;
}

const char *web_peer(const struct web_request *request)
{
    return request->line->remote_addr;
}

bool request_has_unread_body(const struct web_request *request)
{
    bool has_body = request->framing.is_chunked || request->framing.length > 0;
    return has_body && !request->is_body_over;
}

void request_hang_up(struct web_request *request)
{
    request->keeps_alive = false;
    mg_disable_connection_keep_alive(request->connection);
}

/* Is fd the socket between our port and that peer? */
static bool joins(int fd, int port, const char *peer, int peer_port)
{
    struct sockaddr_in here = {0}, there = {0};
    socklen_t here_size = sizeof here, there_size = sizeof there;
    char address[INET_ADDRSTRLEN];
    return getpeername(fd, (struct sockaddr *)&there, &there_size) == 0 &&
           there.sin_family == AF_INET && ntohs(there.sin_port) == peer_port &&
           getsockname(fd, (struct sockaddr *)&here, &here_size) == 0 &&
           ntohs(here.sin_port) == port &&
           inet_ntop(AF_INET, &there.sin_addr, address, sizeof address) &&
           strcmp(address, peer) == 0;
}

/* civetweb keeps the socket to itself, but the pair of addresses is unique while it is open, and
 * descriptors are dense, so looking for it costs some microseconds. */
int request_socket(struct web_request *request)
{
    enum { MAX_DESCRIPTOR = 65536 };
    const struct mg_request_info *line = request->line;
    for (int fd = 0; request->fd < 0 && fd < MAX_DESCRIPTOR; fd++)
        if (joins(fd, request->server->port, line->remote_addr, line->remote_port))
            request->fd = fd;
    return request->fd;
}
