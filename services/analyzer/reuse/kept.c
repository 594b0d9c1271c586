#include "kept.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

struct kept {
    Tp__PostResult result; /* of what follows */
    size_t bytes;
    char rest[]; /* the JSON; the model and the version, each with its NUL */
};

struct kept *kept_new(const Tp__PostResult *result)
{
    size_t json = result->data_json.len, model = strlen(result->model) + 1,
           version = strlen(result->prompt_version) + 1;
    size_t bytes = sizeof(struct kept) + json + model + version;
    struct kept *kept = malloc(bytes);
    CHECK(kept != NULL);
    tp__post_result__init(&kept->result);
    kept->bytes = bytes;
    char *at = kept->rest;
    if (json > 0)
        memcpy(at, result->data_json.data, json);
    kept->result.data_json = (ProtobufCBinaryData){json, (uint8_t *)at};
    kept->result.model = memcpy(at + json, result->model, model);
    kept->result.prompt_version = memcpy(at + json + model, result->prompt_version, version);
    kept->result.provenance = result->provenance;
    kept->result.confidence = result->confidence;
    kept->result.text_hash = result->text_hash;
    return kept;
}

void kept_free(struct kept **kept)
{
    free(*kept);
    *kept = NULL;
}

const Tp__PostResult *kept_result(const struct kept *kept)
{
    return &kept->result;
}

size_t kept_bytes(const struct kept *kept)
{
    return kept->bytes;
}
