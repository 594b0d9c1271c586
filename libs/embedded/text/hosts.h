/* Names of hosts as twitter-text knows them: labels, top-level domains, and how long they are once
 * encoded. Places are bytes of valid UTF-8. Pure; any thread. */
#pragma once

#include <stdbool.h>

#include "analysis/analysis.h"

/* The end of the label that begins at `at`; `at` if none does. */
size_t host_label_end(struct piece text, size_t at);

/* The end of the longest top-level domain that begins at `at`; 0 if none does. */
size_t host_top_end(struct piece text, size_t at);

/* How many characters the name has in ASCII (RFC 3492); false if a label of it cannot be. */
bool host_encoded_length(struct piece host, size_t *length);
