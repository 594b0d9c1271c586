/* Reading back what a stream keeps, message by message, by JetStream's API: for tools. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "bus/parts.h"
#include "bus/verdict.h"
#include "json/json.h"

enum { ASK_TIMEOUT_MS = 5000, NO_MESSAGE = 10037, NO_STREAM = 10059 };

/* Asks the API; the answer as JSON, owned by the caller. */
static bool ask(struct bus *bus, const char *subject, const char *body, json_t **document,
                struct error *why)
{
    struct outgoing question = {.subject = subject, .body = {(const uint8_t *)body, strlen(body)}};
    natsMsg *answer;
    if (!question_wait(bus, &question, ASK_TIMEOUT_MS, &answer, why))
        return error_prefix(why, "JetStream");
    int code;
    bool is_done =
        verdict_read(answer, &code, why) &&
        json_parse(natsMsg_GetData(answer), (size_t)natsMsg_GetDataLength(answer), document, why);
    natsMsg_Destroy(answer);
    if (code == NO_MESSAGE || code == NO_STREAM)
        why->kind = ERROR_NOT_FOUND;
    return is_done || error_prefix(why, "%s", subject);
}

bool bus_stream_span(struct bus *bus, const char *stream, uint64_t *first, uint64_t *last,
                     struct error *why)
{
    char subject[SUBJECT_MAX_SIZE];
    snprintf(subject, sizeof subject, "$JS.API.STREAM.INFO.%s", stream);
    SCOPED(json_free) json_t *document = NULL;
    if (!ask(bus, subject, "", &document, why))
        return false;
    const json_t *state = json_object_get(document, "state");
    int64_t from, to;
    if (!json_int(state, "first_seq", 0, 0, INT64_MAX, &from, why) ||
        !json_int(state, "last_seq", 0, 0, INT64_MAX, &to, why))
        return error_prefix(why, "%s", subject);
    bool is_empty = json_integer_value(json_object_get(state, "messages")) == 0;
    *first = is_empty ? (uint64_t)to + 1 : (uint64_t)from;
    *last = (uint64_t)to;
    return true;
}

static int digit_of(char c)
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(DIGITS, c) : NULL;
    return at ? (int)(at - DIGITS) : -1;
}

/* Base64 as of RFC 4648; padding may be there or not. */
static bool decode(const char *text, struct arena *arena, struct bytes *bytes)
{
    size_t length = strlen(text), count = 0;
    while (length > 0 && text[length - 1] == '=')
        length--;
    uint8_t *room = arena_try(arena, length / 4 * 3 + 4);
    uint32_t kept = 0;
    if (!room || length % 4 == 1)
        return false;
    for (size_t i = 0; i < length; i++) {
        int digit = digit_of(text[i]);
        if (digit < 0)
            return false;
        kept = kept << 6 | (uint32_t)digit;
        if (i % 4 > 0)
            room[count++] = (uint8_t)(kept >> (6 - 2 * (i % 4)));
    }
    *bytes = (struct bytes){room, count};
    return true;
}

bool bus_stream_read(struct bus *bus, const char *stream, uint64_t sequence, struct arena *arena,
                     struct bytes *body, struct error *why)
{
    char subject[SUBJECT_MAX_SIZE], said[64];
    snprintf(subject, sizeof subject, "$JS.API.STREAM.MSG.GET.%s", stream);
    snprintf(said, sizeof said, "{\"seq\":%" PRIu64 "}", sequence);
    SCOPED(json_free) json_t *document = NULL;
    if (!ask(bus, subject, said, &document, why))
        return false;
    const json_t *message = json_object_get(document, "message");
    const char *data = json_string_value(json_object_get(message, "data"));
    if (!decode(data ? data : "", arena, body))
        return error_set(why, ERROR_INTERNAL, "%s: an answer that is no message", subject);
    return true;
}
