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

/* Functions of the WebSocket at /v1/ws. */
extern const struct web_socket_route LIVE_SOCKET;

/* X(method, path, handler, takes a body, is a stream) */
#define ROUTES(X)                                                                                  \
    X("GET", "/", index_get, false, false)                                                         \
    X("GET", "/openapi.json", openapi_get, false, false)                                           \
    X("GET", "/v1/me", me_get, false, false)                                                       \
    X("POST", "/v1/jobs", jobs_submit, true, false)                                                \
    X("GET", "/v1/jobs", jobs_list, false, false)                                                  \
    X("GET", "/v1/jobs/{id}", job_get, false, false)                                               \
    X("POST", "/v1/jobs/{id}/cancel", job_cancel, false, false)                                    \
    X("GET", "/v1/jobs/{id}/results", job_results, false, false)                                   \
    X("GET", "/v1/jobs/{id}/events", job_events, false, true)

#define LIVE_SOCKET_PATH "/v1/ws"
