/* Every path of the API, once; openapi.json is held against it by a test. */
#pragma once

#include "web/web.h"

void index_get(void *context, struct web_request *request);
void openapi_get(void *context, struct web_request *request);
void me_get(void *context, struct web_request *request);
void jobs_submit(void *context, struct web_request *request);
void jobs_list(void *context, struct web_request *request);
void job_get(void *context, struct web_request *request);
void job_cancel(void *context, struct web_request *request);
void job_results(void *context, struct web_request *request);
void job_events(void *context, struct web_request *request);
void job_chunks(void *context, struct web_request *request);
void usage_get(void *context, struct web_request *request);
void audit_get(void *context, struct web_request *request);
void controls_list(void *context, struct web_request *request);
void control_of_system(void *context, struct web_request *request);
void control_of_endpoint(void *context, struct web_request *request);
void control_of_tenant(void *context, struct web_request *request);
void control_of_user(void *context, struct web_request *request);

/* Functions of the WebSocket at /v1/ws. */
extern const struct web_socket_route LIVE_SOCKET;

enum route_body { NO_BODY, SMALL_BODY, POSTS_BODY };
enum { SMALL_BODY_MAX_BYTES = 64 * 1024 };

/* What is set for one of a scope: the handler looks at the method. */
#define CONTROL_ROUTES(X, path, handler)                                                           \
    X("GET", path, handler, NO_BODY, false)                                                        \
    X("PUT", path, handler, SMALL_BODY, false)                                                     \
    X("PATCH", path, handler, SMALL_BODY, false)                                                   \
    X("DELETE", path, handler, NO_BODY, false)

/* X(method, path, handler, body, is a stream) */
#define ROUTES(X)                                                                                  \
    X("GET", "/", index_get, NO_BODY, false)                                                       \
    X("GET", "/openapi.json", openapi_get, NO_BODY, false)                                         \
    X("GET", "/v1/me", me_get, NO_BODY, false)                                                     \
    X("POST", "/v1/jobs", jobs_submit, POSTS_BODY, false)                                          \
    X("GET", "/v1/jobs", jobs_list, NO_BODY, false)                                                \
    X("GET", "/v1/jobs/{id}", job_get, NO_BODY, false)                                             \
    X("POST", "/v1/jobs/{id}/cancel", job_cancel, NO_BODY, false)                                  \
    X("GET", "/v1/jobs/{id}/results", job_results, NO_BODY, false)                                 \
    X("GET", "/v1/jobs/{id}/chunks", job_chunks, NO_BODY, false)                                   \
    X("GET", "/v1/jobs/{id}/events", job_events, NO_BODY, true)                                    \
    X("GET", "/v1/usage", usage_get, NO_BODY, false)                                               \
    X("GET", "/v1/admin/audit", audit_get, NO_BODY, false)                                         \
    X("GET", "/v1/admin/controls", controls_list, NO_BODY, false)                                  \
    CONTROL_ROUTES(X, "/v1/admin/controls/system", control_of_system)                              \
    CONTROL_ROUTES(X, "/v1/admin/controls/endpoints/{name}", control_of_endpoint)                  \
    CONTROL_ROUTES(X, "/v1/admin/controls/tenants/{tenant}", control_of_tenant)                    \
    CONTROL_ROUTES(X, "/v1/admin/controls/tenants/{tenant}/users/{user}", control_of_user)

#define LIVE_SOCKET_PATH "/v1/ws"
