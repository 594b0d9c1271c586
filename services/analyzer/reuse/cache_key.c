#include "cache_key.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/scoped.h"
#include "keys/keys.h"

_Static_assert((int)KEY_HASH_BYTES == (int)CACHE_KEY_BYTES, "a cache key is such a hash");

/* With its length in front: no two lists of fields are the same bytes. */
static void add_field(struct text *fields, const void *bytes, size_t length)
{
    text_format(fields, "%zu:", length);
    text_add_bytes(fields, bytes, length);
}

static void add_string(struct text *fields, const char *string)
{
    add_field(fields, string, strlen(string));
}

/* The least that sorts after `last`, or NULL. */
static const char *next_task(const struct cache_scope *scope, const char *last)
{
    const char *next = NULL;
    for (size_t i = 0; i < scope->task_count; i++) {
        const char *task = scope->tasks[i];
        if (strcmp(task, last) > 0 && (next == NULL || strcmp(task, next) < 0))
            next = task;
    }
    return next;
}

/* In order, each once; no field begins with the mark behind them. */
static void add_tasks(struct text *fields, const struct cache_scope *scope)
{
    for (const char *task = ""; (task = next_task(scope, task)) != NULL;)
        add_string(fields, task);
    text_add_char(fields, ';');
}

void cache_scope_hash(const struct cache_scope *scope, const char *secret,
                      uint8_t hash[CACHE_KEY_BYTES])
{
    SCOPED(text_free) struct text fields = {0};
    text_add(&fields, scope->tenant_id != NULL ? "one tenant;" : "all tenants;");
    if (scope->tenant_id != NULL)
        add_string(&fields, scope->tenant_id);
    add_tasks(&fields, scope);
    add_string(&fields, scope->instruction);
    add_field(&fields, scope->schema.at, scope->schema.length);
    add_string(&fields, scope->prompt_version);
    add_string(&fields, scope->model);
    key_hash(secret, fields.chars, fields.length, hash);
}

static bool is_ascii(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] >= 0x80)
            return false;
    }
    return true;
}

static bool is_white(utf8proc_int32_t c)
{
    if (c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85)
        return true;
    utf8proc_category_t category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
           category == UTF8PROC_CATEGORY_ZP;
}

static bool is_plain(utf8proc_uint8_t byte)
{
    return byte > ' ' && byte < 0x7F;
}

/* Bytes of the words that begin there and need nothing done: most texts are one such run. */
static size_t plain_run(const utf8proc_uint8_t *text, size_t length)
{
    size_t end = 0;
    while (end < length && (is_plain(text[end]) || (text[end] == ' ' && end > 0 &&
                                                    end + 1 < length && is_plain(text[end + 1]))))
        end++;
    return end;
}

/* One space for each run, none at the ends. */
static void add_collapsed(const utf8proc_uint8_t *text, size_t length, struct text *normal)
{
    bool has_gap = false, has_begun = false;
    for (size_t at = 0; at < length;) {
        utf8proc_int32_t c = 0;
        size_t step = plain_run(text + at, length - at);
        utf8proc_ssize_t took = 0;
        if (step == 0) {
            took = utf8proc_iterate(text + at, (utf8proc_ssize_t)(length - at), &c);
            step = took > 0 ? (size_t)took : 1;
        }
        if (took > 0 && is_white(c)) {
            has_gap = has_begun;
        } else {
            if (has_gap)
                text_add_char(normal, ' ');
            text_add_bytes(normal, (const char *)text + at, step);
            has_gap = false;
            has_begun = true;
        }
        at += step;
    }
}

void cache_key_normalise(const char *text, size_t length, struct text *normal)
{
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
    utf8proc_uint8_t *composed = NULL;
    if (!is_ascii(text, length)) {
        utf8proc_ssize_t made = utf8proc_map(bytes, (utf8proc_ssize_t)length, &composed,
                                             UTF8PROC_STABLE | UTF8PROC_COMPOSE);
        if (made >= 0)
            add_collapsed(composed, (size_t)made, normal);
        else
            text_add_bytes(normal, text, length);
        free(composed);
        return;
    }
    add_collapsed(bytes, length, normal);
}

void cache_key(const uint8_t scope[CACHE_KEY_BYTES], const char *secret, const char *text,
               size_t length, uint8_t key[CACHE_KEY_BYTES])
{
    SCOPED(text_free) struct text normal = {0};
    text_add_bytes(&normal, (const char *)scope, CACHE_KEY_BYTES);
    cache_key_normalise(text, length, &normal);
    key_hash(secret, normal.chars, normal.length, key);
}
