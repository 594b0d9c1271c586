/* POST /v1/jobs: protocol step 1. All is checked before the store hears of it. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/uuid.h"
#include "cut.h"
#include "fingerprint.h"
#include "gateway.h"
#include "messages/texts.h"
#include "metrics.h"
#include "routes.h"
#include "scheduler_client.h"
#include "states.h"
#include "store_client/store_client.h"
#include "submit.h"
#include "views.h"

enum {
    SUBMISSION_EVENT = 1, /* the number of a job's first event */
    FIRST_PAUSE_MS = 2,
    QUIET_MS = 1000,
    IDEMPOTENCY_KEY_MAX_BYTES = 200,
    REJECTS_KEPT =
        1000, /* of on_bad=skip, and so much of each reason, so that they fit a message */
    REASON_KEPT_BYTES = 150,
    MESSAGE_ARENA_BYTES = 8 << 20,
};

typedef void read_body(struct submission *submission, const char *bytes, size_t length);

static read_body *reader_of(const char *content_type)
{
    static const struct {
        const char *type;
        read_body *read;
    } READERS[] = {
        {"application/json", submission_read_json},
        {"application/x-ndjson", submission_read_lines},
        {"application/jsonl", submission_read_lines},
        {"application/x-jsonlines", submission_read_lines},
        {"text/csv", submission_read_csv},
    };
    size_t length = content_type ? strcspn(content_type, "; \t") : 0;
    for (size_t i = 0; i < sizeof READERS / sizeof *READERS; i++)
        if (strlen(READERS[i].type) == length &&
            strncasecmp(READERS[i].type, content_type, length) == 0)
            return READERS[i].read;
    return NULL;
}

/* With lines and CSV the job's fields stand in the query. */
static void read_query(struct web_request *request, struct submission *submission)
{
    static const char *const FIELDS[] = {
        "user",       "class",       "on_bad", "tasks", "deadline_seconds", "queue_ttl_seconds",
        "chunk_size", "instruction", "schema"};
    for (size_t i = 0; i < sizeof FIELDS / sizeof *FIELDS; i++) {
        const char *value = web_query(request, FIELDS[i]);
        if (value)
            submission_field(submission, FIELDS[i], value);
    }
}

static void refuse_submission(struct web_request *request, const struct submission *submission)
{
    SCOPED(text_free) struct text errors = {0};
    submission_write_errors(submission, &errors);
    web_problem(request, 400, "invalid_submission",
                "the submission has faults; nothing of it was taken", errors.chars);
}

/* ---- to the store ---- */

struct upload {
    struct gateway *gateway;
    struct web_request *request;
    const struct submission *submission;
    const char *trace;
    char job_id[UUID_TEXT_SIZE], upload_id[UUID_TEXT_SIZE];
    uint32_t part_count;
};

static Tp__Post **pack_posts(struct arena *arena, const struct submission *s, size_t first,
                             size_t count)
{
    Tp__Post **list = arena_array(arena, Tp__Post *, count);
    Tp__Post *posts = arena_array(arena, Tp__Post, count);
    for (size_t i = 0; i < count; i++) {
        const struct post *post = &s->posts[first + i];
        tp__post__init(&posts[i]);
        posts[i].seq = (uint32_t)(first + i);
        posts[i].id = post->id;
        /* The generated type has no const; packing only reads. */
        posts[i].text.data = (uint8_t *)(uintptr_t)post->text.at;
        posts[i].text.len = post->text.length;
        posts[i].language = post->language;
        posts[i].chunk_number = post->chunk_number;
        list[i] = &posts[i];
    }
    return list;
}

static bool send_part(struct upload *upload, size_t first, size_t count, struct error *why)
{
    SCOPED(arena_close) struct arena *arena = arena_open(MESSAGE_ARENA_BYTES);
    Tp__SubmitPart part = TP__SUBMIT_PART__INIT;
    part.upload_id = upload->upload_id;
    part.part_number = upload->part_count;
    part.posts = pack_posts(arena, upload->submission, first, count);
    part.n_posts = count;
    const Tp__SubmitPartReply *reply;
    return store_part(upload->gateway->bus, &part, upload->gateway->settings->store_timeout_ms,
                      upload->trace, arena, &reply, why);
}

