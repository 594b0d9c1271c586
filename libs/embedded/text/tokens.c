#include "tokens.h"

#include <string.h>

#include <utf8proc.h>

#include "characters.h"
#include "escapes.h"
#include "plain.h"

enum { EMOTICON_MAX_BYTES = 6, JOINER = 0x200D, FIRST_TOKENS = 8, BYTES_OF_TOKEN = 3 };

/* Where we stand in the text. */
struct cursor {
    const char *bytes;
    size_t length, at;
    uint32_t place; /* code points before `at` */
    bool is_plain;  /* ASCII, all of it */
    bool is_after_space;
    char *words; /* room for all words that are still to come */
    struct arena *arena;
};

/* How far something goes, from the cursor on. */
struct extent {
    size_t end;
    uint32_t places; /* code points */
};

/* What a word is found to be while it is read. */
struct spelling {
    struct extent extent;
    uint32_t written, letters, capitals, digits;
    uint64_t hash;
    bool is_capital;
};

/* A word with apostrophes: how far it was before and behind the first and the last one. */
struct apostrophes {
    size_t count;
    struct spelling before_first, behind_first, before_last;
};

struct piece tokens_clean(struct piece text, struct arena *arena)
{
    size_t bad = 0, plain = character_plain(text.at, text.length);
    for (size_t at = plain; at < text.length;) {
        size_t before = at;
        if (character_next(text.at, text.length, &at) == 0xFFFD && at == before + 1)
            bad++;
    }
    if (bad == 0)
        return text;
    char *clean = arena_room(arena, text.length + 2 * bad);
    size_t length = 0;
    for (size_t at = 0; at < text.length;)
        length += character_put(character_next(text.at, text.length, &at), clean + length);
    return (struct piece){clean, length};
}

static void count_script(struct scripts *scripts, uint32_t c)
{
    if (c < 0x250 || (c >= 0x1E00 && c <= 0x1EFF))
        scripts->latin++;
    else if (c >= 0x370 && c <= 0x3FF)
        scripts->greek++;
    else if (c >= 0x400 && c <= 0x52F) {
        scripts->cyrillic++;
        if (c == 0x456 || c == 0x457 || c == 0x454 || c == 0x491)
            scripts->ukrainian++;
    } else if (c >= 0x590 && c <= 0x5FF)
        scripts->hebrew++;
    else if (c >= 0x600 && c <= 0x6FF) {
        scripts->arabic++;
        if (c == 0x67E || c == 0x686 || c == 0x698 || c == 0x6AF || c == 0x6CC)
            scripts->persian++;
    } else if (c >= 0x900 && c <= 0x97F)
        scripts->devanagari++;
    else if (c >= 0xE00 && c <= 0xE7F)
        scripts->thai++;
    else if ((c >= 0x3040 && c <= 0x30FF))
        scripts->kana++;
    else if (c >= 0x4E00 && c <= 0x9FFF)
        scripts->han++;
    else if (c >= 0xAC00 && c <= 0xD7A3)
        scripts->hangul++;
}

static struct token *add(struct tokens *tokens, const struct cursor *cursor)
{
    if (tokens->count == tokens->capacity) {
        /* There are never more tokens than bytes, and nearly always fewer than a third of them. */
        bool is_first = tokens->capacity == 0;
        size_t capacity =
            FIRST_TOKENS + (is_first ? cursor->length / BYTES_OF_TOKEN : cursor->length);
        struct token *items = arena_array_room(cursor->arena, struct token, capacity);
        if (tokens->count > 0)
            memcpy(items, tokens->items, tokens->count * sizeof *items);
        tokens->items = items;
        tokens->capacity = capacity;
    }
    return &tokens->items[tokens->count++];
}

/* A token from the cursor to byte `end`, `places` code points on, past which the cursor is moved.
 */
