#include "claims.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum {
    SIGN_MS = CLAIMANT_HEARD_MS / 3,
    SIGN_AGAIN_MS = 250,
    MOST_RELEASED = 100 * CHUNK_MAX_POSTS,
};

struct claims {
    size_t held;
    bool were_made;
    struct instant sign_at;
    size_t released_count, released_room;
    uint8_t (*released)[CACHE_KEY_BYTES];
};

struct claims *claims_new(void)
{
    struct claims *claims = calloc(1, sizeof *claims);
    CHECK(claims != NULL);
    return claims;
}

void claims_free(struct claims **claims)
{
    if (*claims == NULL)
        return;
    free((*claims)->released);
    free(*claims);
    *claims = NULL;
}

void claims_add(struct claims *claims)
{
    claims->held++;
    claims->were_made = true;
}

void claims_leave(struct claims *claims, size_t count)
{
    CHECK(claims->held >= count);
    claims->held -= count;
}

bool claims_were_made(const struct claims *claims)
{
    return claims->were_made;
}

void claims_release(struct claims *claims, const uint8_t key[CACHE_KEY_BYTES])
{
    claims_leave(claims, 1);
    if (claims->released_count == MOST_RELEASED)
        return;
    if (claims->released_count == claims->released_room) {
        claims->released_room += CHUNK_MAX_POSTS;
        void *grown = realloc(claims->released, claims->released_room * CACHE_KEY_BYTES);
        CHECK(grown != NULL);
        claims->released = grown;
    }
    memcpy(claims->released[claims->released_count++], key, CACHE_KEY_BYTES);
}

size_t claims_take_released(struct claims *claims, uint8_t (*keys)[CACHE_KEY_BYTES], size_t most)
{
    size_t count = 0;
    while (count < most && claims->released_count > 0)
        memcpy(keys[count++], claims->released[--claims->released_count], CACHE_KEY_BYTES);
    return count;
}

bool claims_has_released(const struct claims *claims)
{
    return claims->released_count > 0;
}

void claims_signed(struct claims *claims, struct instant now)
{
    claims->sign_at = instant_plus_ms(now, SIGN_AGAIN_MS);
}

void claims_heard(struct claims *claims, struct instant asked_at)
{
    claims->sign_at = instant_plus_ms(asked_at, SIGN_MS);
}

struct instant claims_sign_at(const struct claims *claims)
{
    return claims->held > 0 ? claims->sign_at : (struct instant){INT64_MAX};
}
