/* Any status, header and body: no crash, a known class, a bounded wait. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "classify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 20)
        return 0;
    char after[17] = "";
    memcpy(after, data + 2, 16);
    struct reply reply = {.kind = REPLY_ANSWERED,
                          .status = 100 + (data[0] << 8 | data[1]) % 500,
                          .retry_after = after,
                          .body = {data + 18, size - 18}};
    struct verdict verdict = classify(&reply, 0);
    CHECK(verdict.outcome_class > TP__OUTCOME_CLASS__NO_OUTCOME);
    CHECK(verdict.outcome_class <= TP__OUTCOME_CLASS__ABORTED);
    CHECK(verdict.retry_after_ms <= WAIT_MOST_MS);
    return 0;
}
