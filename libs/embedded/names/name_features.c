#include "name_features.h"

#include <string.h>

#include "embedded/text/plain.h"
#include "embedded/words/known_names.h"
#include "embedded/words/vocabulary.h"

enum { AROUND = 2, KNOWN_SECOND = 16, AFFIX_MAX = 4, LONG_WORD = 12, JOINING_BYTES = 3 };

/* ---- words ---- */

static enum word_shape shape_of_mark(const struct token *token)
{
    switch (token->first) {
    case '.':
    case '!':
    case '?':
    case 0x2026:
        return SHAPE_STOP;
    case ',':
    case ';':
        return SHAPE_COMMA;
    case '"':
    case '\'':
    case 0x2018:
    case 0x2019:
    case 0x201C:
    case 0x201D:
        return SHAPE_QUOTE;
    case '-':
    case '&':
    case '/':
        return SHAPE_JOINER;
    case '@':
        return SHAPE_AT;
    case '#':
        return SHAPE_HASH;
    default:
        return SHAPE_MARK;
    }
}

/* The strongest sign of how a word is written decides. Looked up, since no processor foresees how
 * the next word is written. */
static enum word_shape shape_of_word(const struct token *token)
{
    static const uint8_t SHAPES[] = {SHAPE_SMALL,       SHAPE_CAPITAL,      SHAPE_INNER_CAPITAL,
                                     SHAPE_ONE_CAPITAL, SHAPE_ALL_CAPITALS, SHAPE_WITH_DIGIT,
                                     SHAPE_NUMBER};
    bool is_one = token->is_capital & (token->end - token->start == 1);
    unsigned signs = (unsigned)token->is_capital << 1 | (unsigned)token->has_inner_capital << 2 |
                     (unsigned)is_one << 3 | (unsigned)token->is_all_caps << 4 |
                     (unsigned)token->has_digit << 5 | (unsigned)token->is_number << 6;
    return SHAPES[31 - __builtin_clz(signs | 1)];
}

static enum word_shape shape_of(const struct token *token)
{
    switch (token->kind) {
    case TOKEN_WORD:
        return shape_of_word(token);
    case TOKEN_HASHTAG:
        return token->is_capital ? SHAPE_CAPITAL_TAG : SHAPE_TAG;
    case TOKEN_MENTION:
        return SHAPE_MENTION;
    case TOKEN_CASHTAG:
        return SHAPE_TAG;
    case TOKEN_URL:
        return SHAPE_LINK;
    case TOKEN_EMOJI:
    case TOKEN_EMOTICON:
        return SHAPE_EMOJI;
    case TOKEN_MARK:
        return shape_of_mark(token);
    }
    return SHAPE_MARK;
}

static bool is_written_large(uint8_t shape)
{
    const uint32_t large = 1 << SHAPE_CAPITAL | 1 << SHAPE_ALL_CAPITALS | 1 << SHAPE_ONE_CAPITAL |
                           1 << SHAPE_INNER_CAPITAL | 1 << SHAPE_CAPITAL_TAG;
    return (large >> shape & 1) != 0;
}

/* Is it of a word that may belong to a name though it is written small? */
static bool is_written_small(uint8_t shape)
{
    const uint32_t small = 1 << SHAPE_SMALL | 1 << SHAPE_TAG | 1 << SHAPE_WITH_DIGIT;
    return (small >> shape & 1) != 0;
}

static uint8_t known_of(const struct token *token)
{
    int value;
    return token_find(token, &KNOWN_NAMES, &value) ? (uint8_t)value : 0;
}

/* "I", and words as "The" that are always small where a capital tells: most capitals of a post. */
static bool is_plain(const struct name_word *word, const struct token *token)
{
    if (word->shape == SHAPE_ONE_CAPITAL)
        return token->word[0] == 'i';
    return word->shape == SHAPE_CAPITAL && word->habit == HABIT_SMALL;
}

/* Plain words that stand alone are no names; beside others they may belong to one. */
static void drop_plain(struct name_words *words, const uint32_t *places, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool is_beside = (i > 0 && places[i - 1] + 1 == places[i]) ||
                         (i + 1 < count && places[i + 1] == places[i] + 1);
        struct name_word *word = &words->items[places[i]];
        if (!is_beside && is_plain(word, &words->tokens->items[places[i]]))
            word->may_be_name = false;
    }
}

