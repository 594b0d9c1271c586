/* What fits an author, learnt from the posts that a profile keeps. */
#include <stdlib.h>

#include "profile_state.h"

enum { WEIGHED_POSTS = 200 }; /* of which the scale of the fit is made */

static struct tokens tokens_of(struct profile *profile, struct piece text)
{
    arena_reset(profile->scratch);
    struct tokens tokens = tokens_cut(text, profile->scratch);
    manner_features(&tokens, &profile->bag);
    return tokens;
}

static int compare(const void *one, const void *other)
{
    const double *a = one, *b = other;
    return (*a > *b) - (*a < *b);
}

/* Needs the scale. */
static double usual_fit(struct profile *profile, size_t step)
{
    double fits[WEIGHED_POSTS];
    size_t count = 0;
    for (size_t i = 0; i < profile->text_count; i += step) {
        tokens_of(profile, profile->texts[i]);
        fits[count++] = manner_fit_of_known(&profile->manner, &profile->bag);
    }
    qsort(fits, count, sizeof fits[0], compare);
    return fits[count / 2];
}

static void make_scale(struct profile *profile)
{
    size_t step = profile->text_count / WEIGHED_POSTS + 1;
    manner_begin_scale(&profile->manner);
    for (size_t i = 0; i < profile->text_count; i += step) {
        tokens_of(profile, profile->texts[i]);
        manner_weigh(&profile->manner, &profile->bag);
    }
    manner_end_scale(&profile->manner);
    profile->usual_fit = usual_fit(profile, step);
}

void profile_learn(struct profile *profile)
{
    if (profile->manner.counts == NULL)
        profile->manner = manner_new(profile->arena);
    if (profile->learnt == profile->text_count)
        return;
    for (; profile->learnt < profile->text_count; profile->learnt++) {
        struct tokens tokens = tokens_of(profile, profile->texts[profile->learnt]);
        manner_add(&profile->manner, &profile->bag);
        chain_add(&profile->chain, &tokens);
    }
    make_scale(profile);
    arena_reset(profile->index);
    chain_settle(&profile->chain, profile->index);
}

double profile_fit(struct profile *profile, struct piece text)
{
    profile_learn(profile);
    if (text.length > PROFILE_TEXT_MAX_BYTES)
        text.length = PROFILE_TEXT_MAX_BYTES;
    arena_reset(profile->scratch);
    struct tokens tokens = tokens_cut(tokens_clean(text, profile->scratch), profile->scratch);
    manner_features(&tokens, &profile->bag);
    return manner_fit(&profile->manner, &profile->bag);
}
