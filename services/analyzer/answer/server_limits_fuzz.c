/* Any six headers: no crash, and what is believed is within the bounds of the rules. */
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "server_limits.h"

enum { HEADERS = 6, HEADER_SIZE = 64, MOST = 1000 * 1000 * 1000, DAY_MS = 24 * 3600 * 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char words[HEADERS][HEADER_SIZE] = {0};
    size_t lengths[HEADERS] = {0}, nth = 0;
    for (size_t i = 0; i < size && nth < HEADERS; i++) {
        if (data[i] == '\n')
            nth++;
        else if (lengths[nth] < HEADER_SIZE - 1)
            words[nth][lengths[nth]++] = (char)data[i];
    }
    const struct limit_headers headers = {words[0], words[1], words[2],
                                          words[3], words[4], words[5]};
    Tp__ServerLimits limits;
    bool is_said = server_limits_read(&headers, &limits);
    CHECK(limits.requests <= MOST && limits.tokens <= MOST);
    CHECK(limits.requests == 0 || limits.requests_left <= limits.requests);
    CHECK(limits.tokens == 0 || limits.tokens_left <= limits.tokens);
    CHECK(limits.requests_reset_ms <= DAY_MS && limits.tokens_reset_ms <= DAY_MS);
    CHECK(is_said || (limits.requests == 0 && limits.tokens_reset_ms == 0));
    return 0;
}
