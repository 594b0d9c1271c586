#include "session.h"

#include <stdio.h>

#include "base/check.h"
#include "outcome.h"

bool session_open(struct session *session, struct options *options, int *exit_code)
{
    struct error why;
    bool ok = options_complete(options, &why);
    session->console = options_console(options);
    if (!ok) {
        *exit_code = console_fail(&session->console, &why);
        return false;
    }
    session->api = api_open(options->url, options->key, &session->console);
    return true;
}

void session_close(struct session *session)
{
    api_close(&session->api);
}

int session_run(struct options *options, session_body *run, const void *arguments)
{
    struct session session = {0};
    int end = END_OK;
    if (session_open(&session, options, &end))
        end = run(&session, arguments);
    session_close(&session);
    options_free(options);
    return end;
}

void session_print(const json_t *document)
{
    /* 15 digits: as many as a double keeps of what was written, so 0.1 stays 0.1. */
    SCOPED(free_chars) char *line = json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(15));
    CHECK(line != NULL);
    puts(line);
}
