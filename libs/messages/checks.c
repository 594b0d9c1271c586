#include "messages/checks.h"

#include <inttypes.h>
#include <string.h>

#include "base/uuid.h"
#include "messages/subjects.h"
#include "messages/texts.h"

bool check_version(uint32_t version, struct error *why)
{
    return version == SCHEMA_VERSION ||
           error_set(why, ERROR_INVALID, "schema_version: %u, not %d", version, SCHEMA_VERSION);
}

bool check_set(const char *field, uint32_t value, struct error *why)
{
    return value != 0 || error_set(why, ERROR_INVALID, "%s: missing", field);
}

bool check_range(const char *field, uint64_t value, uint64_t least, uint64_t most,
                 struct error *why)
{
    return (value >= least && value <= most) ||
           error_set(why, ERROR_INVALID, "%s: %" PRIu64 ", must be %" PRIu64 " to %" PRIu64, field,
                     value, least, most);
}

bool check_present(const char *field, const void *part, struct error *why)
{
    return part != NULL || error_set(why, ERROR_INVALID, "%s: missing", field);
}

bool check_uuid(const char *field, const char *text, struct error *why)
{
    return uuid_is_valid(text) || error_set(why, ERROR_INVALID, "%s: not a UUID", field);
}

bool check_uuid_or_empty(const char *field, const char *text, struct error *why)
{
    return text[0] == '\0' || check_uuid(field, text, why);
}

bool check_token(const char *field, const char *text, struct error *why)
{
    return subject_token_is_valid(text) ||
           error_set(why, ERROR_INVALID, "%s: must be 1 to %d of A-Z a-z 0-9 - _", field,
                     TOKEN_MAX_BYTES);
}

bool check_name(const char *field, const char *text, size_t max_bytes, struct error *why)
{
    return id_is_valid(text, max_bytes) ||
           error_set(why, ERROR_INVALID,
                     "%s: must be 1 to %zu bytes of text without control characters", field,
                     max_bytes);
}

bool check_name_or_empty(const char *field, const char *text, size_t max_bytes, struct error *why)
{
    return text[0] == '\0' || check_name(field, text, max_bytes, why);
}

bool check_length(const char *field, const char *text, size_t max_bytes, struct error *why)
{
    return strnlen(text, max_bytes + 1) <= max_bytes ||
           error_set(why, ERROR_INVALID, "%s: longer than %zu bytes", field, max_bytes);
}

bool check_text_bytes(const char *field, ProtobufCBinaryData text, size_t max_bytes,
                      struct error *why)
{
    if (!check_range(field, text.len, 1, max_bytes, why))
        return false;
    return text_is_valid(text.data, text.len) ||
           error_set(why, ERROR_INVALID, "%s: not UTF-8, or with a NUL", field);
}

bool check_tasks(size_t count, const char *const *tasks, struct error *why)
{
    if (!check_range("tasks", count, 0, TASKS_MAX, why))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!check_name("tasks", tasks[i], NAME_MAX_BYTES, why))
            return false;
    }
    return true;
}

bool check_instruction(const char *instruction, ProtobufCBinaryData schema_json, struct error *why)
{
    if (instruction[0] == '\0' && schema_json.len == 0)
        return true;
    return check_range("bytes of instruction", strlen(instruction), 1, INSTRUCTION_MAX_BYTES,
                       why) &&
           check_text_bytes("schema_json", schema_json, ANSWER_SCHEMA_MAX_BYTES, why);
}

bool check_place(const char *job_id, uint32_t chunk_number, struct error *why)
{
    return check_uuid("job_id", job_id, why) &&
           check_range("chunk_number", chunk_number, 0, JOB_MAX_CHUNKS, why);
}

bool check_attempt(uint32_t attempt, struct error *why)
{
    return check_range("attempt", attempt, 1, INT32_MAX, why);
}
