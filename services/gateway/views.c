#include "views.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "messages/subjects.h"
#include "schema/schema.h"
#include "states.h"
#include "waiting.h"
#include "json/json.h"

#define MICROS UINT64_C(1000000)   /* of a dollar */
#define NANOS UINT64_C(1000000000) /* likewise */

static const char *provenance_name(Tp__Provenance provenance)
{
    switch (provenance) {
    case TP__PROVENANCE__FROM_EMBEDDED:
        return "embedded";
    case TP__PROVENANCE__FROM_NEAR_DUPLICATE:
        return "near_duplicate";
    case TP__PROVENANCE__FROM_REPAIR:
        return "repaired";
    case TP__PROVENANCE__FROM_CACHE:
        return "cache";
    case TP__PROVENANCE__FROM_LLM:
        return "llm";
    case TP__PROVENANCE__NO_PROVENANCE:
    case _TP__PROVENANCE_IS_INT_SIZE:
        return "unknown";
    }
    return "unknown";
}

static void add_time(struct text *out, const char *name, int64_t wall_ms)
{
    char time[CLOCK_TEXT_SIZE];
    if (wall_ms <= 0)
        return;
    clock_format_wall(wall_ms, time);
    text_add_json_member(out, name, time);
}

void view_usd(uint64_t micros, struct text *out)
{
    text_format(out, "%" PRIu64 ".%06" PRIu64, micros / MICROS, micros % MICROS);
}

static void add_list(struct text *out, const char *name, const char *const *list, size_t count)
{
    text_format(out, ",\"%s\":[", name);
    for (size_t i = 0; i < count; i++) {
        text_add(out, i ? "," : "");
        text_add_json(out, list[i], strlen(list[i]));
    }
    text_add(out, "]");
}

static void add_rejected(struct text *out, const Tp__JobView *job)
{
    text_add(out, ",\"rejected\":[");
    for (size_t i = 0; i < job->n_rejected; i++) {
        text_format(out, "%s{\"line\":%u", i ? "," : "", job->rejected[i]->line);
        text_add_json_member(out, "reason", job->rejected[i]->reason);
        text_add(out, "}");
    }
    text_add(out, "]");
}

static void add_links(struct text *out, const char *id)
{
    text_format(out,
                ",\"links\":{\"self\":\"/v1/jobs/%s\",\"results\":\"/v1/jobs/%s/results\","
                "\"events\":\"/v1/jobs/%s/events\",\"cancel\":\"/v1/jobs/%s/cancel\"}",
                id, id, id, id);
}

static void add_job(const Tp__JobView *job, struct text *out)
{
    const Tp__Progress *progress = job->progress;
    text_format(out, "{\"id\":\"%s\"", job->job_id);
    text_add_json_member(out, "state", state_name(job->status));
    text_add_json_member(out, "user", job->user_id);
    text_add_json_member(out, "class", class_name(job->service_class));
    add_list(out, "tasks", job->tasks, job->n_tasks);
    if (*job->instruction) {
        text_add_json_member(out, "instruction", job->instruction);
        text_add(out, ",\"schema\":");
        text_add_bytes(out, job->schema_json.data, job->schema_json.len);
    }
    text_format(out,
                ",\"total_posts\":%u,\"processed_posts\":%u,\"failed_posts\":%u,"
                "\"total_chunks\":%u,\"done_chunks\":%u,\"event_number\":%u",
                progress->total_posts, progress->processed_posts, progress->failed_posts,
                progress->total_chunks, progress->done_chunks, job->event_number);
    add_time(out, "created_at", job->created_ms);
    add_time(out, "updated_at", job->updated_ms);
    add_time(out, "completed_at", job->completed_ms);
    add_time(out, "deadline_at", job->deadline_ms);
    if (*job->error)
        text_add_json_member(out, "error", job->error);
    text_format(out,
                ",\"usage\":{\"prompt_tokens\":%" PRIu64 ",\"completion_tokens\":%" PRIu64
                ",\"llm_calls\":%u,\"usd\":",
                job->prompt_tokens, job->completion_tokens, job->llm_calls);
    view_usd(job->micros, out);
    text_add(out, "}");
    add_list(out, "summaries", job->summaries, job->n_summaries);
    add_rejected(out, job);
    add_links(out, job->job_id);
}

void view_job(const Tp__JobView *job, struct text *out)
{
    add_job(job, out);
    text_add(out, "}");
}

void view_job_waiting(const Tp__JobView *job, const Tp__WaitingReply *waiting, int64_t now_ms,
                      struct text *out)
{
    add_job(job, out);
    waiting_add(waiting, now_ms, out);
    text_add(out, "}");
}

void view_event(const Tp__JobEvent *event, struct text *out)
{
    const Tp__Progress *progress = event->progress;
    text_format(out, "{\"job_id\":\"%s\",\"number\":%u", event->job->job_id, event->number);
    text_add_json_member(out, "event", event->kind);
    text_add_json_member(out, "state", state_name(event->job->status));
    add_time(out, "at", event->at_ms);
    if (progress)
        text_format(out,
                    ",\"progress\":{\"total_posts\":%u,\"processed_posts\":%u,"
                    "\"failed_posts\":%u,\"total_chunks\":%u,\"done_chunks\":%u}",
                    progress->total_posts, progress->processed_posts, progress->failed_posts,
                    progress->total_chunks, progress->done_chunks);
    text_add(out, "}");
}

