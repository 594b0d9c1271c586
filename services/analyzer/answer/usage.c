#include "usage.h"

#include <string.h>

#include "base/check.h"
#include "messages/messages.h"

enum { FRAME_BYTES = 2, MARK_BYTES = 1, WORD_BYTES = 4 }; /* {} [] "", : or , and null or true */

static size_t array_bytes(const json_t *array)
{
    size_t i, bytes = FRAME_BYTES;
    const json_t *element;
    json_array_foreach (array, i, element)
        bytes += usage_bytes(element) + MARK_BYTES;
    return bytes;
}

static size_t object_bytes(const json_t *lent)
{
    json_t *object = (json_t *)(uintptr_t)lent; /* jansson's iteration wants it mutable */
    size_t bytes = FRAME_BYTES;
    const char *name;
    json_t *member;
    json_object_foreach (object, name, member)
        bytes += FRAME_BYTES + strlen(name) + MARK_BYTES + usage_bytes(member) + MARK_BYTES;
    return bytes;
}

/* No deeper than JSON_MAX_DEPTH. */
size_t usage_bytes(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return object_bytes(value);
    case JSON_ARRAY:
        return array_bytes(value);
    case JSON_STRING:
        return FRAME_BYTES + json_string_length(value);
    case JSON_INTEGER:
    case JSON_REAL:
        return USAGE_NUMBER_BYTES;
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        return WORD_BYTES;
    }
    CHECK_UNREACHABLE();
}

static uint64_t sum_of(const uint64_t *weights, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += weights[i];
    return sum;
}

void usage_divide(uint32_t tokens, const uint64_t *weights, size_t count, uint32_t *shares)
{
    uint64_t remainders[CHUNK_MAX_POSTS], total = sum_of(weights, count);
    CHECK(count > 0 && count <= CHUNK_MAX_POSTS);
    bool are_equal = total == 0;
    if (are_equal)
        total = count;
    uint32_t left = tokens;
    for (size_t i = 0; i < count; i++) {
        uint64_t due = tokens * (are_equal ? 1 : weights[i]);
        shares[i] = (uint32_t)(due / total);
        remainders[i] = due % total;
        left -= shares[i];
    }
    for (; left > 0; left--) {
        size_t largest = 0;
        for (size_t i = 1; i < count; i++)
            if (remainders[i] > remainders[largest])
                largest = i;
        shares[largest]++;
        remainders[largest] = 0;
    }
}

void usage_apportion(const Tp__Dispatch *sent, const struct answer *answer, size_t request_bytes,
                     Tp__Outcome *outcome)
{
    uint64_t asked[CHUNK_MAX_POSTS] = {0}, answered[CHUNK_MAX_POSTS] = {0}, texts = 0;
    uint32_t prompt[CHUNK_MAX_POSTS], completion[CHUNK_MAX_POSTS];
    size_t count = sent->n_posts;
    if (!answer->is_usage_known)
        return;
    for (size_t i = 0; i < count; i++)
        texts += sent->posts[i]->text.len;
    uint64_t frame = request_bytes > texts ? request_bytes - texts : 0;
    for (size_t i = 0; i < count; i++) {
        asked[i] = sent->posts[i]->text.len * count + frame; /* rule 1, each times the count */
        answered[i] = answer->posts[i].bytes;
    }
    usage_divide(answer->prompt_tokens, asked, count, prompt);
    usage_divide(answer->completion_tokens, answered, count, completion);
    for (size_t i = 0, k = 0; i < count && k < outcome->n_results; i++) {
        Tp__PostResult *result = outcome->results[k];
        if (result->seq != sent->posts[i]->seq)
            continue;
        result->prompt_tokens = prompt[i];
        result->completion_tokens = completion[i];
        k++;
    }
}