static inline struct token *take(struct tokens *tokens, struct cursor *cursor, enum token_kind kind,
                                 uint32_t first, struct extent extent)
{
    struct token *token = add(tokens, cursor);
    *token = (struct token){.kind = kind,
                            .first = first,
                            .raw = {cursor->bytes + cursor->at, extent.end - cursor->at},
                            .start = cursor->place,
                            .end = cursor->place + extent.places,
                            .word = "",
                            .is_glued = !cursor->is_after_space};
    cursor->at = extent.end;
    cursor->place = token->end;
    cursor->is_after_space = false;
    return token;
}

static struct extent extent_to(const struct cursor *cursor, size_t end)
{
    size_t bytes = end - cursor->at;
    size_t places = cursor->is_plain ? bytes : character_count(cursor->bytes + cursor->at, bytes);
    return (struct extent){end, (uint32_t)places};
}

/* ---- words ---- */

static bool is_apostrophe(uint32_t c)
{
    return c == '\'' || c == 0x2019;
}

static void spell(struct spelling *spelling, char *words, uint32_t c)
{
    int32_t entry = character_entry(c);
    bool is_upper = (entry & CHARACTER_UPPER) != 0;
    if (spelling->written == 0)
        spelling->is_capital = is_upper;
    spelling->letters += !character_is_digit(c) && !is_apostrophe(c);
    spelling->digits += character_is_digit(c);
    spelling->capitals += is_upper;
    size_t begin = spelling->written;
    uint32_t lower = is_apostrophe(c) ? '\'' : character_lower(c);
    spelling->written += (uint32_t)character_put(lower, words + begin);
    spelling->hash = hash_bytes(spelling->hash, words + begin, spelling->written - begin);
}

static bool is_accent(uint32_t c)
{
    return c >= 0x300 && c <= 0x36F;
}

/* A letter and its accent, as some systems write them apart, are spelt as the one letter that they
 * are elsewhere. False: there is none. */
static bool spell_accent(struct spelling *spelling, char *words, uint32_t c)
{
    size_t begin = spelling->written;
    while (begin > 0 && ((uint8_t)words[begin - 1] & 0xC0) == 0x80)
        begin--;
    if (begin == 0)
        return false;
    size_t at = begin - 1;
    utf8proc_int32_t pair[] = {(utf8proc_int32_t)character_next(words, spelling->written, &at),
                               (utf8proc_int32_t)c};
    if (utf8proc_normalize_utf32(pair, 2, UTF8PROC_STABLE | UTF8PROC_COMPOSE) != 1)
        return false;
    begin--;
    spelling->written = (uint32_t)(begin + character_put((uint32_t)pair[0], words + begin));
    spelling->hash = hash_bytes(HASH_BEGIN, words, spelling->written);
    return true;
}

/* The part of a word that is a run of ASCII letters and digits. */
static void spell_plain(struct spelling *spelling, const struct cursor *cursor, size_t limit)
{
    const char *begin = cursor->bytes + spelling->extent.end;
    struct plain plain =
        plain_read(begin, cursor->bytes + limit, cursor->words + spelling->written, spelling->hash);
    if (spelling->written == 0 && plain.count > 0)
        spelling->is_capital = byte_kind(*begin) == BYTE_CAPITAL;
    spelling->hash = plain.hash;
    spelling->written += plain.count;
    spelling->letters += plain.count - plain.digits;
    spelling->capitals += plain.capitals;
    spelling->digits += plain.digits;
    spelling->extent.places += plain.count;
    spelling->extent.end += plain.count;
}

/* An apostrophe or joiner belongs to a word that goes on behind it. */
static bool goes_on_behind(const struct cursor *cursor, uint32_t c, size_t after, size_t limit)
{
    if ((!is_apostrophe(c) && c != JOINER) || after >= limit)
        return false;
    return character_is_word(escape_next(cursor->bytes, limit, &after));
}

