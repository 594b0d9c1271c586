/* What a profile keeps; shared by its parts: profile.c counts, profile_json.c writes,
 * profile_generate.c makes new posts. Of profile.h. */
#pragma once

#include "chain.h"
#include "embedded/topics/tally.h"
#include "manner.h"
#include "profile.h"
#include "traits.h"

enum {
    LENGTH_MAX = 1000, /* what is longer counts as this */
    TOP_MAX = 10,
    PROFILE_SCRATCH_BYTES = PROFILE_TEXT_MAX_BYTES * 256,
    TEMPLATES_MAX = 1 << 12,
    TEXTS_MAX = 1 << 16, /* kept to learn from, and their bytes */
    TEXTS_MAX_BYTES = 8 << 20,
};

/* How long posts are: exact, of whole numbers. */
struct spread {
    uint32_t counts[LENGTH_MAX + 1];
    uint64_t sum, squares;
};

/* Tags, mentions, ...: which, and how many. */
struct named {
    struct tally names;
    size_t count, posts; /* all of them; posts that have one */
};

/* What a new post is made after. */
struct template
{
    uint32_t length, traits, hashtags;
};

struct profile {
    struct arena *arena, *scratch; /* what is kept; what one post needs */
    struct arena *index;           /* of the chain */
    const struct topic_set *topic_set;
    size_t posts, own, dated; /* all; those that are no retweets */
    struct spread letters, words;
    uint32_t hours[24], weekdays[7];
    uint32_t traits[TRAIT_COUNT];
    uint32_t labels[3];
    double scores;
    struct named hashtags, mentions, emoji, urls; /* URLs by their hosts */
    struct tally topics, languages, keywords;
    struct template *templates;
    size_t template_count;
    /* To be learnt from when somebody asks for it, which costs as much as all the rest. */
    struct piece *texts;
    size_t text_count, text_capacity, text_bytes;
    size_t learnt;  /* texts that manner and chain know */
    struct bag bag; /* of the post in hand */
    struct manner manner;
    double usual_fit; /* the median of the own posts, each without itself */
    struct chain chain;
};

/* Makes manner and chain ready, if posts have come since: profile_learn.c. */
void profile_learn(struct profile *profile);

/* The smallest length that `percent` of the posts do not exceed. */
uint32_t spread_percentile(const struct spread *spread, size_t posts, unsigned percent);
