#include "messages/subjects.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

enum { TOKEN_MAX_LENGTH = 64 };

#define MEBIBYTES(n) (INT64_C(1024) * 1024 * (n))

const struct stream STREAMS[] = {
    {
        .name = STREAM_WORK,
        .subjects = {"tp.work.*"},
        .is_work_queue = true,
        .max_bytes = MEBIBYTES(1024),
        .consumers =
            {
                {"interactive", "tp.work.interactive"},
                {"premium", "tp.work.premium"},
                {"standard", "tp.work.standard"},
                {"background", "tp.work.background"},
            },
    },
    {
        .name = STREAM_RESULTS,
        .subjects = {SUBJECT_RESULT},
        .is_work_queue = true,
        .max_bytes = MEBIBYTES(1024),
        .consumers = {{CONSUMER_RESULTS, NULL}},
    },
    {
        .name = STREAM_EVENTS,
        .subjects = {SUBJECT_EVENTS_ALL},
        .max_bytes = MEBIBYTES(256),
        .max_age_s = 24 * 60 * 60,
    },
    {
        .name = STREAM_TRACE,
        .subjects = {SUBJECT_TRACE},
        .max_bytes = MEBIBYTES(256),
        .max_age_s = 24 * 60 * 60,
    },
};
const size_t STREAM_COUNT = sizeof STREAMS / sizeof STREAMS[0];

static const char *const class_names[] = {
    [TP__SERVICE_CLASS__INTERACTIVE] = "interactive",
    [TP__SERVICE_CLASS__PREMIUM] = "premium",
    [TP__SERVICE_CLASS__STANDARD] = "standard",
    [TP__SERVICE_CLASS__BACKGROUND] = "background",
};

const char *class_name(Tp__ServiceClass service_class)
{
    CHECK(service_class > TP__SERVICE_CLASS__NO_CLASS &&
          service_class <= TP__SERVICE_CLASS__BACKGROUND);
    return class_names[service_class];
}

bool class_parse(const char *name, Tp__ServiceClass *service_class)
{
    for (Tp__ServiceClass i = TP__SERVICE_CLASS__INTERACTIVE; i <= TP__SERVICE_CLASS__BACKGROUND;
         i++) {
        if (strcmp(class_names[i], name) == 0) {
            *service_class = i;
            return true;
        }
    }
    return false;
}

void subject_work(Tp__ServiceClass service_class, char subject[SUBJECT_SIZE])
{
    snprintf(subject, SUBJECT_SIZE, "tp.work.%s", class_name(service_class));
}

void subject_event(const char *tenant_id, const char *job_id, char subject[SUBJECT_SIZE])
{
    CHECK(subject_token_is_valid(tenant_id) && subject_token_is_valid(job_id));
    snprintf(subject, SUBJECT_SIZE, "tp.event.%s.%s", tenant_id, job_id);
}

void subject_cancel(const char *job_id, char subject[SUBJECT_SIZE])
{
    CHECK(subject_token_is_valid(job_id));
    snprintf(subject, SUBJECT_SIZE, "tp.cancel.%s", job_id);
}

void subject_telemetry(const char *service, const char *instance, char subject[SUBJECT_SIZE])
{
    CHECK(subject_token_is_valid(service) && subject_token_is_valid(instance));
    snprintf(subject, SUBJECT_SIZE, "tp.telemetry.%s.%s", service, instance);
}

bool subject_token_is_valid(const char *token)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t length = strspn(token, allowed);
    return length >= 1 && length <= TOKEN_MAX_LENGTH && token[length] == '\0';
}
