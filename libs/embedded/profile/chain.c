#include "chain.h"

#include <string.h>

#include "base/check.h"
#include "embedded/words/vocabulary.h"

enum {
    LEAST_SLOTS = 64,
    MOST_TRIED = 32,  /* steps behind the same words that one is chosen from */
    LONGEST_RUN = 3,  /* steps of one post in a row, while there is another way by two words */
    LONGEST_LINE = 6, /* the same, while there is one by a single word */
    MOST_STEPS = 400,
    LEAST_COPIED = 4, /* words of a post that may not stand in another */
};

struct chain chain_new(struct arena *arena)
{
    return (struct chain){.arena = arena,
                          .words = {.arena = arena, .most = CHAIN_MAX_WORDS},
                          .posts = {.arena = arena, .most = CHAIN_MAX_STEPS}};
}

uint64_t chain_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* ---- what is known ---- */

static bool is_counted(const struct token *token)
{
    return token->kind == TOKEN_WORD || token->kind == TOKEN_HASHTAG;
}

static uint64_t hash_next(uint64_t hash, const struct token *token)
{
    return (hash ^ token->hash) * UINT64_C(0x9E3779B97F4A7C15) + 1;
}

static uint64_t hash_of_post(const struct tokens *tokens, size_t *words)
{
    uint64_t hash = 0;
    *words = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        if (!is_counted(&tokens->items[i]))
            continue;
        hash = hash_next(hash, &tokens->items[i]);
        ++*words;
    }
    return hash;
}

static void add_step(struct chain *chain, uint32_t step)
{
    if (chain->count == chain->capacity) {
        size_t capacity = chain->capacity > 0 ? 2 * chain->capacity : LEAST_SLOTS;
        uint32_t *steps = arena_array(chain->arena, uint32_t, capacity);
        if (chain->count > 0)
            memcpy(steps, chain->steps, chain->count * sizeof *steps);
        chain->steps = steps;
        chain->capacity = capacity;
    }
    chain->steps[chain->count++] = step;
}

/* The blank before a token, as it will be written: none, a space, a line's end or two. */
static const char *blank_before(const struct tokens *tokens, size_t nth)
{
    const struct token *token = &tokens->items[nth];
    if (nth == 0)
        return " ";
    const struct token *before = &tokens->items[nth - 1];
    int breaks = 0;
    for (const char *c = before->raw.at + before->raw.length; c < token->raw.at; c++)
        breaks += *c == '\n';
    return breaks > 1 ? "\n\n" : breaks == 1 ? "\n" : token->is_glued ? "" : " ";
}

static bool is_walked(const struct token *token)
{
    return token->kind != TOKEN_URL && token->kind != TOKEN_MENTION &&
           token->raw.length <= CHAIN_WORD_MAX_BYTES;
}

static void add_token(struct chain *chain, const struct tokens *tokens, size_t nth)
{
    const struct token *token = &tokens->items[nth];
    char written[CHAIN_WORD_MAX_BYTES + 3];
    const char *blank = blank_before(tokens, nth);
    size_t blanks = strlen(blank);
    bool was_left_out = nth > 0 && !is_walked(&tokens->items[nth - 1]);
    if (was_left_out && token->kind == TOKEN_MARK && blanks == 0)
        return; /* the colon behind a mention */
    memcpy(written, blank, blanks);
    memcpy(written + blanks, token->raw.at, token->raw.length);
    struct piece word = {written, blanks + token->raw.length};
    size_t place = tally_add(&chain->words, hash_bytes(HASH_BEGIN, word.at, word.length), word);
    if (place != TALLY_NONE)
        add_step(chain, (uint32_t)place + 1);
}

void chain_add(struct chain *chain, const struct tokens *tokens)
{
    size_t words;
    uint64_t hash = hash_of_post(tokens, &words);
    if (words == 0 || chain->count + tokens->count + 2 > CHAIN_MAX_STEPS)
        return;
    size_t known = chain->posts.count;
    tally_add(&chain->posts, hash, (struct piece){"", 0});
    if (chain->posts.count == known)
        return;
    if (words > chain->longest)
        chain->longest = words;
    if (chain->count == 0)
        add_step(chain, 0);
    for (size_t i = 0; i < tokens->count; i++)
        if (is_walked(&tokens->items[i]))
            add_token(chain, tokens, i);
    add_step(chain, 0);
}

static size_t slot_of_pair(const struct chain *chain, uint32_t first, uint32_t second)
{
    uint64_t both = ((uint64_t)first << 32 | second) * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(both >> 32) & chain->mask;
}

/* Words are few enough that each has a slot of its own; pairs share slots, so a step found by one
 * is looked at again. */
void chain_settle(struct chain *chain, struct arena *arena)
{
    size_t slots = LEAST_SLOTS;
    while (slots < chain->count + 1 || slots < chain->words.count + 1)
        slots *= 2;
    chain->mask = slots - 1;
    chain->pairs = arena_array(arena, uint32_t, slots);
    chain->singles = arena_array(arena, uint32_t, slots);
    chain->before_pair = arena_array(arena, uint32_t, chain->count);
    chain->before_single = arena_array(arena, uint32_t, chain->count);
    for (size_t i = 1; i < chain->count; i++) {
        uint32_t last = chain->steps[i - 1], first = i > 1 && last != 0 ? chain->steps[i - 2] : 0;
        uint32_t *single = &chain->singles[last],
                 *pair = &chain->pairs[slot_of_pair(chain, first, last)];
        chain->before_single[i] = *single;
        *single = (uint32_t)i;
        chain->before_pair[i] = *pair;
        *pair = (uint32_t)i;
    }
}

