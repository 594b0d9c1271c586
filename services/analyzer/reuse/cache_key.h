/* Under which key a post's result is kept, so that the same post is not asked for twice.
 *
 *   cache_scope_hash(&scope, secret, hash);             once for a dispatch
 *   cache_key(hash, secret, text, length, key);         for each of its posts
 *
 * The scope is all that makes the answer to one text another: the tenant (unless results are
 * shared), the tasks in any order, the instruction with its schema, the version of the prompt and
 * the model. Of a text count its characters after NFC, without white space at its ends, and with a
 * run of it as one space; nothing else is levelled: case, punctuation and emoji are a post's tone.
 * A text that is no UTF-8 counts byte by byte. Keys are keyed BLAKE2b-256, so that nobody without
 * the secret can tell from a key what was analysed. Pure; any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "messages/messages.h"

struct cache_scope {
    const char *tenant_id; /* NULL = of all tenants */
    size_t task_count;
    const char *const *tasks;
    const char *instruction;
    struct bytes schema;
    const char *prompt_version, *model;
};

void cache_scope_hash(const struct cache_scope *scope, const char *secret,
                      uint8_t hash[CACHE_KEY_BYTES]);

void cache_key(const uint8_t scope[CACHE_KEY_BYTES], const char *secret, const char *text,
               size_t length, uint8_t key[CACHE_KEY_BYTES]);

/* The text as it counts, appended. */
void cache_key_normalise(const char *text, size_t length, struct text *normal);