/* Everything in parts, unless one message holds it. */
static bool send_parts(struct upload *upload, struct error *why)
{
    const struct submission *s = upload->submission;
    if (cut_part(s->posts, s->post_count) == s->post_count)
        return true;
    uuid_new(upload->upload_id);
    for (size_t first = 0; first < s->post_count; upload->part_count++) {
        size_t count = cut_part(s->posts + first, s->post_count - first);
        if (!send_part(upload, first, count, why))
            return false;
        first += count;
    }
    return true;
}

/* Cut between characters. */
static const char *shortened(struct arena *arena, const char *reason)
{
    size_t length = strlen(reason);
    if (length <= REASON_KEPT_BYTES)
        return reason;
    length = REASON_KEPT_BYTES;
    while (length > 0 && ((unsigned char)reason[length] & 0xc0) == 0x80)
        length--;
    return arena_bytes(arena, reason, length);
}

static void add_rejected(struct arena *arena, const struct submission *s, Tp__SubmitJob *job)
{
    job->n_rejected = s->rejected_count < REJECTS_KEPT ? s->rejected_count : REJECTS_KEPT;
    job->rejected = arena_array(arena, Tp__RejectedPost *, job->n_rejected);
    Tp__RejectedPost *rejected = arena_array(arena, Tp__RejectedPost, job->n_rejected);
    for (size_t i = 0; i < job->n_rejected; i++) {
        tp__rejected_post__init(&rejected[i]);
        rejected[i].line = s->rejected[i].line;
        rejected[i].reason = shortened(arena, s->rejected[i].detail);
        job->rejected[i] = &rejected[i];
    }
}

static bool send_job(struct upload *upload, const struct identity *caller, const char *key,
                     const Tp__SubmitJobReply **reply, struct error *why)
{
    const struct submission *s = upload->submission;
    struct arena *arena = web_arena(upload->request);
    const struct gateway_settings *settings = upload->gateway->settings;
    unsigned char digest[KEY_HASH_BYTES];
    fingerprint(settings->key_pepper, s, digest);
    Tp__SubmitJob job = TP__SUBMIT_JOB__INIT;
    job.job_id = upload->job_id;
    job.tenant_id = caller->tenant;
    job.user_id = s->user;
    job.service_class = s->service_class;
    job.tasks = (const char **)(uintptr_t)s->tasks;
    job.n_tasks = s->task_count;
    job.instruction = s->instruction;
    job.schema_json = (ProtobufCBinaryData){.len = strlen(s->schema_json),
                                            .data = (uint8_t *)(uintptr_t)s->schema_json};
    job.idempotency_key = key ? key : "";
    job.body_hash = (ProtobufCBinaryData){.len = sizeof digest, .data = digest};
    job.deadline_ms = s->deadline_seconds * 1000;
    job.queue_ttl_ms = s->queue_ttl_seconds * 1000;
    job.upload_id = upload->part_count ? upload->upload_id : "";
    job.part_count = upload->part_count;
    job.total_posts = (uint32_t)s->post_count;
    if (upload->part_count == 0) {
        job.posts = pack_posts(arena, s, 0, s->post_count);
        job.n_posts = s->post_count;
    }
    add_rejected(arena, s, &job);
    /* Ten thousand posts take the database their time. */
    int64_t timeout_ms = settings->store_timeout_ms + (int64_t)s->post_count;
    return store_submit(upload->gateway->bus, &job, timeout_ms, upload->trace, arena, reply, why);
}

/* The scheduler hears of a job moments after the commit, so it is asked again until it has, but not
 * for long, and not once the job is over. Where nobody answers, the next submissions do not ask at
 * all. `follower` follows the job since before it was committed. */
