#include "shell.h"

#include <string.h>

#include "http/http.h"

void shell_wake(void *context)
{
    struct analyzer *analyzer = context;
    http_wake(analyzer->client);
}

struct llm *shell_llm_of(const struct analyzer *analyzer, const Tp__Dispatch *dispatch)
{
    for (size_t i = 0; i < analyzer->llm_count; i++)
        if (dispatch->endpoint[0] == '\0' ||
            strcmp(dispatch->endpoint, llm_name(analyzer->llms[i])) == 0)
            return analyzer->llms[i];
    return NULL;
}
