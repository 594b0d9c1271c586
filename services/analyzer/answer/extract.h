/* Finds the JSON in what an LLM wrote: whole, or piece by piece where it is not whole.
 *
 * 1 What may stand before it is skipped: white space, a <think> block. What is nothing but JSON is
 *   parsed once. A document that is one string is looked into, and so is a string that stands where
 *   the results should.
 * 2 Else each outermost {...} is looked at: parsed whole, or, if it is no JSON or is not closed,
 * the ones within it, to some depth. Quotes in prose count for nothing, those within an object do;
 *   {"id": begins an object wherever it stands: no string of JSON can hold it.
 * 3 An object with an id is told as one; what stands within it is its own affair.
 * 4 The text breaks off if an object is not closed, if white space without end follows, or if a
 *   <think> block does not end.
 *
 * Pure; any thread. Linear in the length, whatever the text; it must be UTF-8.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"

/* Whom to tell, in the order of the text. */
struct extract_listener {
    void (*item)(void *context, const json_t *item);
    void (*broken)(void *context, int64_t id); /* an object with that id which is no JSON */
    void (*summary)(void *context, const char *words, size_t length);
    void *context;
    bool is_mended; /* an object with U+FFFD in it is broken, though it is JSON */
};

/* Answers whether the text breaks off. */
bool extract_items(const char *text, size_t length, const struct extract_listener *listener);