static const Tp__WaitingReply *ask_position(const struct upload *upload, const Tp__JobView *job,
                                            struct follower *follower)
{
    struct gateway *gateway = upload->gateway;
    struct instant now = clock_now();
    struct instant give_up = instant_plus_ms(now, gateway->settings->submit_position_ms);
    uint32_t heard = SUBMISSION_EVENT;
    const Tp__WaitingReply *waiting;
    struct error why;
    SCOPED(text_free) struct text event = {0};
    if (state_is_final(job->status) || now.ns < atomic_load(&gateway->quiet_until_ns))
        return NULL;
    for (int64_t pause = FIRST_PAUSE_MS; instant_is_before(now, give_up); pause *= 2) {
        if (!scheduler_waiting(gateway->bus, job->job_id, instant_ms_between(now, give_up),
                               upload->trace, web_arena(upload->request), &waiting, &why)) {
            if (pause == FIRST_PAUSE_MS)
                atomic_store(&gateway->quiet_until_ns, instant_plus_ms(clock_now(), QUIET_MS).ns);
            return NULL;
        }
        if (waiting->is_known)
            return waiting;
        enum hub_news news =
            hub_wait(gateway->hub, follower, heard, instant_plus_ms(clock_now(), pause), &event);
        if (news == HUB_ENDING || news == HUB_MISSED || follower->is_final)
            return NULL;
        heard += news == HUB_EVENT;
        now = clock_now();
    }
    return NULL;
}

static void answer_refused(struct upload *upload, const struct error *why)
{
    if (why->kind == ERROR_CLOSED)
        web_add_header(upload->request, "Retry-After", "%" PRId64,
                       upload->gateway->settings->maintenance_retry_s);
    answer_store_error(upload->request, why);
}

static void answer_accepted(struct upload *upload, const Tp__SubmitJobReply *reply,
                            struct follower *follower)
{
    if (!reply->is_replay)
        gateway_metrics_submitted(upload->submission->post_count);
    SCOPED(text_free) struct text body = {0};
    view_job_waiting(reply->job, ask_position(upload, reply->job, follower), clock_wall_ms(),
                     &body);
    web_add_header(upload->request, "Location", "/v1/jobs/%s", reply->job_id);
    if (reply->is_replay)
        web_add_header(upload->request, "Idempotent-Replayed", "true");
    answer_json(upload->request, 202, &body);
}

static void hand_over(struct gateway *gateway, struct web_request *request,
                      const struct submission *submission, const struct identity *caller,
                      const char *key)
{
    struct upload upload = {.gateway = gateway,
                            .request = request,
                            .submission = submission,
                            .trace = request_trace(request)};
    struct follower follower;
    const Tp__SubmitJobReply *reply;
    struct error why;
    uuid_new(upload.job_id);
    hub_follow(gateway->hub, &follower, upload.job_id, NULL, NULL);
    if (send_parts(&upload, &why) && send_job(&upload, caller, key, &reply, &why))
        answer_accepted(&upload, reply, &follower);
    else
        answer_refused(&upload, &why);
    hub_unfollow(gateway->hub, &follower);
}

void jobs_submit(void *context, struct web_request *request)
{
    struct gateway *gateway = context;
    struct identity caller;
    if (!caller_identify(gateway, request, &caller))
        return;
    read_body *read = reader_of(web_header(request, "Content-Type"));
    if (!read) {
        web_problem(request, 415, "unknown_content_type",
                    "Content-Type must be application/json, application/x-ndjson or text/csv",
                    NULL);
        return;
    }
    const char *key = web_header(request, "Idempotency-Key");
    if (key && !id_is_valid(key, IDEMPOTENCY_KEY_MAX_BYTES)) {
        web_problem(request, 400, "bad_idempotency_key",
                    "Idempotency-Key has 1 to 200 bytes of UTF-8", NULL);
        return;
    }
    const char *bytes;
    size_t length;
    if (!web_body(request, &bytes, &length))
        return;
    SCOPED(submission_free) struct submission *submission = submission_new(length);
    if (read != submission_read_json)
        read_query(request, submission);
    read(submission, bytes, length);
    submission_finish(submission, caller.key_id);
    if (!submission_is_acceptable(submission)) {
        refuse_submission(request, submission);
        return;
    }
    cut_chunks(submission->posts, submission->post_count, submission->chunk_posts);
    hand_over(gateway, request, submission, &caller, key);
}