/* Can a name begin with it? `before` stands before it. */
static bool may_begin(const struct name_word *word, const struct name_word *before, bool is_apart)
{
    bool is_user = (before->shape == SHAPE_AT) & is_apart & (word->habit != HABIT_SMALL);
    bool is_known = (word->known > 0) & (word->known <= KNOWN_WORK);
    bool is_like_one = is_known | is_user | (word->habit >= HABIT_MOSTLY_CAPITAL);
    bool is_large = is_written_large(word->shape), is_small = is_written_small(word->shape);
    return is_large | (is_small & is_like_one);
}

static struct name_word word_of(const struct token *token, const struct name_model *model)
{
    struct name_word word = {.shape = (uint8_t)shape_of(token)};
    if (token->kind == TOKEN_WORD || token->kind == TOKEN_HASHTAG) {
        word.hash = token->hash;
        word.habit = (uint8_t)name_model_habit(model, word.hash);
        if (token_is_in(token, &KNOWN_NAMES) &&
            (word.habit != HABIT_SMALL || is_written_large(word.shape)))
            word.known = known_of(token);
    } else {
        word.hash =
            token->kind == TOKEN_MARK ? hash_byte(HASH_BEGIN, (char)token->first) : token->kind;
    }
    return word;
}

/* What joins two words of a name: "of", "van", a hyphen, a full stop behind one letter. */
static bool joins(const struct tokens *tokens, const struct name_word *items, size_t at)
{
    const struct token *token = &tokens->items[at];
    bool is_before_name = at + 1 < tokens->count && items[at + 1].may_be_name;
    bool is_glued = token->kind == TOKEN_MARK && token->is_glued;
    bool is_initial = is_glued && items[at - 1].shape == SHAPE_ONE_CAPITAL && token->first == '.';
    bool is_number = items[at].shape == SHAPE_NUMBER || items[at].shape == SHAPE_WITH_DIGIT;
    bool is_short = token->kind == TOKEN_WORD && token->word_length <= JOINING_BYTES;
    bool is_joining = is_before_name && (is_short || items[at].shape == SHAPE_JOINER || is_glued);
    return is_initial || is_number || is_joining;
}

/* The runs of what may belong to a name, from the places of what may begin one. */
static void find_runs(struct name_words *words, const uint32_t *places, size_t count)
{
    const struct tokens *tokens = words->tokens;
    struct name_word *items = words->items;
    uint32_t end = 0;
    for (size_t i = 0; i < count; i++) {
        if (places[i] < end || !items[places[i]].may_be_name)
            continue;
        end = places[i] + 1;
        while (end < tokens->count && (items[end].may_be_name || joins(tokens, items, end)))
            items[end++].may_be_name = true;
        words->runs[words->run_count++] = (struct name_run){places[i], end};
    }
}

/* Names of two words, such as "new york". */
static void find_pairs(struct name_words *words, struct name_run run)
{
    const struct token *tokens = words->tokens->items;
    struct name_word *items = words->items;
    for (size_t i = run.begin; i + 1 < run.end; i++) {
        const struct token *second = &tokens[i + 1];
        if ((tokens[i].known & VOCABULARY_BEGINS) == 0 || tokens[i].kind != TOKEN_WORD ||
            second->kind != TOKEN_WORD)
            continue;
        uint64_t pair =
            hash_bytes(hash_byte(items[i].hash, ' '), second->word, second->word_length);
        int known;
        if (vocabulary_find(&KNOWN_NAMES, pair, &known)) {
            items[i].known_pair = (uint8_t)known;
            items[i + 1].known_pair = (uint8_t)(known + KNOWN_SECOND);
        }
    }
}

/* How much the share of capitals in the post tells: 0 for too few words, to 3 for shouting. */
static uint8_t shouting_of(size_t words, size_t large)
{
    enum { TELLING_WORDS = 4 };
    if (words < TELLING_WORDS)
        return 0;
    return large * 10 < words * 3 ? 1 : large * 10 < words * 7 ? 2 : 3;
}

struct name_words name_words_of(const struct tokens *tokens, const struct name_model *model,
                                struct arena *arena)
{
    struct name_words words = {.tokens = tokens,
                               .runs = arena_array_room(arena, struct name_run, tokens->count)};
    words.items = arena_array_room(arena, struct name_word, tokens->count + 2 * AROUND) + AROUND;
    for (size_t i = 0; i < AROUND; i++)
        words.items[-1 - (ptrdiff_t)i] = words.items[tokens->count + i] = (struct name_word){0};
    uint32_t *places = arena_array_room(arena, uint32_t, tokens->count);
    for (size_t i = 0; i < tokens->count; i++)
        __builtin_prefetch(model->habits + name_model_habit_place(tokens->items[i].hash));
    size_t candidates = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        const struct token *token = &tokens->items[i];
        struct name_word *word = words.items + i;
        *word = word_of(token, model);
        word->may_be_name = may_begin(word, word - 1, !token->is_glued);
        places[candidates] = (uint32_t)i;
        candidates += word->may_be_name;
    }
    words.shouting = shouting_of(tokens->words, tokens->capital_words);
    drop_plain(&words, places, candidates);
    find_runs(&words, places, candidates);
    for (size_t i = 0; i < words.run_count; i++)
        find_pairs(&words, words.runs[i]);
    return words;
}