/* Takes one more character that is not ASCII, or not a letter. False: the word has ended. */
static bool spell_next(struct spelling *spelling, const struct cursor *cursor, size_t limit,
                       struct scripts *scripts, struct apostrophes *apostrophes)
{
    const struct spelling before = *spelling;
    size_t begin = spelling->extent.end, after = begin;
    uint32_t c = escape_next(cursor->bytes, limit, &after);
    if (character_is_word(c))
        count_script(scripts, c);
    else if (spelling->written == 0 || !goes_on_behind(cursor, c, after, limit))
        return false;
    if (!is_accent(c) || !spell_accent(spelling, cursor->words, c))
        spell(spelling, cursor->words, c);
    spelling->extent.places += (uint32_t)character_count(cursor->bytes + begin, after - begin);
    spelling->extent.end = after;
    if (is_apostrophe(c)) {
        if (apostrophes->count++ == 0) {
            apostrophes->before_first = before;
            apostrophes->behind_first = *spelling;
        }
        apostrophes->before_last = before;
    }
    return true;
}

static bool may_go_on(char byte)
{
    return byte == '\'' || byte == '&' || byte_kind(byte) == BYTE_WIDE;
}

/* The word at the cursor, at most to `limit`; it ends where it begins if there is none. */
static void read_word(struct spelling *spelling, const struct cursor *cursor, size_t limit,
                      struct scripts *scripts, struct apostrophes *apostrophes)
{
    *spelling = (struct spelling){.extent.end = cursor->at, .hash = HASH_BEGIN};
    *apostrophes = (struct apostrophes){.count = 0};
    do {
        uint32_t before = spelling->written;
        spell_plain(spelling, cursor, limit);
        scripts->latin += spelling->written - before;
    } while (spelling->extent.end < limit && may_go_on(cursor->bytes[spelling->extent.end]) &&
             spell_next(spelling, cursor, limit, scripts, apostrophes));
}

static bool is_stretched(const char *word, size_t length)
{
    for (size_t i = 2; i < length; i++)
        if (word[i] == word[i - 1] && word[i] == word[i - 2])
            return true;
    return false;
}

/* What a word is of what was read: it begins where the one ends and ends where the other does. */
struct core {
    struct spelling begin, end;
    size_t apostrophes;
    bool is_capital;
};

static bool is_one_of(const char *word, size_t length, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strlen(*words) == length && memcmp(word, *words, length) == 0)
            return true;
    return false;
}

/* Articles and the like that French and Italian write at the word behind; of two capitals the word
 * is a name: D'Angelo. */
static bool is_elision(const struct spelling *before, const char *words, bool is_capital_behind)
{
    static const char *const ELISIONS[] = {
        "l",      "d",      "j",   "n",    "m",    "t",    "s",    "c",  "qu", "jusqu",
        "lorsqu", "puisqu", "all", "dell", "nell", "sull", "dall", "un", NULL};
    return is_one_of(words, before->written, ELISIONS) &&
           !(before->is_capital && is_capital_behind);
}

/* The possessive of English, and what Turkish writes at a name. */
static bool is_ending(const char *ending, size_t length, bool is_capital)
{
    static const char *const POSSESSIVE[] = {"s", NULL};
    static const char *const CASES[] = {"da",  "de",  "ta",  "te",       "dan", "den",      "tan",
                                        "ten", "nin", "nun", "n\u0131n", "un",  "n\u00FCn", NULL};
    return is_one_of(ending, length, POSSESSIVE) ||
           (is_capital && is_one_of(ending, length, CASES));
}

/* What nobody knows with what an apostrophe joins to it, "bitcoin's", "l'Europe", is known without.
 */
static struct core core_of(const struct cursor *cursor, const struct spelling *whole,
                           const struct apostrophes *apostrophes)
{
    struct core core = {.begin = {.extent.end = cursor->at},
                        .end = *whole,
                        .apostrophes = apostrophes->count,
                        .is_capital = whole->is_capital};
    if (apostrophes->count == 0 || vocabulary_entry(whole->hash)[0] != 0)
        return core;
    const struct spelling *behind = &apostrophes->behind_first, *last = &apostrophes->before_last;
    size_t at = behind->extent.end;
    bool is_capital_behind = character_is_upper(escape_next(cursor->bytes, cursor->length, &at));
    if (is_elision(&apostrophes->before_first, cursor->words, is_capital_behind)) {
        core.begin = *behind;
        core.is_capital = is_capital_behind;
        core.apostrophes--;
    }
    if (core.apostrophes > 0 && is_ending(cursor->words + last->written + 1,
                                          whole->written - last->written - 1, core.is_capital)) {
        core.end = *last;
        core.apostrophes--;
    }
    return core;
}

