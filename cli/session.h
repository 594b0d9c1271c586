/* What a command works with once its arguments are read: the console and the service. */
#pragma once

#include "api.h"
#include "console.h"
#include "options.h"

struct session {
    struct console console;
    struct api *api;
};

/* Completes the options, which are lent for the session's life. On false the fault has been told
 * and *exit_code says how to end. */
MUST_USE bool session_open(struct session *session, struct options *options, int *exit_code);
void session_close(struct session *session);

/* Opens, runs, closes, frees the options; the exit code. */
typedef int session_body(struct session *session, const void *arguments);
int session_run(struct options *options, session_body *run, const void *arguments);

/* A document as one line on stdout. */
void session_print(const json_t *document);
