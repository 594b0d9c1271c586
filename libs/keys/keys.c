#include "keys/keys.h"

#include <sodium.h>
#include <string.h>

#include "base/check.h"

#define PREFIX "tp_"

enum { PREFIX_LENGTH = sizeof PREFIX - 1, SECRET_BYTES = 32 };

void key_new(char text[KEY_TEXT_SIZE])
{
    CHECK(sodium_init() >= 0);
    unsigned char secret[SECRET_BYTES];
    randombytes_buf(secret, sizeof secret);
    memcpy(text, PREFIX, PREFIX_LENGTH);
    sodium_bin2base64(text + PREFIX_LENGTH, KEY_TEXT_SIZE - PREFIX_LENGTH, secret, sizeof secret,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(secret, sizeof secret);
}

bool key_is_well_formed(const char *text)
{
    if (strnlen(text, KEY_TEXT_SIZE) != KEY_TEXT_SIZE - 1 ||
        memcmp(text, PREFIX, PREFIX_LENGTH) != 0)
        return false;
    unsigned char secret[SECRET_BYTES];
    size_t length = 0;
    int decoded = sodium_base642bin(secret, sizeof secret, text + PREFIX_LENGTH,
                                    KEY_TEXT_SIZE - 1 - PREFIX_LENGTH, NULL, &length, NULL,
                                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(secret, sizeof secret);
    return decoded == 0 && length == SECRET_BYTES;
}

void key_hash(const char *pepper, const void *secret, size_t length,
              unsigned char hash[KEY_HASH_BYTES])
{
    CHECK(sodium_init() >= 0);
    size_t pepper_length = strlen(pepper);
    CHECK(pepper_length >= crypto_generichash_KEYBYTES_MIN &&
          pepper_length <= crypto_generichash_KEYBYTES_MAX);
    int hashed = crypto_generichash(hash, KEY_HASH_BYTES, secret, length,
                                    (const unsigned char *)pepper, pepper_length);
    CHECK(hashed == 0);
}
