/* What is the same for everybody: the index and the description of the API; and who you are. */
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

void me_get(void *context, struct web_request *request)
{
    struct identity caller;
    if (!caller_identify(context, request, &caller))
        return;
    SCOPED(text_free) struct text body = {0};
    text_add(&body, "{");
    text_add_json_member(&body, "tenant", caller.tenant);
    text_add_json_member(&body, "key_id", caller.key_id);
    text_add_json_member(&body, "name", caller.name);
    text_add_json_member(&body, "role", caller.role);
    text_add(&body, "}");
    answer_json(request, 200, &body);
}
