/* Who is behind an API key, as far as we know already; and who tries too many wrong ones.
 *
 * Known keys are trusted for KEYRING_KNOWN_MS and unknown ones refused for KEYRING_UNKNOWN_MS
 * without asking the store. An address with more than KEYRING_MAX_FAILURES wrong keys within
 * KEYRING_FAILURE_WINDOW_MS is blocked until the window ends; keys that were good when last seen
 * pass all the same, for many clients may share an address. Both tables have a fixed size, and the
 * newest replaces what is in its place. Only hashes of keys are kept. Pure: `now` is an argument.
 * Thread-safe.
 */
#pragma once

#include <stdbool.h>

#include "base/clock.h"
#include "keys/keys.h"

enum {
    KEYRING_KNOWN_MS = 30000,
    KEYRING_UNKNOWN_MS = 5000,
    KEYRING_MAX_FAILURES = 20,
    KEYRING_FAILURE_WINDOW_MS = 60000,
};

struct identity {
    char tenant[65], key_id[65], name[201], role[17];
};

enum keyring_answer {
    KEYRING_KNOWN,   /* the identity is filled in */
    KEYRING_REFUSED, /* no such key, as of a moment ago */
    KEYRING_BLOCKED, /* the address tried too often */
    KEYRING_ASK,     /* ask the store */
};

struct keyring;
struct keyring *keyring_new(void);
void keyring_free(struct keyring **keyring);

enum keyring_answer keyring_look(struct keyring *keyring, const unsigned char hash[KEY_HASH_BYTES],
                                 const char *address, struct instant now,
                                 struct identity *identity);

/* What the store said: whose key it is, or NULL for nobody's. */
void keyring_learn(struct keyring *keyring, const unsigned char hash[KEY_HASH_BYTES],
                   const struct identity *identity, struct instant now);

/* A wrong key came from this address. */
void keyring_note_failure(struct keyring *keyring, const char *address, struct instant now);
bool keyring_is_blocked(struct keyring *keyring, const char *address, struct instant now);
