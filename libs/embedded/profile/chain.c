#include "chain.h"

#include <string.h>

#include "base/check.h"
#include "base/splitmix.h"
#include "embedded/words/vocabulary.h"
#include "speech.h"

enum {
    LEAST_SLOTS = 64,
    MOST_TRIED = 32,  /* steps behind the same words that one is chosen from */
    LONGEST_RUN = 3,  /* steps of one post in a row, while there is another way by two words */
    LONGEST_LINE = 6, /* the same, while there is one by a single word */
    MOST_STEPS = 400,
    LEAST_COPIED = 4,         /* words of a post that may not stand in another */
    MOST_COPIED_PERCENT = 70, /* of a text's words in a row from one post */
};

struct chain chain_new(struct arena *arena)
{
    return (struct chain){.arena = arena,
                          .words = {.arena = arena, .most = CHAIN_MAX_WORDS},
                          .posts = {.arena = arena, .most = CHAIN_MAX_STEPS}};
}

/* ---- what is known ---- */

static uint64_t hash_next(uint64_t hash, const struct spoken *spoken)
{
    return (hash ^ spoken->hash) * UINT64_C(0x9E3779B97F4A7C15) + 1;
}

static uint32_t short_hash(uint64_t hash)
{
    return hash == 0 ? 0 : (uint32_t)(hash >> 32 ^ hash) | 1;
}

static uint64_t hash_of_post(const struct tokens *tokens, size_t *words)
{
    struct speech speech = speech_of(tokens);
    struct spoken spoken;
    uint64_t hash = 0;
    *words = 0;
    while (speech_next(&speech, &spoken)) {
        if (spoken.hash == 0)
            continue;
        hash = hash_next(hash, &spoken);
        ++*words;
    }
    return hash;
}

/* Room for one more number. */
static uint32_t *grown(struct arena *arena, uint32_t *numbers, size_t count, size_t *capacity)
{
    if (count < *capacity)
        return numbers;
    *capacity = *capacity > 0 ? 2 * *capacity : LEAST_SLOTS;
    uint32_t *larger = arena_array(arena, uint32_t, *capacity);
    if (count > 0)
        memcpy(larger, numbers, count * sizeof *larger);
    return larger;
}

static void add_step(struct chain *chain, uint32_t step)
{
    chain->steps = grown(chain->arena, chain->steps, chain->count, &chain->capacity);
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
    return token->kind != TOKEN_URL && token->kind != TOKEN_MENTION;
}

static size_t place_of(struct chain *chain, struct piece word, uint64_t hash)
{
    size_t known = chain->words.count;
    size_t place = tally_add(&chain->words, hash_bytes(HASH_BEGIN, word.at, word.length), word);
    if (chain->words.count > known) {
        chain->hashes = grown(chain->arena, chain->hashes, known, &chain->hash_capacity);
        chain->hashes[known] = short_hash(hash);
    }
    return place;
}

static void add_spoken(struct chain *chain, const struct tokens *tokens,
                       const struct spoken *spoken)
{
    char written[CHAIN_WORD_MAX_BYTES + 3];
    if (!is_walked(spoken->token) || spoken->raw.length > CHAIN_WORD_MAX_BYTES)
        return;
    const char *blank = spoken->is_first ? blank_before(tokens, spoken->nth) : "";
    size_t blanks = strlen(blank);
    bool was_left_out = spoken->nth > 0 && !is_walked(spoken->token - 1);
    if (was_left_out && spoken->token->kind == TOKEN_MARK && blanks == 0)
        return; /* the colon behind a mention */
    memcpy(written, blank, blanks);
    memcpy(written + blanks, spoken->raw.at, spoken->raw.length);
    struct piece word = {written, blanks + spoken->raw.length};
    size_t place = place_of(chain, word, spoken->hash);
    if (place != TALLY_NONE)
        add_step(chain, (uint32_t)place + 1);
}

void chain_add(struct chain *chain, const struct tokens *tokens)
{
    size_t words, letters = tokens->count > 0 ? tokens->items[tokens->count - 1].end : 0;
    uint64_t hash = hash_of_post(tokens, &words);
    if (words == 0 || chain->count + letters + 2 > CHAIN_MAX_STEPS)
        return;
    size_t known = chain->posts.count;
    tally_add(&chain->posts, hash, (struct piece){"", 0});
    if (chain->posts.count == known)
        return;
    if (words > chain->longest)
        chain->longest = words;
    if (chain->count == 0)
        add_step(chain, 0);
    struct speech speech = speech_of(tokens);
    struct spoken spoken;
    while (speech_next(&speech, &spoken))
        add_spoken(chain, tokens, &spoken);
    add_step(chain, 0);
}

static size_t slot_of_pair(const struct chain *chain, uint32_t first, uint32_t second)
{
    uint64_t both = ((uint64_t)first << 32 | second) * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(both >> 32) & chain->mask;
}

static uint32_t hash_of_step(const struct chain *chain, size_t step)
{
    return chain->steps[step] > 0 ? chain->hashes[chain->steps[step] - 1] : 0;
}

