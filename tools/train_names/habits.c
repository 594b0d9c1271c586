#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "embedded/names/name_features.h"
#include "learner.h"

enum { SLOTS = 1 << 18, POST_ARENA_BYTES = 16 << 20, TELLING_WORDS = 4 };

/* How often a word was seen within sentences, in small letters and with a capital one. */
struct seen {
    uint64_t word;
    uint32_t small, capital;
};

static struct seen *seen_of(struct seen *table, uint64_t word)
{
    size_t at = (size_t)(word ^ word >> 31) % SLOTS;
    for (size_t tries = 0; table[at].word != 0 && table[at].word != word; tries++) {
        CHECK(tries < SLOTS);
        at = (at + 1) % SLOTS;
    }
    table[at].word = word;
    return &table[at];
}

static bool capitals_tell(const struct tokens *tokens)
{
    size_t words = 0, large = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        words += tokens->items[i].kind == TOKEN_WORD;
        large += tokens->items[i].kind == TOKEN_WORD && tokens->items[i].is_capital;
    }
    return words >= TELLING_WORDS && large > 0 && large * 2 < words;
}

static void count_post(struct seen *table, const struct marked_post *post, struct arena *arena)
{
    struct tokens tokens = tokens_cut(post->text, arena);
    if (!capitals_tell(&tokens))
        return;
    for (size_t i = 1; i < tokens.count; i++) {
        const struct token *token = &tokens.items[i], *before = token - 1;
        bool is_within =
            before->kind == TOKEN_WORD || (before->kind == TOKEN_MARK && before->first == ',');
        if (token->kind != TOKEN_WORD || !is_within)
            continue;
        struct seen *seen = seen_of(table, token->hash);
        seen->capital += token->is_capital;
        seen->small += !token->is_capital;
    }
}

static enum habit habit_of(const struct seen *seen)
{
    double all = seen->small + seen->capital, share = seen->capital / all;
    if (share < 0.03)
        return all > 1 ? HABIT_SMALL : HABIT_MOSTLY_SMALL;
    if (share < 0.3)
        return HABIT_MOSTLY_SMALL;
    if (share < 0.7)
        return HABIT_EITHER;
    return share < 0.95 || all < 3 ? HABIT_MOSTLY_CAPITAL : HABIT_CAPITAL;
}

void learner_count_habits(const struct marked_post *const *posts, size_t count, char *bytes)
{
    struct seen *table = calloc(SLOTS, sizeof *table);
    uint32_t *most = calloc(MODEL_HABITS, sizeof *most);
    CHECK(table != NULL && most != NULL);
    SCOPED(arena_close) struct arena *arena = arena_open(POST_ARENA_BYTES);
    for (size_t i = 0; i < count; i++, arena_reset(arena))
        count_post(table, posts[i], arena);
    char *habits = bytes + MODEL_STEPS;
    memset(habits, 0, MODEL_HABITS);
    for (size_t i = 0; i < SLOTS; i++) {
        uint32_t all = table[i].small + table[i].capital;
        size_t place = name_model_habit_place(table[i].word);
        if (all <= most[place]) /* of two words at one place the more frequent one stays */
            continue;
        most[place] = all;
        habits[place] = (char)name_model_habit_mark(table[i].word, habit_of(&table[i]));
    }
    free(table);
    free(most);
}