/* ---- features ---- */

/* The row of the model for a value of the feature with that number. */
static inline uint32_t row_of(unsigned feature, uint64_t value)
{
    uint64_t salt = (uint64_t)(feature + 1) * UINT64_C(0xA24BAED4963EE407);
    uint64_t mixed = (value ^ salt) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(mixed >> 50 ^ mixed >> 32) % MODEL_ROWS;
}

/* The first bytes of a word, the first lowest; 0 for those that it has not. */
static uint32_t first_of(const struct token *token)
{
    uint32_t first = 0;
    size_t length = token->word_length;
    if (length > 0)
        memcpy(&first, token->word, sizeof first);
    return length < AFFIX_MAX ? first & (uint32_t)eight_first(length) : first;
}

/* The last bytes of a word, the last lowest. */
static uint32_t last_of(const struct token *token)
{
    uint32_t last = 0;
    size_t length = token->word_length, missing = length < AFFIX_MAX ? AFFIX_MAX - length : 0;
    if (length > 0)
        memcpy(&last, token->word + length + missing - AFFIX_MAX, sizeof last);
    return __builtin_bswap32(last) >> 8 * (missing % AFFIX_MAX);
}

static bool is_begin(const struct name_words *words, size_t at)
{
    uint8_t before = words->items[(ptrdiff_t)at - 1].shape;
    return before == SHAPE_NONE || before == SHAPE_STOP || before == SHAPE_MENTION ||
           before == SHAPE_LINK || before == SHAPE_EMOJI || before == SHAPE_TAG ||
           before == SHAPE_CAPITAL_TAG;
}

static uint64_t look_of(const struct name_word *word)
{
    return (uint64_t)word->shape | (uint64_t)word->habit << 8 | (uint64_t)word->known << 16;
}

void name_features_find(const struct name_words *words, size_t at, uint32_t rows[NAME_FEATURES])
{
    const struct token *token = &words->tokens->items[at];
    const struct name_word *word = words->items + at;
    const struct name_word *before = word - 1, *after = word + 1;
    uint64_t place = is_begin(words, at), shouting = words->shouting, shape = word->shape;
    rows[0] = row_of(0, word->hash);
    rows[1] = row_of(1, before->hash);
    rows[2] = row_of(2, after->hash);
    rows[3] = row_of(3, before[-1].hash);
    rows[4] = row_of(4, after[1].hash);
    rows[5] = row_of(5, before[-1].hash * 3 + before->hash);
    rows[6] = row_of(6, look_of(word) | place << 32 | shouting << 34);
    rows[7] = row_of(7, shape | place << 32 | shouting << 34);
    rows[8] = row_of(8, word->habit | place << 32 | (uint64_t)is_written_large(word->shape) << 33);
    rows[9] = row_of(9, look_of(before));
    rows[10] = row_of(10, look_of(after));
    rows[11] = row_of(11, (uint64_t)word->known << 8 | word->known_pair);
    rows[12] = row_of(12, (uint64_t)before->known << 8 | before->known_pair | shape << 16);
    rows[13] = row_of(13, (uint64_t)after->known << 8 | after->known_pair | shape << 16);
    rows[14] = row_of(14, shape | (uint64_t)before->shape << 8 | (uint64_t)after->shape << 16);
    rows[15] = row_of(15, (uint64_t)token->is_glued | (uint64_t)before->shape << 8);
    rows[16] = row_of(16, 0);
    uint32_t first = first_of(token), last = last_of(token), length = token->word_length;
    rows[17] = row_of(17, last & 0xFFFF);
    rows[18] = row_of(18, last & 0xFFFFFF);
    rows[19] = row_of(19, last);
    rows[20] = row_of(20, first & 0xFFFFFF);
    rows[21] = row_of(21, first);
    rows[22] = row_of(22, length < LONG_WORD ? length : LONG_WORD);
}
