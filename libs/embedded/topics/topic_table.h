/* The words of one set of topics, as a hash table that is probed once per token of a post; a phrase
 * is found word by word, each probe going on from the hash of the one before. Of topic_sets.h. */
#pragma once

#include "embedded/text/tokens.h"
#include "topic_sets.h"

struct topic_node {
    uint64_t hash;   /* 0 = empty */
    uint64_t topics; /* bit n: the words up to here are one of topic n */
    bool goes_on;    /* longer phrases begin so */
};

struct topic_set {
    const char *tenant;
    const char **names; /* of the topics */
    size_t topic_count;
    struct topic_node *nodes;
    size_t node_count, mask; /* slots - 1; at least half of them are empty */
    size_t longest_unspaced; /* bytes, of the words in scripts that put no space between words */
};

/* A set without words yet, for at most so many topics and tokens of words. */
struct topic_set topic_set_new(const char *tenant, size_t topics, size_t tokens,
                               struct arena *arena);

/* False: the text has no token that could occur in a post, or too many. */
bool topic_set_add_word(struct topic_set *set, size_t topic, struct piece word);

/* By number of their words in the text; ties by the order of the set. set NULL: the built-in ones
 * (topics.h). */
struct pieces topic_set_topics(const struct topic_set *set, const struct tokens *tokens,
                               struct arena *arena);
