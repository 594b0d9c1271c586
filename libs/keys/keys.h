/* API keys: how they look and how they are kept.
 *
 * A key is "tp_" and 43 characters of base64url, 256 random bits. Kept is only its keyed BLAKE2b
 * hash, under a pepper that all gateways and stores share. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { KEY_TEXT_SIZE = 3 + 43 + 1, KEY_HASH_BYTES = 32 };

void key_new(char text[KEY_TEXT_SIZE]);
bool key_is_well_formed(const char *text);

/* Hash of a key, or of anything secret, under the pepper (any length from 16 to 64 bytes). */
void key_hash(const char *pepper, const void *secret, size_t length,
              unsigned char hash[KEY_HASH_BYTES]);
