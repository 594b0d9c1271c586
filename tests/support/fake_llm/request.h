/* One HTTP/1.1 request out of the bytes received so far.
 *
 * request_read() is asked again whenever more bytes have come. Only what this server needs is
 * kept; bodies come with Content-Length. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {
    REQUEST_MAX_HEAD = 16 * 1024,
    REQUEST_MAX_BODY = 16 * 1024 * 1024,
    REQUEST_FIELD_SIZE = 256
};

struct request {
    char method[16], path[REQUEST_FIELD_SIZE];
    char user[REQUEST_FIELD_SIZE];          /* X-User; "" = none */
    char authorization[REQUEST_FIELD_SIZE]; /* "" = none */
    bool keeps_alive, expects_continue;
    size_t body_at, body_length; /* where the body is in the bytes given */
};

enum request_state {
    REQUEST_PARTIAL,        /* more bytes are needed */
    REQUEST_PARTIAL_BODY,   /* the head is complete, the body is not */
    REQUEST_COMPLETE,       /* it ends at body_at + body_length */
    REQUEST_MALFORMED,      /* 400 */
    REQUEST_LENGTH_MISSING, /* 411: chunked bodies are not spoken */
    REQUEST_TOO_LARGE,      /* 413 */
};

/* `bytes` must have a NUL behind them. */
enum request_state request_read(const char *bytes, size_t length, struct request *request);
