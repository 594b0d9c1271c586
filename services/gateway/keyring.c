#include "keyring.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { PLACES = 1024, ADDRESS_SIZE = 48 };

struct known_key {
    unsigned char hash[KEY_HASH_BYTES];
    bool is_good;
    struct instant until;
    struct identity identity;
};

struct suspect {
    char address[ADDRESS_SIZE];
    int failures;
    struct instant until;
};

struct keyring {
    pthread_mutex_t lock;
    struct known_key keys[PLACES];
    struct suspect suspects[PLACES];
};

struct keyring *keyring_new(void)
{
    struct keyring *keyring = calloc(1, sizeof *keyring);
    CHECK(keyring != NULL);
    pthread_mutex_init(&keyring->lock, NULL);
    return keyring;
}

void keyring_free(struct keyring **keyring)
{
    if (!*keyring)
        return;
    pthread_mutex_destroy(&(*keyring)->lock);
    free(*keyring);
    *keyring = NULL;
}

/* Hashes are even already. */
static struct known_key *key_place(struct keyring *keyring, const unsigned char *hash)
{
    return &keyring->keys[(hash[0] | hash[1] << 8) % PLACES];
}

static struct suspect *suspect_place(struct keyring *keyring, const char *address)
{
    uint64_t mixed = UINT64_C(14695981039346656037); /* FNV-1a */
    for (const char *c = address; *c; c++)
        mixed = (mixed ^ (unsigned char)*c) * UINT64_C(1099511628211);
    return &keyring->suspects[mixed % PLACES];
}

static bool is_blocked(struct keyring *keyring, const char *address, struct instant now)
{
    const struct suspect *suspect = suspect_place(keyring, address);
    return strcmp(suspect->address, address) == 0 && instant_is_before(now, suspect->until) &&
           suspect->failures > KEYRING_MAX_FAILURES;
}

enum keyring_answer keyring_look(struct keyring *keyring, const unsigned char hash[KEY_HASH_BYTES],
                                 const char *address, struct instant now, struct identity *identity)
{
    pthread_mutex_lock(&keyring->lock);
    const struct known_key *key = key_place(keyring, hash);
    bool is_met = memcmp(key->hash, hash, KEY_HASH_BYTES) == 0;
    bool is_fresh = is_met && instant_is_before(now, key->until);
    enum keyring_answer answer = KEYRING_ASK;
    if (is_met && key->is_good) {
        *identity = key->identity;
        answer = is_fresh ? KEYRING_KNOWN : KEYRING_ASK;
    } else if (is_blocked(keyring, address, now)) {
        answer = KEYRING_BLOCKED;
    } else if (is_fresh) {
        answer = KEYRING_REFUSED;
    }
    pthread_mutex_unlock(&keyring->lock);
    return answer;
}

void keyring_learn(struct keyring *keyring, const unsigned char hash[KEY_HASH_BYTES],
                   const struct identity *identity, struct instant now)
{
    pthread_mutex_lock(&keyring->lock);
    struct known_key *key = key_place(keyring, hash);
    memcpy(key->hash, hash, KEY_HASH_BYTES);
    key->is_good = identity != NULL;
    key->until = instant_plus_ms(now, identity ? KEYRING_KNOWN_MS : KEYRING_UNKNOWN_MS);
    if (identity)
        key->identity = *identity;
    pthread_mutex_unlock(&keyring->lock);
}

void keyring_note_failure(struct keyring *keyring, const char *address, struct instant now)
{
    pthread_mutex_lock(&keyring->lock);
    struct suspect *suspect = suspect_place(keyring, address);
    if (strcmp(suspect->address, address) != 0 || !instant_is_before(now, suspect->until)) {
        *suspect = (struct suspect){.until = instant_plus_ms(now, KEYRING_FAILURE_WINDOW_MS)};
        snprintf(suspect->address, sizeof suspect->address, "%s", address);
    }
    suspect->failures++;
    pthread_mutex_unlock(&keyring->lock);
}

bool keyring_is_blocked(struct keyring *keyring, const char *address, struct instant now)
{
    pthread_mutex_lock(&keyring->lock);
    bool blocked = is_blocked(keyring, address, now);
    pthread_mutex_unlock(&keyring->lock);
    return blocked;
}
