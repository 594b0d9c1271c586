/* How a post is built. Pure; any thread.
 *
 * hook            its first line or sentence draws the reader on: a question, a colon, dots, a
 *                 pointing hand, a short line with a blank one behind it; or it begins as such
 *                 posts do ("breaking", "imagine", "unpopular opinion"); of a retweet, behind
 *                 "RT @anna:"
 * question        a question mark
 * list            two lines or more that begin with a bullet, a number or an emoji
 * thread          "1/7" of at most 25 or "2/" at the very beginning or end (not "4/5 stars", 9/11
 * and 10/10), "a thread", "thread:" or a spool call to action  asks the reader to do something:
 * "follow", "sign up", "link in bio" reply           begins with a mention retweet         begins
 * with RT and a mention exclamation     an exclamation mark lines           has several shouting a
 * word of four letters or more in capitals
 */
#pragma once

#include <stdint.h>

#include "embedded/text/tokens.h"

enum trait {
    TRAIT_HOOK,
    TRAIT_QUESTION,
    TRAIT_LIST,
    TRAIT_THREAD,
    TRAIT_CALL_TO_ACTION,
    TRAIT_REPLY,
    TRAIT_RETWEET,
    TRAIT_EXCLAMATION,
    TRAIT_LINES,
    TRAIT_SHOUTING,
};
#define TRAIT_COUNT 10

/* "hook", ...: as in the profile's JSON. */
const char *trait_name(enum trait trait);

/* Bit n: trait n. `text` is what the tokens were cut from. */
uint32_t traits_find(const struct tokens *tokens, struct piece text);
