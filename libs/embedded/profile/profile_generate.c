#include <math.h>
#include <string.h>

#include "base/splitmix.h"
#include "embedded/text/characters.h"
#include "embedded/text/post_length.h"
#include "embedded/words/vocabulary.h"
#include "profile_state.h"
#include "speech.h"

enum {
    WALKS = 48,       /* the best of so many is told */
    MOST_WALKS = 500, /* made until there is one at all */
    POST_MOST_LETTERS = 280,
    POST_MOST_BYTES = 4 * POST_MOST_LETTERS,
    SCRATCH_BYTES = POST_MOST_BYTES * 512,
    LEAST_WORDS = 2,
    TAGS_MAX = 4,
};

/* A walk as it stands, and how well it serves. */
struct draft {
    struct text text;
    double fit, worth;
};

/* Blanks at both ends and doubled ones at its beginning come from what was left out. */
static struct piece trimmed(const struct text *text, size_t begin)
{
    size_t end = text->length;
    while (begin < end && (text->chars[begin] == ' ' || text->chars[begin] == '\n'))
        begin++;
    while (end > begin && (text->chars[end - 1] == ' ' || text->chars[end - 1] == '\n'))
        end--;
    return (struct piece){text->chars + begin, end - begin};
}

static uint32_t count_kind(const struct tokens *tokens, enum token_kind kind)
{
    uint32_t count = 0;
    for (size_t i = 0; i < tokens->count; i++)
        count += tokens->items[i].kind == kind;
    return count;
}

/* Hashtags of the author's, by how often they come, until there are as many as there should be. */
static void add_hashtags(const struct profile *profile, uint64_t *random, uint32_t missing,
                         struct text *out)
{
    size_t places[TOP_MAX];
    size_t count = tally_top(&profile->hashtags.names, places, TOP_MAX);
    for (uint32_t added = 0; count > 0 && added < missing && added < TAGS_MAX; added++) {
        size_t place = splitmix_next(random) % count;
        const struct tallied *tag = &profile->hashtags.names.items[places[place]];
        text_add(out, " #");
        text_add_bytes(out, tag->text.at, tag->text.length);
        memmove(places + place, places + place + 1, (count - place - 1) * sizeof *places);
        count--;
    }
}

/* 0..1: as built and as long as the post that it is made after. */
static double likeness(const struct template *template, const struct tokens *tokens,
                       struct piece text)
{
    uint32_t letters = (uint32_t)character_count(text.at, text.length);
    uint32_t wanted = template->length < POST_MOST_LETTERS ? template->length : POST_MOST_LETTERS;
    double apart = fabs((double)letters - (double)wanted) / ((double)wanted + 1);
    uint32_t others = template->traits ^ traits_find(tokens, text);
    int known = __builtin_popcount(others & ~(1u << TRAIT_REPLY | 1u << TRAIT_RETWEET));
    return 0.5 / (1 + apart) + 0.5 / (1 + known);
}

/* Also what only looks like one, as "http://[link]". */
static bool has_link(const struct tokens *tokens)
{
    for (size_t i = 0; i < tokens->count; i++) {
        const struct token *token = &tokens->items[i];
        bool is_slash = token->kind == TOKEN_MARK && token->first == '/' && i > 0;
        if (token->kind == TOKEN_URL ||
            (is_slash && token[-1].kind == TOKEN_MARK && token[-1].first == ':'))
            return true;
    }
    return false;
}

/* False: it is no post, too long a one, a copy or mostly a piece of one. What fits better than the
 * author's own posts mostly do is no better for it, but less like them. */
static bool judge(struct profile *profile, const struct template *template, struct draft *draft)
{
    SCOPED(arena_close) struct arena *arena = arena_open(SCRATCH_BYTES);
    struct piece text = trimmed(&draft->text, 0);
    struct tokens tokens = tokens_cut(text, arena);
    if (speech_words(&tokens) < LEAST_WORDS ||
        !post_length_measure(text, &POST_LENGTH_RULES, arena).is_valid ||
        count_kind(&tokens, TOKEN_MENTION) > 0 || has_link(&tokens) ||
        chain_is_copy(&profile->chain, &tokens) || chain_is_piece(&profile->chain, &tokens))
        return false;
    manner_features(&tokens, &profile->bag);
    draft->fit = manner_fit_of_own(&profile->manner, &profile->bag);
    draft->worth = likeness(template, &tokens, text) - fabs(draft->fit - profile->usual_fit);
    return true;
}

static bool walk(struct profile *profile, const struct template *template, uint64_t *random,
                 struct draft *draft)
{
    const struct walk_bounds bounds = {.wanted = template->length, .most = POST_MOST_BYTES};
    text_clear(&draft->text);
    if (!chain_walk(&profile->chain, random, &bounds, &draft->text))
        return false;
    SCOPED(arena_close) struct arena *arena = arena_open(SCRATCH_BYTES);
    struct tokens tokens = tokens_cut(trimmed(&draft->text, 0), arena);
    uint32_t hashtags = count_kind(&tokens, TOKEN_HASHTAG);
    if (hashtags < template->hashtags)
        add_hashtags(profile, random, template->hashtags - hashtags, &draft->text);
    return judge(profile, template, draft);
}

bool profile_generate(struct profile *profile, uint64_t seed, struct text *out, double *fit,
                      struct error *why)
{
    profile_learn(profile);
    uint64_t random = seed;
    if (profile->template_count == 0)
        return error_set(why, ERROR_NOT_FOUND, "there is no post to learn from");
    struct template template = profile->templates[splitmix_next(&random) % profile->template_count];
    SCOPED(text_free) struct text best = {0};
    struct draft draft = {0};
    double worth = -1;
    for (int i = 0; i < WALKS || (best.length == 0 && i < MOST_WALKS); i++) {
        if (!walk(profile, &template, &random, &draft) || draft.worth <= worth)
            continue;
        struct piece text = trimmed(&draft.text, 0);
        text_clear(&best);
        text_add_bytes(&best, text.at, text.length);
        worth = draft.worth;
        *fit = draft.fit;
    }
    text_free(&draft.text);
    if (best.length == 0)
        return error_set(why, ERROR_NOT_FOUND,
                         "the posts are too few, or too much alike, to make a new one of them");
    text_add_bytes(out, best.chars, best.length);
    return true;
}
