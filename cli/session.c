#include "session.h"

#include <stdio.h>

#include "base/check.h"

bool session_open(struct session *session, struct options *options, int *exit_code)
{
    struct error why;
    bool ok = options_complete(options, &why);
    session->console = options_console(options);
    if (!ok) {
        *exit_code = console_fail(&session->console, &why);
        return false;
    }
    session->api = api_open(options->url, options->key);
    return true;
}

void session_close(struct session *session)
{
    api_close(&session->api);
}

void session_print(const json_t *document)
{
    SCOPED(free_chars) char *line = json_dumps(document, JSON_COMPACT);
    CHECK(line != NULL);
    puts(line);
}
