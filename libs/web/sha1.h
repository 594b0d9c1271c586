/* SHA-1 (FIPS 180-4), for the WebSocket handshake, which demands it. Never for secrets. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { SHA1_BYTES = 20, SHA1_MAX_INPUT = 119 };

/* length is at most SHA1_MAX_INPUT: two blocks, all that a handshake needs. */
void sha1(const void *bytes, size_t length, uint8_t digest[SHA1_BYTES]);