/* Gives the token its word, whose bytes stand where the cursor's room for words begins. */
static void keep_word(struct token *token, struct cursor *cursor, const struct core *core)
{
    const struct spelling *begin = &core->begin, *end = &core->end;
    uint32_t capitals = end->capitals - begin->capitals, digits = end->digits - begin->digits;
    char *word = cursor->words + begin->written;
    token->word = word;
    token->word_length = end->written - begin->written;
    token->hash =
        begin->written == 0 ? end->hash : hash_bytes(HASH_BEGIN, word, token->word_length);
    token->is_capital = core->is_capital;
    token->is_all_caps = capitals >= 2 && capitals == end->letters - begin->letters;
    token->has_digit = digits > 0;
    token->is_number = digits == token->raw.length;
    token->has_inner_capital = capitals > (core->is_capital ? 1 : 0);
    token->has_apostrophe = core->apostrophes > 0;
    token->is_stretched = is_stretched(word, token->word_length);
    word[token->word_length] = '\0';
    cursor->words = word + token->word_length + 1;
}

static inline void count_word(struct tokens *tokens, const struct token *word)
{
    tokens->words++;
    tokens->capital_words += word->is_capital;
    tokens->shouted_words += word->is_all_caps;
}

/* A word of plain letters only, as most are; false, and nothing taken, if it is another. */
static inline bool take_plain_word(struct tokens *tokens, struct cursor *cursor, size_t limit)
{
    const char *begin = cursor->bytes + cursor->at;
    struct plain plain = plain_read(begin, cursor->bytes + limit, cursor->words, HASH_BEGIN);
    vocabulary_prefetch(plain.hash);
    size_t end = cursor->at + plain.count;
    if (plain.count == 0 || (end < limit && may_go_on(cursor->bytes[end])))
        return false;
    bool is_capital = byte_kind(*begin) == BYTE_CAPITAL;
    *add(tokens, cursor) = (struct token){
        .kind = TOKEN_WORD,
        .first = (uint8_t)*begin,
        .raw = {begin, plain.count},
        .start = cursor->place,
        .end = cursor->place + plain.count,
        .hash = plain.hash,
        .word = cursor->words,
        .word_length = plain.count,
        .is_capital = is_capital,
        .is_all_caps = plain.capitals >= 2 && plain.capitals + plain.digits == plain.count,
        .is_glued = !cursor->is_after_space,
        .is_number = plain.digits == plain.count,
        .has_digit = plain.digits > 0,
        .has_inner_capital = plain.capitals > is_capital,
        .is_stretched = plain.is_stretched,
    };
    count_word(tokens, &tokens->items[tokens->count - 1]);
    tokens->scripts.latin += plain.count;
    cursor->at = end;
    cursor->place += plain.count;
    cursor->words[plain.count] = '\0';
    cursor->words += plain.count + 1;
    /* Mostly a space follows: it is taken without asking. */
    bool is_before_space = end < limit && cursor->bytes[end] == ' ';
    cursor->at += is_before_space;
    cursor->place += is_before_space;
    cursor->is_after_space = is_before_space;
    return true;
}

/* Any other word; false if there is none. Apart, so that what most words take stays small. */
__attribute__((noinline)) static bool take_other_word(struct tokens *tokens, struct cursor *cursor,
                                                      size_t limit)
{
    struct spelling spelling;
    struct apostrophes apostrophes;
    read_word(&spelling, cursor, limit, &tokens->scripts, &apostrophes);
    if (spelling.extent.end == cursor->at)
        return false;
    struct core core = core_of(cursor, &spelling, &apostrophes);
    const struct extent *begin = &core.begin.extent, *end = &core.end.extent;
    size_t first = cursor->at;
    uint32_t c = (uint8_t)cursor->bytes[first];
    if (c >= 0x80 || c == '&')
        c = escape_next(cursor->bytes, limit, &first);
    size_t lead = begin->end - cursor->at;
    struct token *word = take(tokens, cursor, TOKEN_WORD, c, spelling.extent);
    word->lead_bytes = (uint8_t)lead;
    word->lead_places = (uint8_t)begin->places;
    word->trail_bytes = (uint8_t)(spelling.extent.end - end->end);
    word->trail_places = (uint8_t)(spelling.extent.places - end->places);
    keep_word(word, cursor, &core);
    count_word(tokens, word);
    return true;
}

