/* How well found names agree with marked ones: a name is right if both its ends are. Any thread. */
#pragma once

#include "posts.h"

struct tally {
    size_t right, found, marked;
};

struct score {
    struct tally untyped, typed; /* of every name marked */
    /* The same without the users that the data splits as "@ user" and marks as names. */
    struct tally plain_untyped, plain_typed;
    struct tally types[NAME_OTHER + 1]; /* plain, typed */
};

/* Adds one post. */
void score_add(struct score *score, const struct marked_post *post, const struct entities *found);

double tally_f1(const struct tally *tally);
