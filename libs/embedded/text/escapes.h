/* What HTML escapes stand for: X writes &amp;, &lt; and &gt; into its texts, exports write more.
 * Pure; any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The character of an escape that begins at bytes[*at] (an '&'), which is moved past it; 0, and
 * nothing moved, if there is none. */
uint32_t escape_read(const char *bytes, size_t length, size_t *at);

/* The next code point, an escape read as what it stands for. */
uint32_t escape_next(const char *bytes, size_t length, size_t *at);