/* ---- walks ---- */

/* Where a walk stands: the step that it took last, and how many it took of that post in a row. */
struct walk {
    const struct chain *chain;
    uint64_t *random;
    uint32_t first, last; /* the last two words */
    size_t at;            /* their step */
    size_t run;
};

static bool is_after(const struct walk *walk, size_t step)
{
    const uint32_t *steps = walk->chain->steps;
    if (steps[step - 1] != walk->last)
        return false;
    return walk->last == 0 || walk->first == steps[step - 2];
}

/* One of the steps behind the last two words, or (is_pair false) the last one; 0: there is none
 * but the one that goes on with the same post. */
static size_t choose(const struct walk *walk, const uint32_t *befores, size_t begin)
{
    size_t chosen = 0, others = 0, tried = 0;
    bool must_leave = walk->run >= LONGEST_RUN;
    bool is_pair = befores == walk->chain->before_pair;
    for (size_t step = begin; step != 0 && tried < MOST_TRIED; step = befores[step], tried++) {
        if (is_pair && !is_after(walk, step))
            continue;
        if (must_leave && step == walk->at + 1)
            continue;
        others++;
        if (chain_random(walk->random) % others == 0)
            chosen = step;
    }
    return chosen;
}

/* Lists are walked from a random place among their newest, so that old posts are found too. */
static size_t skip(const struct walk *walk, const uint32_t *befores, size_t begin)
{
    size_t step = begin;
    for (uint64_t left = chain_random(walk->random) % (4 * MOST_TRIED); left > 0 && step != 0;
         left--)
        step = befores[step];
    return step != 0 ? step : begin;
}

static size_t next_step(const struct walk *walk)
{
    const struct chain *chain = walk->chain;
    size_t pair = chain->pairs[slot_of_pair(chain, walk->first, walk->last)];
    size_t single = chain->singles[walk->last];
    size_t step = choose(walk, chain->before_pair, skip(walk, chain->before_pair, pair));
    if (step == 0 && walk->run >= LONGEST_LINE)
        step = choose(walk, chain->before_single, skip(walk, chain->before_single, single));
    return step != 0 ? step : walk->at + 1;
}

/* A first word: any post begins with it. */
static size_t first_step(const struct walk *walk)
{
    const struct chain *chain = walk->chain;
    for (;;) {
        size_t step = 1 + (size_t)(chain_random(walk->random) % (chain->count - 1));
        while (step > 1 && chain->steps[step - 1] != 0)
            step--;
        if (chain->steps[step] != 0)
            return step;
    }
}

static void take_step(struct walk *walk, size_t step, struct text *out)
{
    const struct chain *chain = walk->chain;
    walk->run = step == walk->at + 1 ? walk->run + 1 : 1;
    walk->at = step;
    walk->first = walk->last;
    walk->last = chain->steps[step];
    struct piece word = chain->words.items[walk->last - 1].text;
    text_add_bytes(out, word.at, word.length);
}

bool chain_walk(const struct chain *chain, uint64_t *random, const struct walk_bounds *bounds,
                struct text *out)
{
    CHECK(chain->pairs != NULL);
    if (chain->words.count == 0)
        return false;
    struct walk walk = {.chain = chain, .random = random};
    size_t begin = out->length;
    take_step(&walk, first_step(&walk), out);
    for (int steps = 0; steps < MOST_STEPS; steps++) {
        if (out->length - begin > bounds->most)
            return false;
        size_t step = next_step(&walk);
        if (step >= chain->count || chain->steps[step] == 0)
            return true;
        if (out->length - begin >= bounds->wanted && chain->steps[walk.at + 1] == 0)
            return true;
        take_step(&walk, step, out);
    }
    return false;
}

/* ---- copies ---- */

/* Is there a post that begins with that token? */
static bool is_copied_from(const struct chain *chain, const struct tokens *tokens, size_t begin)
{
    uint64_t hash = 0;
    size_t words = 0;
    for (size_t i = begin; i < tokens->count && words < chain->longest; i++) {
        if (!is_counted(&tokens->items[i]))
            continue;
        hash = hash_next(hash, &tokens->items[i]);
        words++;
        if (words >= LEAST_COPIED && tally_has(&chain->posts, hash))
            return true;
    }
    return false;
}

bool chain_is_copy(const struct chain *chain, const struct tokens *tokens)
{
    if (chain->posts.count == 0)
        return false;
    size_t words;
    if (tally_has(&chain->posts, hash_of_post(tokens, &words)))
        return true;
    for (size_t i = 0; i < tokens->count; i++)
        if (is_counted(&tokens->items[i]) && is_copied_from(chain, tokens, i))
            return true;
    return false;
}