static struct said *said_of(const struct chain *chain, uint32_t hash)
{
    return &chain->said[hash >> 1 & chain->said_mask]; /* the last bit is set in all */
}

static void note_said(struct chain *chain, size_t step)
{
    uint32_t hash = hash_of_step(chain, step);
    if (hash == 0)
        return;
    struct said *said = said_of(chain, hash);
    chain->before_said[step] = said->last;
    said->last = (uint32_t)step;
    said->count++;
}

static size_t slots_for(size_t count)
{
    size_t slots = LEAST_SLOTS;
    while (slots < count + 1)
        slots *= 2;
    return slots;
}

/* Words are few enough that each has a place of its own; pairs share slots, so a step found by one
 * is looked at again, and so is one that is found by what was said. */
void chain_settle(struct chain *chain, struct arena *arena)
{
    size_t pairs = slots_for(chain->count), said = slots_for(chain->words.count);
    chain->mask = pairs - 1;
    chain->said_mask = said - 1;
    chain->pairs = arena_array(arena, uint32_t, pairs);
    chain->singles = arena_array(arena, uint32_t, chain->words.count + 1);
    chain->said = arena_array(arena, struct said, said);
    chain->before_pair = arena_array(arena, uint32_t, chain->count);
    chain->before_single = arena_array(arena, uint32_t, chain->count);
    chain->before_said = arena_array(arena, uint32_t, chain->count);
    for (size_t i = 1; i < chain->count; i++) {
        uint32_t last = chain->steps[i - 1], first = i > 1 && last != 0 ? chain->steps[i - 2] : 0;
        uint32_t *single = &chain->singles[last],
                 *pair = &chain->pairs[slot_of_pair(chain, first, last)];
        chain->before_single[i] = *single;
        *single = (uint32_t)i;
        chain->before_pair[i] = *pair;
        *pair = (uint32_t)i;
        note_said(chain, i);
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
        if (splitmix_next(walk->random) % others == 0)
            chosen = step;
    }
    return chosen;
}

/* Lists are walked from a random place among their newest, so that old posts are found too. */
static size_t skip(const struct walk *walk, const uint32_t *befores, size_t begin)
{
    size_t step = begin;
    for (uint64_t left = splitmix_next(walk->random) % (4 * MOST_TRIED); left > 0 && step != 0;
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
        size_t step = 1 + (size_t)(splitmix_next(walk->random) % (chain->count - 1));
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

/* Is there a post that begins with the words that are to come? */
static bool is_copied_from(const struct chain *chain, struct speech speech)
{
    struct spoken spoken;
    uint64_t hash = 0;
    size_t words = 0;
    while (words < chain->longest && speech_next(&speech, &spoken)) {
        if (spoken.hash == 0)
            continue;
        hash = hash_next(hash, &spoken);
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
    struct speech speech = speech_of(tokens), here = speech;
    struct spoken spoken;
    while (speech_next(&speech, &spoken)) {
        if (spoken.hash != 0 && is_copied_from(chain, here))
            return true;
        here = speech;
    }
    return false;
}

/* A text's words, and one of them. */
struct draft_words {
    uint32_t hashes[CHAIN_MAX_DRAFT];
    size_t count, nth;
};

/* How many words in a row agree with those of a post around that step, which has the nth. */
static size_t run_around(const struct chain *chain, const struct draft_words *draft, size_t step)
{
    size_t begin = draft->nth, end = draft->nth + 1;
    for (size_t at = step - 1; begin > 0 && chain->steps[at] != 0; at--) {
        uint32_t hash = hash_of_step(chain, at);
        if (hash != 0 && hash != draft->hashes[begin - 1])
            break;
        begin -= hash != 0;
    }
    for (size_t at = step + 1; end < draft->count && chain->steps[at] != 0; at++) {
        uint32_t hash = hash_of_step(chain, at);
        if (hash != 0 && hash != draft->hashes[end])
            break;
        end += hash != 0;
    }
    return end - begin;
}

/* So long a run holds all the words in the middle: the rarest of them is looked for. */
bool chain_is_piece(const struct chain *chain, const struct tokens *tokens)
{
    CHECK(chain->said != NULL);
    struct draft_words draft = {.count = 0};
    struct speech speech = speech_of(tokens);
    struct spoken spoken;
    while (draft.count < CHAIN_MAX_DRAFT && speech_next(&speech, &spoken))
        if (spoken.hash != 0)
            draft.hashes[draft.count++] = short_hash(spoken.hash);
    if (draft.count == 0)
        return false;
    size_t most = draft.count * MOST_COPIED_PERCENT / 100;
    size_t wanted = most < draft.count ? most + 1 : draft.count;
    draft.nth = draft.count - wanted;
    for (size_t i = draft.nth; i < wanted; i++)
        if (said_of(chain, draft.hashes[i])->count < said_of(chain, draft.hashes[draft.nth])->count)
            draft.nth = i;
    uint32_t rarest = draft.hashes[draft.nth];
    for (size_t step = said_of(chain, rarest)->last; step != 0; step = chain->before_said[step])
        if (hash_of_step(chain, step) == rarest && run_around(chain, &draft, step) >= wanted)
            return true;
    return false;
}
