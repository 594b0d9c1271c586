#include "name_features.h"

#include "embedded/text/characters.h"
#include "embedded/words/known_names.h"
#include "embedded/words/vocabulary.h"

enum { AROUND = 2, KNOWN_SECOND = 16, AFFIX_MAX = 4, JOINING_BYTES = 3 };

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

static enum word_shape shape_of_word(const struct token *token)
{
    if (token->is_number)
        return SHAPE_NUMBER;
    if (token->has_digit)
        return SHAPE_WITH_DIGIT;
    if (token->is_all_caps)
        return SHAPE_ALL_CAPITALS;
    if (token->is_capital && token->end - token->start == 1)
        return SHAPE_ONE_CAPITAL;
    if (token->has_inner_capital)
        return SHAPE_INNER_CAPITAL;
    return token->is_capital ? SHAPE_CAPITAL : SHAPE_SMALL;
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

static uint64_t hash_of(const struct token *token)
{
    if (token->kind == TOKEN_WORD || token->kind == TOKEN_HASHTAG)
        return token->hash;
    return token->kind == TOKEN_MARK ? hash_byte(HASH_BEGIN, (char)token->first) : token->kind;
}

static bool is_written_large(uint8_t shape)
{
    return shape == SHAPE_CAPITAL || shape == SHAPE_ALL_CAPITALS || shape == SHAPE_ONE_CAPITAL ||
           shape == SHAPE_INNER_CAPITAL || shape == SHAPE_CAPITAL_TAG;
}

static uint8_t known_of(uint64_t hash)
{
    int value;
    return vocabulary_find(&KNOWN_NAMES, hash, &value) ? (uint8_t)value : 0;
}

/* "I", and words as "The" that are always small where a capital tells: most capitals of a post. */
static bool is_plain(const struct name_word *word, const struct token *token)
{
    if (word->shape == SHAPE_ONE_CAPITAL)
        return token->word[0] == 'i';
    return word->shape == SHAPE_CAPITAL && word->habit == HABIT_SMALL;
}

/* Plain words that stand alone are no names; beside others they may belong to one. */
static void drop_plain(const struct tokens *tokens, struct name_word *items)
{
    bool was_name = false;
    for (size_t i = 0; i < tokens->count; i++) {
        bool is_beside = was_name || (i + 1 < tokens->count && items[i + 1].may_be_name);
        was_name = items[i].may_be_name;
        if (was_name && !is_beside && is_plain(&items[i], &tokens->items[i]))
            items[i].may_be_name = false;
    }
}

/* Can a name begin with it? `before` stands before it. */
static bool may_begin(const struct name_word *word, const struct name_word *before, bool is_apart)
{
    if (is_written_large(word->shape))
        return true;
    if (word->shape != SHAPE_SMALL && word->shape != SHAPE_TAG && word->shape != SHAPE_WITH_DIGIT)
        return false;
    bool is_user = before->shape == SHAPE_AT && is_apart && word->habit != HABIT_SMALL;
    bool is_known = word->known > 0 && word->known <= KNOWN_WORK;
    return is_known || word->habit >= HABIT_MOSTLY_CAPITAL || is_user;
}

static struct name_word word_of(const struct token *token, const struct name_model *model)
{
    struct name_word word = {.hash = hash_of(token), .shape = (uint8_t)shape_of(token)};
    if (token->kind == TOKEN_WORD || token->kind == TOKEN_HASHTAG) {
        word.habit = (uint8_t)name_model_habit(model, word.hash);
        if (word.habit != HABIT_SMALL || is_written_large(word.shape))
            word.known = token_is_in(token, &KNOWN_NAMES) ? known_of(word.hash) : 0;
    }
    return word;
}

/* Names of two words, such as "new york". */
static void find_pairs(const struct tokens *tokens, struct name_word *items)
{
    for (size_t i = 0; i + 1 < tokens->count; i++) {
        if (!items[i].may_be_name || !items[i + 1].may_be_name ||
            tokens->items[i].kind != TOKEN_WORD || tokens->items[i + 1].kind != TOKEN_WORD)
            continue;
        const struct token *second = &tokens->items[i + 1];
        uint64_t pair =
            hash_bytes(hash_byte(items[i].hash, ' '), second->word, second->word_length);
        uint8_t known = known_of(pair);
        if (known > 0) {
            items[i].known_pair = known;
            items[i + 1].known_pair = known + KNOWN_SECOND;
        }
    }
}

/* What joins two words of a name: "of", "van", a hyphen, a full stop behind one letter. */
static void join(const struct tokens *tokens, struct name_word *items)
{
    for (size_t i = 1; i + 1 <= tokens->count; i++) {
        if (items[i].may_be_name || !items[i - 1].may_be_name)
            continue;
        bool is_before_name = i + 1 < tokens->count && items[i + 1].may_be_name;
        bool is_glued = tokens->items[i].kind == TOKEN_MARK && tokens->items[i].is_glued;
        bool is_initial =
            is_glued && items[i - 1].shape == SHAPE_ONE_CAPITAL && tokens->items[i].first == '.';
        bool is_number = items[i].shape == SHAPE_NUMBER || items[i].shape == SHAPE_WITH_DIGIT;
        bool is_short =
            tokens->items[i].kind == TOKEN_WORD && tokens->items[i].word_length <= JOINING_BYTES;
        bool is_joining =
            is_before_name && (is_short || items[i].shape == SHAPE_JOINER || is_glued);
        items[i].may_be_name = is_initial || is_number || is_joining;
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
    struct name_words words = {.tokens = tokens};
    words.items = arena_array(arena, struct name_word, tokens->count + 2 * AROUND) + AROUND;
    for (size_t i = 0; i < tokens->count; i++)
        __builtin_prefetch(model->habits + name_model_habit_place(tokens->items[i].hash));
    size_t count = 0, large = 0, candidates = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        const struct token *token = &tokens->items[i];
        words.items[i] = word_of(token, model);
        words.items[i].may_be_name =
            may_begin(&words.items[i], words.items + i - 1, !token->is_glued);
        candidates += words.items[i].may_be_name;
        count += token->kind == TOKEN_WORD;
        large += token->kind == TOKEN_WORD && token->is_capital;
    }
    words.shouting = shouting_of(count, large);
    if (candidates > 0) {
        drop_plain(tokens, words.items);
        join(tokens, words.items);
        find_pairs(tokens, words.items);
    }
    return words;
}

/* ---- features ---- */

/* The rows of the model, one after the other. */
struct rows {
    uint32_t *items;
    uint32_t count;
};

static void put(struct rows *rows, uint64_t value)
{
    uint64_t salt = (uint64_t)(rows->count + 1) * UINT64_C(0xA24BAED4963EE407);
    uint64_t mixed = (value ^ salt) * UINT64_C(0x9E3779B97F4A7C15);
    rows->items[rows->count++] = (uint32_t)(mixed >> 50 ^ mixed >> 32) % MODEL_ROWS;
}

/* The first and the last bytes of a word, and its length. */
static void put_affixes(struct rows *rows, const char *word, size_t length)
{
    uint8_t first[AFFIX_MAX] = {0}, last[AFFIX_MAX] = {0};
    for (size_t i = 0; i < AFFIX_MAX && i < length; i++) {
        first[i] = (uint8_t)word[i];
        last[i] = (uint8_t)word[length - 1 - i];
    }
    uint32_t begin = first[0] | (uint32_t)first[1] << 8 | (uint32_t)first[2] << 16;
    uint32_t end = last[0] | (uint32_t)last[1] << 8;
    put(rows, end);
    end |= (uint32_t)last[2] << 16;
    put(rows, end);
    put(rows, end | (uint32_t)last[3] << 24);
    put(rows, begin);
    put(rows, begin | (uint32_t)first[3] << 24);
    put(rows, length < 12 ? length : 12);
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

void name_features_find(const struct name_words *words, size_t at, uint32_t found[NAME_FEATURES])
{
    struct rows rows = {found, 0};
    const struct name_word *word = words->items + at;
    const struct name_word *before = word - 1, *after = word + 1;
    uint64_t place = is_begin(words, at), shouting = words->shouting;
    put(&rows, word->hash);
    put(&rows, before->hash);
    put(&rows, after->hash);
    put(&rows, before[-1].hash);
    put(&rows, after[1].hash);
    put(&rows, before[-1].hash * 3 + before->hash);
    put(&rows, look_of(word) | place << 32 | shouting << 34);
    put(&rows, (uint64_t)word->shape | place << 32 | shouting << 34);
    put(&rows, (uint64_t)word->habit | place << 32 | (uint64_t)is_written_large(word->shape) << 33);
    put(&rows, look_of(before));
    put(&rows, look_of(after));
    put(&rows, (uint64_t)word->known << 8 | word->known_pair);
    put(&rows, (uint64_t)before->known << 8 | before->known_pair | (uint64_t)word->shape << 16);
    put(&rows, (uint64_t)after->known << 8 | after->known_pair | (uint64_t)word->shape << 16);
    put(&rows, (uint64_t)word->shape | (uint64_t)before->shape << 8 | (uint64_t)after->shape << 16);
    put(&rows, (uint64_t)words->tokens->items[at].is_glued | (uint64_t)before->shape << 8);
    put(&rows, 0);
    put_affixes(&rows, words->tokens->items[at].word, words->tokens->items[at].word_length);
}
