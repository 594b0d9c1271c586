/* Finds the JSON in what an LLM wrote: whole, or piece by piece where it is not whole.
 * Pure; any thread. Linear in the length, whatever the text. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "json/json.h"

/* The bytes themselves if they are UTF-8, else a copy with U+FFFD for each bad one and *is_clean
 * set to false. */
struct bytes extract_clean(struct bytes bytes, struct arena *arena, bool *is_clean);

/* An object that has an id. is_clean: nothing in it was replaced by extract_clean(). */
typedef void extract_item(void *context, const json_t *item, bool is_clean);
typedef void extract_summary(void *context, const char *words, size_t length);

/* Tells of every object with a member "id", in order, and of the summary if there is one. Answers
 * whether the JSON breaks off in the middle. The text must be UTF-8. */
bool extract_items(const char *text, size_t length, bool is_clean, extract_item *item,
                   extract_summary *summary, void *context);
