/* The claims that this replica holds at the store (proto/cache.proto). Pure.
 *
 *  1 As long as one is held we must be heard, with a claim or by a sign of life, every SIGN_MS.
 *  2 A sign that was not answered is given again SIGN_AGAIN_MS after it.
 *  3 What is released is told once, the latest first; what is too much to be remembered is not, and
 *    ends by itself.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "messages/messages.h"

struct claims;

struct claims *claims_new(void);
void claims_free(struct claims **claims);

void claims_add(struct claims *claims);
/* It comes to nothing. */
void claims_release(struct claims *claims, const uint8_t key[CACHE_KEY_BYTES]);
/* So many are none of ours any more. */
void claims_leave(struct claims *claims, size_t count);
bool claims_were_made(const struct claims *claims); /* ever */

/* Rule 3: copies up to `most` into `keys`, answers how many. */
size_t claims_take_released(struct claims *claims, uint8_t (*keys)[CACHE_KEY_BYTES], size_t most);
bool claims_has_released(const struct claims *claims);

void claims_signed(struct claims *claims, struct instant now);
/* What was asked then has been heard. */
void claims_heard(struct claims *claims, struct instant asked_at);
struct instant claims_sign_at(const struct claims *claims);
