/* A string that grows: for building JSON, SQL documents, pages and metrics.
 *
 * SCOPED(text_free) struct text t = {0};  text_add(&t, "x");  use t.chars, t.length
 * chars is NULL while empty, else NUL-terminated. One thread at a time. Lack of memory aborts:
 * whoever adds what comes from outside has bounded it before.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct text {
    char *chars;
    size_t length, capacity;
};

void text_free(struct text *text);

/* Empties it and keeps the memory. */
void text_clear(struct text *text);

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const void *bytes, size_t length);
void text_add_char(struct text *text, char c);
void text_add_count(struct text *text, uint64_t count); /* in decimal */
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The bytes as a JSON string with its quotes. They must be UTF-8; control characters, quotes and
 * backslashes are escaped, and U+2028 and U+2029 too, so that it also is a JavaScript string. */
void text_add_json(struct text *text, const char *bytes, size_t length);

/* "name":"value" of the object that the text ends in: behind a comma, unless it is the first of it
 * or of the text. The name is written as it is. */
void text_add_json_member(struct text *text, const char *name, const char *value);

/* Gives back what it has reserved beyond its contents: for what is kept long. */
void text_fit(struct text *text);

/* The contents, handed to the caller, who frees them; never NULL. The text is empty afterwards. */
char *text_take(struct text *text);