/* The members of data_json, which is one object, go beside our own. */
static void add_data(struct text *out, ProtobufCBinaryData data)
{
    size_t begin = 0, end = data.len;
    while (begin < end && data.data[begin] != '{')
        begin++;
    while (end > begin && data.data[end - 1] != '}')
        end--;
    bool is_empty = true;
    for (size_t i = begin + 1; i + 1 < end && is_empty; i++)
        is_empty = data.data[i] == ' ';
    if (is_empty)
        return;
    text_add(out, ",");
    text_add_bytes(out, data.data + begin + 1, end - begin - 2);
}

static void add_usd(struct text *out, const Tp__ResultRow *row)
{
    text_format(out, "%" PRIu64 ".%09" PRIu64, row->nanos / NANOS, row->nanos % NANOS);
}

static void add_usage(struct text *out, const Tp__ResultRow *row)
{
    if (row->is_usage_unknown) {
        text_add(out, ",\"usage\":null");
        return;
    }
    text_format(out, ",\"usage\":{\"prompt_tokens\":%u,\"completion_tokens\":%u,\"usd\":",
                row->prompt_tokens, row->completion_tokens);
    add_usd(out, row);
    text_add(out, "}");
}

void view_result(const Tp__ResultRow *row, struct text *out)
{
    text_format(out, "{\"seq\":%u", row->seq);
    text_add_json_member(out, "post_id", row->post_id);
    text_add(out, ",\"text\":");
    text_add_json(out, (const char *)row->text.data, row->text.len);
    if (row->data_json.len == 0) {
        text_add_json_member(out, "reason", row->reason);
        text_add(out, "}");
        return;
    }
    add_data(out, row->data_json);
    text_add_json_member(out, "provenance", provenance_name(row->provenance));
    text_add_json_member(out, "model", row->model);
    text_add_json_member(out, "prompt_version", row->prompt_version);
    if (row->confidence > 0) /* 0: nothing was said of it */
        text_format(out, ",\"confidence\":%.4g", row->confidence);
    add_usage(out, row);
    text_add(out, "}");
}

/* ---- CSV ---- */

static void add_csv(struct text *out, const char *bytes, size_t length)
{
    bool is_formula = length > 0 && bytes[0] != '\0' && strchr("=+-@\t\r", bytes[0]);
    text_add(out, "\"");
    if (is_formula)
        text_add(out, "'");
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '"')
            text_add(out, "\"");
        text_add_char(out, bytes[i]);
    }
    text_add(out, "\"");
}

static void add_csv_string(struct text *out, const char *string)
{
    text_add(out, ",");
    if (string)
        add_csv(out, string, strlen(string));
}

/* Words of an array, or of the member `name` of its objects, between semicolons. */
static void add_csv_list(struct text *out, const json_t *array, const char *name)
{
    SCOPED(text_free) struct text list = {0};
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *entry = json_array_get(array, i);
        const char *word = json_string_value(name ? json_object_get(entry, name) : entry);
        if (word)
            text_format(&list, "%s%s", list.length ? ";" : "", word);
    }
    add_csv_string(out, list.chars ? list.chars : "");
}

static void add_csv_usage(struct text *out, const Tp__ResultRow *row)
{
    if (row->data_json.len == 0 || row->is_usage_unknown) {
        text_add(out, ",,,");
        return;
    }
    text_format(out, ",%u,%u,", row->prompt_tokens, row->completion_tokens);
    add_usd(out, row);
}

static void add_csv_object(struct text *out, const json_t *object)
{
    SCOPED(text_free) struct text written = {0};
    if (object)
        schema_write(object, &written);
    add_csv_string(out, written.chars);
}

void view_csv_head(struct text *out)
{
    text_add(out, "seq,post_id,text,sentiment,score,confidence,language,keywords,topics,hashtags,"
                  "mentions,names,provenance,model,reason,custom,prompt_version,prompt_tokens,"
                  "completion_tokens,usd\r\n");
}

void view_csv_row(const Tp__ResultRow *row, struct text *out)
{
    SCOPED(json_free) json_t *data = NULL;
    struct error why;
    bool has_data = row->data_json.len > 0 &&
                    json_parse((const char *)row->data_json.data, row->data_json.len, &data, &why);
    const json_t *sentiment = json_object_get(data, "sentiment");
    const json_t *entities = json_object_get(data, "entities");
    text_format(out, "%u", row->seq);
    add_csv_string(out, row->post_id);
    text_add(out, ",");
    add_csv(out, (const char *)row->text.data, row->text.len);
    add_csv_string(out, json_string_value(json_object_get(sentiment, "label")));
    if (sentiment)
        text_format(out, ",%.4g,%.4g", json_number_value(json_object_get(sentiment, "score")),
                    row->confidence);
    else
        text_add(out, ",,");
    add_csv_string(out, json_string_value(json_object_get(data, "language")));
    add_csv_list(out, json_object_get(data, "keywords"), NULL);
    add_csv_list(out, json_object_get(data, "topics"), NULL);
    add_csv_list(out, json_object_get(entities, "hashtags"), "text");
    add_csv_list(out, json_object_get(entities, "mentions"), "text");
    add_csv_list(out, json_object_get(entities, "names"), "text");
    add_csv_string(out, has_data ? provenance_name(row->provenance) : NULL);
    add_csv_string(out, row->model);
    add_csv_string(out, row->reason);
    add_csv_object(out, json_object_get(data, "custom"));
    add_csv_string(out, row->prompt_version);
    add_csv_usage(out, row);
    text_add(out, "\r\n");
}
