/* Any file: no crash, and what is accepted keeps what the header promises. */
#include <string.h>

#include "base/check.h"
#include "endpoints/endpoints.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED(endpoints_close) struct endpoints endpoints = {0};
    SCOPED(text_free) struct text faults = {0};
    if (!endpoints_parse("S", (struct bytes){data, size}, &endpoints, &faults)) {
        CHECK(faults.length > 0 && faults.chars[faults.length - 1] == '\n');
        CHECK(endpoints.count == 0);
        return 0;
    }
    CHECK(faults.length == 0);
    CHECK(endpoints.count >= 1 && endpoints.count <= ENDPOINTS_MAX);
    for (size_t i = 0; i < endpoints.count; i++) {
        const struct endpoint *endpoint = &endpoints.list[i];
        CHECK(endpoints_find(&endpoints, endpoint->name) == endpoint);
        CHECK(endpoint_url_is_valid(endpoint->base_url));
        CHECK(endpoint->model[0] != '\0' && endpoint->api_key[0] == '\0');
    }
    return 0;
}