/* ---- emoticons, emoji, marks ---- */

/* An emoticon stands between spaces. */
__attribute__((noinline)) static bool take_emoticon(struct tokens *tokens, struct cursor *cursor,
                                                    size_t limit)
{
    size_t length = 0, at = cursor->at;
    uint64_t hash = HASH_BEGIN;
    for (size_t after = at; after < limit; at = after) {
        uint32_t c = escape_next(cursor->bytes, limit, &after);
        if (character_is_space(c))
            break;
        if (c >= 0x80 || ++length > EMOTICON_MAX_BYTES)
            return false;
        hash = hash_byte(hash, (char)c);
    }
    if (length < 2 || !vocabulary_has(&VALENCES_EMOTICON, hash))
        return false;
    uint32_t first = (uint8_t)cursor->bytes[cursor->at];
    take(tokens, cursor, TOKEN_EMOTICON, first, extent_to(cursor, at))->hash = hash;
    return true;
}

static bool is_regional(uint32_t c)
{
    return c >= 0x1F1E6 && c <= 0x1F1FF;
}

/* The end of the sequence that goes on at `end` behind the emoji `first`. */
static size_t emoji_end(const struct cursor *cursor, uint32_t first, size_t end, size_t limit)
{
    uint32_t before = first;
    bool may_pair = is_regional(first); /* two letters are one flag */
    for (size_t at = end; at < limit; end = at) {
        uint32_t c = character_next(cursor->bytes, limit, &at);
        bool is_joined =
            character_is_emoji(c) && (before == JOINER || (may_pair && is_regional(c)));
        if (!character_is_emoji_part(c) && !is_joined)
            break;
        may_pair = false;
        before = c;
    }
    return end;
}

/* The end of a key ("1" under a cap); 0 if there is none here. */
static size_t keycap_end(const struct cursor *cursor, size_t limit)
{
    size_t at = cursor->at + 1;
    uint8_t c = (uint8_t)cursor->bytes[cursor->at];
    if ((!character_is_digit(c) && c != '#' && c != '*') || at >= limit ||
        (uint8_t)cursor->bytes[at] < 0x80)
        return 0;
    uint32_t next = character_next(cursor->bytes, limit, &at);
    if (next == 0xFE0F && at < limit)
        next = character_next(cursor->bytes, limit, &at);
    return next == 0x20E3 ? at : 0;
}

/* What is no word: an emoji or a mark, or a space written wide or as an escape. */
__attribute__((noinline)) static void take_other(struct tokens *tokens, struct cursor *cursor,
                                                 size_t limit)
{
    size_t end = cursor->at;
    uint32_t c = escape_next(cursor->bytes, limit, &end);
    if (character_is_space(c)) {
        struct extent extent = extent_to(cursor, end);
        cursor->at = extent.end;
        cursor->place += extent.places;
        cursor->is_after_space = true;
    } else if (character_is_emoji(c)) {
        char bytes[4];
        uint64_t hash = hash_bytes(HASH_BEGIN, bytes, character_put(c, bytes));
        struct extent extent = extent_to(cursor, emoji_end(cursor, c, end, limit));
        take(tokens, cursor, TOKEN_EMOJI, c, extent)->hash = hash;
    } else {
        take(tokens, cursor, TOKEN_MARK, c, extent_to(cursor, end));
    }
}

static void take_sign(struct tokens *tokens, struct cursor *cursor, size_t limit)
{
    char c = cursor->bytes[cursor->at];
    size_t key_end = keycap_end(cursor, limit);
    if (key_end > 0)
        take(tokens, cursor, TOKEN_EMOJI, (uint8_t)c, extent_to(cursor, key_end));
    else if (c == '&' && !take_other_word(tokens, cursor, limit))
        take_other(tokens, cursor, limit);
    else if (c != '&')
        take(tokens, cursor, TOKEN_MARK, (uint8_t)c, (struct extent){cursor->at + 1, 1});
}

