/* What each post of a call cost: the tokens that the server counted, shared out to the posts that
 * were asked for.
 *
 * 1 Tokens of the prompt are shared by bytes: a post's own text, and an equal part of all that
 *   stands around the texts.
 * 2 Tokens of the answer are shared by the length of what was answered to each post, asked-for
 *   answers that proved invalid included; where nothing was told apart, equally.
 *   The length is that of JSON without blanks in which a number takes USAGE_NUMBER_BYTES and an
 *   escape no more than what it stands for: to write each answer down for it costs too much.
 * 3 Shares are whole, and add up to exactly what was counted: what rounding leaves over goes to the
 *   largest remainders, of equal ones to the first.
 * 4 What falls to posts without a result is nobody's: it stays with the call.
 *
 * Pure; any thread.
 */
#pragma once

#include "answer.h"

enum { USAGE_NUMBER_BYTES = 4 };

/* Rule 2. */
size_t usage_bytes(const json_t *value);

/* Rule 3. All weights may be 0: then they are taken for equal. Times the tokens, they and their sum
 * must stay below 2^64. */
void usage_divide(uint32_t tokens, const uint64_t *weights, size_t count, uint32_t *shares);

/* Tells the results of the outcome their shares, if the usage is known. `sent`: what the call was
 * about, and the answer's posts; request_bytes: of the whole request. */
void usage_apportion(const Tp__Dispatch *sent, const struct answer *answer, size_t request_bytes,
                     Tp__Outcome *outcome);
