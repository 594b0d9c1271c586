/* Reading, listing and cancelling jobs. */
#include <inttypes.h>
#include <string.h>

#include "cursor.h"
#include "gateway.h"
#include "messages/texts.h"
#include "routes.h"
#include "scheduler_client.h"
#include "states.h"
#include "store_client/store_client.h"
#include "views.h"
#include "waiting.h"

enum { LIST_DEFAULT = 50, LIST_MAX = 200, STATES_MAX = 6 };

/* Weak: it tells the state of the job, not its position, which changes with everybody's jobs. Usage
 * may still change once a job is over, when the last call is settled. */
static char *etag_of(struct arena *arena, const Tp__JobView *job)
{
    return arena_format(arena, "\"%u-%" PRId64 "-%" PRIu64 "-%u-%" PRIu64 "\"", job->event_number,
                        job->updated_ms, job->prompt_tokens + job->completion_tokens,
                        job->llm_calls, job->micros);
}

/* NULL if nothing waits, or if nobody who leads says so in time: the job is answered either way. */
static const Tp__WaitingReply *ask_why(struct gateway *gateway, struct web_request *request,
                                       const Tp__JobView *job)
{
    const Tp__WaitingReply *waiting;
    struct error why;
    bool is_told = !state_is_final(job->status) &&
                   scheduler_waiting(gateway->bus, job->job_id, SCHEDULER_PATIENCE_MS,
                                     request_trace(request), web_arena(request), &waiting, &why);
    return is_told ? waiting : NULL;
}

static void answer_job(struct web_request *request, const Tp__JobView *job,
                       const Tp__WaitingReply *waiting)
{
    SCOPED(text_free) struct text body = {0};
    view_job_waiting(job, waiting, clock_wall_ms(), &body);
    if (!state_is_final(job->status))
        web_add_header(request, "Retry-After", "%d", waiting_retry_after_s(waiting));
    answer_json(request, 200, &body);
}

void job_get(void *context, struct web_request *request)
{
    struct gateway *gateway = context;
    struct identity caller;
    if (!caller_identify(gateway, request, &caller))
        return;
    Tp__JobQuery query = TP__JOB_QUERY__INIT;
    query.tenant_id = caller.tenant;
    query.job_id = request_job_id(request);
    if (!query.job_id)
        return;
    const Tp__JobReply *reply;
    struct error why;
    if (!store_job(gateway->bus, &query, gateway->settings->store_timeout_ms,
                   request_trace(request), web_arena(request), &reply, &why)) {
        answer_store_error(request, &why);
        return;
    }
    const char *etag = etag_of(web_arena(request), reply->job);
    const char *known = web_header(request, "If-None-Match");
    web_add_header(request, "ETag", "W/%s", etag);
    web_add_header(request, "Cache-Control", "private, no-cache");
    if (known && (strstr(known, etag) || strcmp(known, "*") == 0))
        web_answer(request, 304, NULL, NULL, 0);
    else
        answer_job(request, reply->job, ask_why(gateway, request, reply->job));
}

void job_cancel(void *context, struct web_request *request)
{
    struct gateway *gateway = context;
    struct identity caller;
    if (!caller_identify(gateway, request, &caller))
        return;
    Tp__CancelJob order = TP__CANCEL_JOB__INIT;
    order.tenant_id = caller.tenant;
    order.job_id = request_job_id(request);
    if (!order.job_id)
        return;
    const Tp__JobReply *reply;
    struct error why;
    if (store_cancel(gateway->bus, &order, gateway->settings->store_timeout_ms,
                     request_trace(request), web_arena(request), &reply, &why))
        answer_job(request, reply->job, NULL);
    else
        answer_store_error(request, &why);
}

/* ---- the list ---- */

static bool read_states(struct web_request *request, Tp__JobsQuery *query)
{
    const char *list = web_query(request, "status");
    query->statuses = arena_array(web_arena(request), Tp__JobStatus, STATES_MAX);
    while (list && *list) {
        size_t length = strcspn(list, ",");
        if (query->n_statuses == STATES_MAX ||
            !state_parse(list, length, &query->statuses[query->n_statuses]))
            return request_refuse_parameter(request,
                                            "status is a list of queued, processing, completed, "
                                            "failed, cancelled and expired");
        query->n_statuses++;
        list += length + (list[length] == ',');
    }
    return true;
}

static bool read_list_query(struct web_request *request, Tp__JobsQuery *query)
{
    const char *user = web_query(request, "user"), *cursor = web_query(request, "cursor");
    if (user && !id_is_valid(user, USER_ID_MAX_BYTES))
        return request_refuse_parameter(request,
                                        "user has 1 to 200 bytes without control characters");
    query->user_id = user ? user : "";
    const char *before = "";
    if (cursor && !cursor_read_job(cursor, &before))
        return request_refuse_parameter(request, "cursor is none that this API gave");
    query->before_job_id = before;
    return request_number(request, "limit", LIST_DEFAULT, 1, LIST_MAX, &query->limit) &&
           read_states(request, query);
}

static void answer_list(struct web_request *request, const Tp__JobsReply *reply)
{
    SCOPED(text_free) struct text body = {0};
    text_add(&body, "{\"jobs\":[");
    for (size_t i = 0; i < reply->n_jobs; i++) {
        text_add(&body, i ? "," : "");
        view_job(reply->jobs[i], &body);
    }
    text_add(&body, "],\"next_cursor\":");
    if (reply->has_more && reply->n_jobs > 0) {
        char cursor[CURSOR_SIZE];
        cursor_of_job(reply->jobs[reply->n_jobs - 1]->job_id, cursor);
        text_format(&body, "\"%s\"}", cursor);
    } else {
        text_add(&body, "null}");
    }
    answer_json(request, 200, &body);
}

void jobs_list(void *context, struct web_request *request)
{
    struct gateway *gateway = context;
    struct identity caller;
    if (!caller_identify(gateway, request, &caller))
        return;
    Tp__JobsQuery query = TP__JOBS_QUERY__INIT;
    query.tenant_id = caller.tenant;
    if (!read_list_query(request, &query))
        return;
    const Tp__JobsReply *reply;
    struct error why;
    if (store_jobs(gateway->bus, &query, gateway->settings->store_timeout_ms,
                   request_trace(request), web_arena(request), &reply, &why))
        answer_list(request, reply);
    else
        answer_store_error(request, &why);
}