/* ---- all of it ---- */

/* Of the emoticons that begin with a letter none goes on with a small letter or a digit. */
static bool may_be_emoticon(const struct cursor *cursor, enum byte_kind first, size_t limit)
{
    size_t next = cursor->at + 1;
    if (!cursor->is_after_space || next >= limit || first == BYTE_WIDE)
        return false;
    enum byte_kind second = byte_kind(cursor->bytes[next]);
    if (first == BYTE_SIGN)
        return second != BYTE_SPACE;
    return second == BYTE_SIGN || second == BYTE_CAPITAL || cursor->bytes[next] == '_';
}

static inline void take_next(struct tokens *tokens, struct cursor *cursor, size_t limit)
{
    enum byte_kind kind = byte_kind(cursor->bytes[cursor->at]);
    if (kind == BYTE_SPACE) {
        cursor->at++;
        cursor->place++;
        cursor->is_after_space = true;
        return;
    }
    if (may_be_emoticon(cursor, kind, limit) && take_emoticon(tokens, cursor, limit))
        return;
    if (kind == BYTE_SIGN || (kind == BYTE_DIGIT && keycap_end(cursor, limit) > 0))
        take_sign(tokens, cursor, limit);
    else if (!take_plain_word(tokens, cursor, limit) && !take_other_word(tokens, cursor, limit))
        take_other(tokens, cursor, limit);
}

static void cut_to(struct tokens *tokens, struct cursor *cursor, size_t limit)
{
    while (cursor->at < limit)
        take_next(tokens, cursor, limit);
}

static void take_tag(struct tokens *tokens, struct cursor *cursor, const struct tag *tag)
{
    static const enum token_kind KINDS[] = {
        [TAG_HASHTAG] = TOKEN_HASHTAG,
        [TAG_MENTION] = TOKEN_MENTION,
        [TAG_CASHTAG] = TOKEN_CASHTAG,
        [TAG_LINK] = TOKEN_URL,
    };
    uint32_t first = character_at(cursor->bytes, cursor->length, cursor->at);
    struct token *token =
        take(tokens, cursor, KINDS[tag->kind], first, extent_to(cursor, tag->end));
    if (tag->kind != TAG_HASHTAG)
        return;
    struct spelling spelling = {.extent.end = tag->name, .hash = HASH_BEGIN};
    for (spell_plain(&spelling, cursor, tag->end); spelling.extent.end < tag->end;
         spell_plain(&spelling, cursor, tag->end))
        spell(&spelling, cursor->words,
              character_next(cursor->bytes, tag->end, &spelling.extent.end));
    const struct core core = {.end = spelling, .is_capital = spelling.is_capital};
    keep_word(token, cursor, &core);
}

struct tokens tokens_cut(struct piece text, struct arena *arena)
{
    struct tokens tokens = {.tags = tags_find(text, arena)};
    struct cursor cursor = {
        .bytes = text.at,
        .length = text.length,
        .is_plain = character_plain(text.at, text.length) == text.length,
        .is_after_space = true,
        /* A small letter takes at most three bytes for each two of its capital one, and every word
         * has a byte behind it. */
        .words = arena_room(arena, text.length * 3 + 1 + PLAIN_SLACK),
        .arena = arena,
    };
    for (size_t i = 0; i < tokens.tags.count; i++) {
        cut_to(&tokens, &cursor, tokens.tags.items[i].begin);
        take_tag(&tokens, &cursor, &tokens.tags.items[i]);
    }
    cut_to(&tokens, &cursor, text.length);
    /* All at once: no look waits for the one before. */
    for (size_t i = 0; i < tokens.count; i++) {
        tokens.items[i].entry = vocabulary_entry(tokens.items[i].hash);
        tokens.items[i].known = (uint32_t)tokens.items[i].entry[0];
    }
    return tokens;
}
