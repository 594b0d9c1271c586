/* What is the same for everybody: the index and the description of the API; and who you are. */
#include <string.h>

#include "gateway.h"
#include "openapi.h"
#include "routes.h"

void index_get(void *context, struct web_request *request)
{
    (void)context;
    static const char body[] = "{\"name\":\"TweetPulse\",\"version\":\"" TP_VERSION
                               "\",\"links\":{\"openapi\":\"/openapi.json\",\"jobs\":\"/v1/jobs\","
                               "\"me\":\"/v1/me\",\"live\":\"/v1/ws\"}}\n";
    web_answer(request, 200, "application/json", body, sizeof body - 1);
}

void openapi_get(void *context, struct web_request *request)
{
    (void)context;
    web_add_header(request, "Cache-Control", "public, max-age=300");
    web_answer(request, 200, "application/json", OPENAPI[0].chars, OPENAPI[0].length);
}

static void add_member(struct text *out, const char *name, const char *value)
{
    text_format(out, "%s\"%s\":", out->length > 1 ? "," : "", name);
    text_add_json(out, value, strlen(value));
}

void me_get(void *context, struct web_request *request)
{
    struct identity caller;
    if (!caller_identify(context, request, &caller))
        return;
    SCOPED(text_free) struct text body = {0};
    text_add(&body, "{");
    add_member(&body, "tenant", caller.tenant);
    add_member(&body, "key_id", caller.key_id);
    add_member(&body, "name", caller.name);
    add_member(&body, "role", caller.role);
    text_add(&body, "}");
    answer_json(request, 200, &body);
}
