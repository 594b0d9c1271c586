/* Any status, headers and body: no crash, a known class, a bounded wait, a line for people. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "classify.h"

enum { HEADERS = 3, HEADER_SIZE = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first three lines are headers, an empty one did not come; the rest is the body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    char words[HEADERS][HEADER_SIZE] = {0};
    size_t at = 2;
    for (size_t i = 0; i < HEADERS; i++) {
        for (size_t length = 0; at < size && data[at] != '\n'; at++)
            if (length < HEADER_SIZE - 1)
                words[i][length++] = (char)data[at];
        at += at < size;
    }
    struct reply reply = {.kind = REPLY_ANSWERED,
                          .status = 100 + (data[0] << 8 | data[1]) % 500,
                          .retry_after = words[0][0] != '\0' ? words[0] : NULL,
                          .retry_after_ms = words[1][0] != '\0' ? words[1] : NULL,
                          .should_retry = words[2][0] != '\0' ? words[2] : NULL,
                          .body = {data + at, size - at}};
    struct verdict verdict = classify(&reply, 0);
    CHECK(verdict.outcome_class > TP__OUTCOME_CLASS__NO_OUTCOME);
    CHECK(verdict.outcome_class <= TP__OUTCOME_CLASS__ABORTED);
    CHECK(verdict.retry_after_ms <= WAIT_MOST_MS);
    CHECK(verdict.retry_after_ms == 0 || verdict.retry_after_ms >= WAIT_LEAST_MS);
    CHECK(verdict.outcome_class == TP__OUTCOME_CLASS__OK || strlen(verdict.detail) > 0);
    for (const char *c = verdict.detail; *c != '\0'; c++)
        CHECK(*c >= 0x20 && *c < 0x7F);
    return 0;
}
