#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "base/text.h"
#include "bus/parts.h"
#include "bus/verdict.h"
#include "messages/subjects.h"

enum {
    API_TIMEOUT_MS = 5000,
    ACK_WAIT_S = 30,
    MAX_ACK_PENDING = 20000,
    DEDUP_WINDOW_S = 120,
    STREAM_EXISTS = 10058, /* with other limits: they are the operator's */
};

#define SECONDS_NS(s) ((int64_t)(s) * 1000 * CLOCK_MS)

static bool call_api(struct bus *bus, const char *subject, const struct text *body,
                     struct error *why)
{
    struct outgoing question = {.subject = subject,
                                .body = {(const uint8_t *)body->chars, body->length}};
    natsMsg *answer;
    if (!question_wait(bus, &question, API_TIMEOUT_MS, &answer, why))
        return error_prefix(why, "JetStream");
    int code;
    bool is_done = verdict_read(answer, &code, why) || code == STREAM_EXISTS;
    natsMsg_Destroy(answer);
    return is_done || error_prefix(why, "%s", subject);
}

static bool make_stream(struct bus *bus, const struct stream *stream, struct error *why)
{
    char subject[SUBJECT_MAX_SIZE];
    snprintf(subject, sizeof subject, "$JS.API.STREAM.CREATE.%s", stream->name);
    SCOPED(text_free) struct text body = {0};
    text_format(&body, "{\"name\":\"%s\",\"subjects\":[\"%s\"", stream->name, stream->subjects[0]);
    if (stream->subjects[1] != NULL)
        text_format(&body, ",\"%s\"", stream->subjects[1]);
    text_format(&body,
                "],\"retention\":\"%s\",\"discard\":\"%s\",\"max_bytes\":%" PRId64
                ",\"max_age\":%" PRId64 ",\"duplicate_window\":%" PRId64
                ",\"storage\":\"file\",\"num_replicas\":1,\"max_consumers\":-1,\"max_msgs\":-1,"
                "\"max_msg_size\":-1,\"max_msgs_per_subject\":-1}",
                stream->is_work_queue ? "workqueue" : "limits",
                stream->is_work_queue ? "new" : "old", stream->max_bytes,
                SECONDS_NS(stream->max_age_s), SECONDS_NS(DEDUP_WINDOW_S));
    return call_api(bus, subject, &body, why);
}

static bool make_consumer(struct bus *bus, const char *stream,
                          const struct stream_consumer *consumer, struct error *why)
{
    char subject[SUBJECT_MAX_SIZE];
    snprintf(subject, sizeof subject, "$JS.API.CONSUMER.DURABLE.CREATE.%s.%s", stream,
             consumer->name);
    SCOPED(text_free) struct text body = {0};
    text_format(&body, "{\"stream_name\":\"%s\",\"config\":{\"durable_name\":\"%s\"", stream,
                consumer->name);
    if (consumer->filter != NULL)
        text_format(&body, ",\"filter_subject\":\"%s\"", consumer->filter);
    text_format(&body,
                ",\"ack_policy\":\"explicit\",\"ack_wait\":%" PRId64
                ",\"max_deliver\":-1,\"max_ack_pending\":%d,\"deliver_policy\":\"all\","
                "\"replay_policy\":\"instant\"}}",
                SECONDS_NS(ACK_WAIT_S), MAX_ACK_PENDING);
    return call_api(bus, subject, &body, why);
}

bool bus_provision(struct bus *bus, struct error *why)
{
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        const struct stream *stream = &STREAMS[i];
        if (!make_stream(bus, stream, why))
            return false;
        for (size_t k = 0; stream->consumers[k].name != NULL; k++) {
            if (!make_consumer(bus, stream->name, &stream->consumers[k], why))
                return false;
        }
    }
    return true;
}
