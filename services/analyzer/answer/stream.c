#include "stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sse/sse.h"
#include "json/json.h"

struct joined {
    struct text content, refusal, finish_reason, usage;
    struct text error; /* the event that holds it */
    bool is_done, is_broken, is_mended;
    struct arena *arena;
};

/* No JSON begins like that. */
static bool is_stream(struct bytes body)
{
    static const char *const STARTS[] = {"data:", ":", "event:", "id:", "retry:"};
    while (body.length > 0 && (*body.at == '\n' || *body.at == '\r'))
        body = (struct bytes){body.at + 1, body.length - 1};
    for (size_t i = 0; i < sizeof STARTS / sizeof STARTS[0]; i++) {
        size_t length = strlen(STARTS[i]);
        if (body.length >= length && memcmp(body.at, STARTS[i], length) == 0)
            return true;
    }
    return false;
}

static void add_string(struct text *joined, const json_t *value)
{
    if (json_is_string(value))
        text_add_bytes(joined, json_string_value(value), json_string_length(value));
}

static void add_choice(struct joined *joined, const json_t *choice)
{
    const json_t *delta = json_object_get(choice, "delta");
    if (delta == NULL)
        delta = json_object_get(choice, "message"); /* some send it whole, in one event */
    add_string(&joined->content, json_object_get(delta, "content"));
    add_string(&joined->refusal, json_object_get(delta, "refusal"));
    if (json_is_string(json_object_get(choice, "finish_reason"))) {
        text_clear(&joined->finish_reason);
        add_string(&joined->finish_reason, json_object_get(choice, "finish_reason"));
    }
}

static void add_json(struct text *joined, const json_t *value)
{
    char *dumped = json_dumps(value, JSON_COMPACT);
    CHECK(dumped != NULL);
    text_add(joined, dumped);
    free(dumped);
}

static void keep_usage(struct joined *joined, const json_t *usage)
{
    if (!json_is_object(usage))
        return;
    text_clear(&joined->usage);
    add_json(&joined->usage, usage);
}

static bool is_error(const json_t *event)
{
    const json_t *object = json_object_get(event, "object"),
                 *error = json_object_get(event, "error");
    return (error != NULL && !json_is_null(error)) ||
           (json_is_string(object) && strcmp(json_string_value(object), "error") == 0);
}

static bool parse(struct joined *joined, const char *data, size_t length, json_t **event)
{
    struct error why;
    if (json_parse(data, length, event, &why))
        return true;
    struct readable mended = mend((struct bytes){(const uint8_t *)data, length}, joined->arena);
    joined->is_mended |= mended.is_mended;
    return json_parse((const char *)mended.bytes.at, mended.bytes.length, event, &why);
}

/* One event; false ends it. */
static bool hear(void *context, const char *data, size_t length)
{
    static const char DONE[] = "[DONE]";
    struct joined *joined = context;
    joined->is_done = length == sizeof DONE - 1 && memcmp(data, DONE, length) == 0;
    if (joined->is_done)
        return false;
    SCOPED(json_free) json_t *event = NULL;
    joined->is_broken = !parse(joined, data, length, &event);
    if (joined->is_broken)
        return false;
    if (is_error(event)) {
        add_json(&joined->error, event);
        return false;
    }
    add_choice(joined, json_array_get(json_object_get(event, "choices"), 0));
    keep_usage(joined, json_object_get(event, "usage"));
    return true;
}

static void add_member(struct text *document, const char *name, const struct text *value)
{
    if (value->length == 0)
        return;
    text_format(document, ",\"%s\":", name);
    text_add_json(document, value->chars, value->length);
}

static void write_document(const struct joined *joined, struct text *document)
{
    text_add(document, "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\"");
    add_member(document, "content", &joined->content);
    add_member(document, "refusal", &joined->refusal);
    text_add_char(document, '}');
    add_member(document, "finish_reason", &joined->finish_reason);
    text_add(document, "}]");
    if (joined->usage.length > 0)
        text_format(document, ",\"usage\":%s", joined->usage.chars);
    text_add_char(document, '}');
}

static void write_whole(const struct joined *joined, struct text *document)
{
    if (joined->error.length > 0)
        text_add_bytes(document, joined->error.chars, joined->error.length);
    else if (joined->is_broken)
        text_add(document, "{\"error\":{\"type\":\"stream_invalid\"}}");
    else if (!joined->is_done)
        text_add(document, "{\"error\":{\"type\":\"stream_broken\"}}");
    else
        write_document(joined, document);
}

struct readable stream_whole(struct bytes body, struct arena *arena)
{
    if (!is_stream(body))
        return (struct readable){.bytes = body};
    struct joined joined = {.arena = arena};
    SCOPED(sse_free) struct sse sse = {.heard = hear, .context = &joined};
    (void)sse_feed(&sse, (const char *)body.at, body.length); /* what it says is in `joined` */
    SCOPED(text_free) struct text document = {0};
    write_whole(&joined, &document);
    struct text *const texts[] = {&joined.content, &joined.refusal, &joined.finish_reason,
                                  &joined.usage, &joined.error};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        text_free(texts[i]);
    const char *copy = arena_bytes(arena, document.chars, document.length);
    return (struct readable){{(const uint8_t *)copy, document.length}, joined.is_mended};
}
