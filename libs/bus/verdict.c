#include "bus/verdict.h"

#include "json/json.h"

enum {
    HTTP_UNAVAILABLE = 503,
    STREAM_STORE_FAILED = 10077, /* the stream is full */
    INSUFFICIENT_RESOURCES = 10023,
    STORAGE_EXCEEDED = 10047,
    MAX_CODE = 100000,
};

static enum error_kind kind_of(int64_t http_code, int64_t code)
{
    if (code == STREAM_STORE_FAILED || code == INSUFFICIENT_RESOURCES || code == STORAGE_EXCEEDED)
        return ERROR_BUSY;
    return http_code == HTTP_UNAVAILABLE ? ERROR_UNAVAILABLE : ERROR_INTERNAL;
}

bool verdict_read(const natsMsg *answer, int *code, struct error *why)
{
    *code = 0;
    SCOPED(json_free) json_t *document = NULL;
    const char *bytes = natsMsg_GetData(answer);
    if (!json_parse(bytes == NULL ? "" : bytes, (size_t)natsMsg_GetDataLength(answer), &document,
                    why)) {
        why->kind = ERROR_INTERNAL;
        return error_prefix(why, "JetStream's answer");
    }
    const json_t *error = json_object_get(document, "error");
    if (error == NULL)
        return true;
    int64_t http_code = json_integer_value(json_object_get(error, "code"));
    int64_t own_code = json_integer_value(json_object_get(error, "err_code"));
    const char *description = json_string_value(json_object_get(error, "description"));
    if (own_code > 0 && own_code < MAX_CODE)
        *code = (int)own_code;
    return error_set(why, kind_of(http_code, own_code), "%s (%d)",
                     description == NULL ? "refused" : description, *code);
}
