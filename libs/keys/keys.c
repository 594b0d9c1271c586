#include "keys/keys.h"

#include <sodium.h>
#include <string.h>

#include "base/check.h"

#define PREFIX "tp_"

enum { PREFIX_LENGTH = sizeof PREFIX - 1, SECRET_BYTES = 32, SECRET_CHARS = 43 };

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

/* By hand: libsodium 1.0.18 takes bytes beyond ASCII for letters. */
bool key_is_well_formed(const char *text)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    static const char last_ones[] = "AEIMQUYcgkosw048"; /* the last of 43 bears four bits */
    if (strncmp(text, PREFIX, PREFIX_LENGTH) != 0)
        return false;
    const char *secret = text + PREFIX_LENGTH;
    return strnlen(secret, SECRET_CHARS + 1) == SECRET_CHARS &&
           strspn(secret, alphabet) == SECRET_CHARS &&
           strchr(last_ones, secret[SECRET_CHARS - 1]) != NULL;
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
