#include "tokens.h"

#include <string.h>

#include "characters.h"
#include "escapes.h"
#include "vocabulary.h"

enum { EMOTICON_MAX_BYTES = 6, JOINER = 0x200D, FIRST_TOKENS = 24 };

/* Where we stand in the text. */
struct cursor {
    const char *bytes;
    size_t length, at;
    uint32_t place; /* code points before `at` */
    bool is_after_space;
    char *words; /* room for all words that are still to come */
    struct arena *arena;
};

/* What a word is found to be while it is read. */
struct spelling {
    size_t end; /* in the text */
    size_t written;
    uint64_t hash;
    uint32_t places, letters, capitals;
    bool is_capital;
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
    char *clean = arena_new(arena, text.length + 2 * bad);
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
        /* There are never more tokens than bytes; what is left behind is a quarter at most. */
        size_t capacity = tokens->capacity > 0 ? tokens->capacity * 4 : FIRST_TOKENS;
        capacity = capacity < cursor->length ? capacity : cursor->length;
        struct token *items = arena_array(cursor->arena, struct token, capacity);
        if (tokens->count > 0)
            memcpy(items, tokens->items, tokens->count * sizeof *items);
        tokens->items = items;
        tokens->capacity = capacity;
    }
    return &tokens->items[tokens->count++];
}

/* A token from the cursor to byte `end`, `places` code points on, past which the cursor is moved.
 */
static struct token *take(struct tokens *tokens, struct cursor *cursor, enum token_kind kind,
                          size_t end, size_t places)
{
    struct token *token = add(tokens, cursor);
    size_t first = cursor->at;
    *token = (struct token){.kind = kind,
                            .raw = {cursor->bytes + cursor->at, end - cursor->at},
                            .start = cursor->place,
                            .end = cursor->place + (uint32_t)places,
                            .first = escape_next(cursor->bytes, cursor->length, &first),
                            .word = "",
                            .is_glued = !cursor->is_after_space};
    cursor->at = end;
    cursor->place = token->end;
    cursor->is_after_space = false;
    return token;
}

static struct token *take_to(struct tokens *tokens, struct cursor *cursor, enum token_kind kind,
                             size_t end)
{
    return take(tokens, cursor, kind, end,
                character_count(cursor->bytes + cursor->at, //
                                end - cursor->at));
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
    spelling->capitals += is_upper;
    size_t begin = spelling->written;
    uint32_t lower = is_apostrophe(c) ? '\'' : character_lower(c);
    spelling->written += character_put(lower, words + begin);
    spelling->hash = hash_bytes(spelling->hash, words + begin, spelling->written - begin);
}

/* The part of a word that is ASCII letters and digits, as most words are. */
static void spell_plain(struct spelling *spelling, const struct cursor *cursor, size_t limit)
{
    size_t at = spelling->end, begin = at;
    if (spelling->written == 0)
        spelling->is_capital = character_is_upper((uint8_t)cursor->bytes[at]);
    char *words = cursor->words + spelling->written;
    uint64_t hash = spelling->hash;
    uint32_t letters = 0, capitals = 0;
    for (; at < limit; at++) {
        uint8_t c = (uint8_t)cursor->bytes[at];
        bool is_upper = c >= 'A' && c <= 'Z';
        bool is_letter = is_upper || (c >= 'a' && c <= 'z') || c == '_';
        if (!is_letter && !character_is_digit(c))
            break;
        letters += is_letter;
        capitals += is_upper;
        char lower = (char)(is_upper ? c | 0x20 : c);
        *words++ = lower;
        hash = hash_byte(hash, lower);
    }
    spelling->hash = hash;
    spelling->written += at - begin;
    spelling->places += (uint32_t)(at - begin);
    spelling->letters += letters;
    spelling->capitals += capitals;
    spelling->end = at;
}

/* An apostrophe or joiner belongs to a word that goes on behind it. */
static bool goes_on_behind(const struct cursor *cursor, uint32_t c, size_t after, size_t limit)
{
    if ((!is_apostrophe(c) && c != JOINER) || after >= limit)
        return false;
    return character_is_word(escape_next(cursor->bytes, limit, &after));
}

/* The word from byte `from` on, at most to `limit`; it ends where it begins if there is none. */
static struct spelling read_word(const struct cursor *cursor, size_t from, size_t limit,
                                 struct scripts *scripts)
{
    struct spelling spelling = {.end = from, .hash = HASH_BEGIN};
    while (spelling.end < limit) {
        size_t before = spelling.end;
        spell_plain(&spelling, cursor, limit);
        scripts->latin += (uint32_t)(spelling.end - before);
        if (spelling.end == limit)
            break;
        size_t after = spelling.end;
        uint32_t c = escape_next(cursor->bytes, limit, &after);
        bool is_word = character_is_word(c);
        if (!is_word && (spelling.written == 0 || !goes_on_behind(cursor, c, after, limit)))
            break;
        if (is_word)
            count_script(scripts, c);
        spell(&spelling, cursor->words, c);
        spelling.places += (uint32_t)character_count(cursor->bytes + spelling.end, //
                                                     after - spelling.end);
        spelling.end = after;
    }
    return spelling;
}

/* Gives the token its word, whose bytes stand where the cursor's room for words begins. */
static void keep_word(struct token *token, struct cursor *cursor, const struct spelling *spelling)
{
    token->word = cursor->words;
    token->word_length = (uint32_t)spelling->written;
    token->hash = spelling->hash;
    token->is_capital = spelling->is_capital;
    token->is_all_caps = spelling->capitals >= 2 && spelling->capitals == spelling->letters;
    cursor->words[spelling->written] = '\0';
    cursor->words += spelling->written + 1;
}

static bool take_word(struct tokens *tokens, struct cursor *cursor, size_t limit)
{
    struct spelling spelling = read_word(cursor, cursor->at, limit, &tokens->scripts);
    if (spelling.end == cursor->at)
        return false;
    keep_word(take(tokens, cursor, TOKEN_WORD, spelling.end, spelling.places), cursor, &spelling);
    return true;
}

/* ---- emoticons, emoji, marks ---- */

/* An emoticon stands between spaces. */
static bool take_emoticon(struct tokens *tokens, struct cursor *cursor, size_t limit)
{
    size_t length = 0, at = cursor->at;
    uint64_t hash = HASH_BEGIN;
    if (!cursor->is_after_space)
        return false;
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
    take_to(tokens, cursor, TOKEN_EMOTICON, at)->hash = hash;
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

static void take_sign(struct tokens *tokens, struct cursor *cursor, size_t limit)
{
    size_t end = cursor->at;
    uint32_t c = escape_next(cursor->bytes, limit, &end);
    if (character_is_emoji(c)) {
        char bytes[4];
        uint64_t hash = hash_bytes(HASH_BEGIN, bytes, character_put(c, bytes));
        take_to(tokens, cursor, TOKEN_EMOJI, emoji_end(cursor, c, end, limit))->hash = hash;
    } else {
        take_to(tokens, cursor, TOKEN_MARK, end);
    }
}

/* ---- all of it ---- */

static bool skip_space(struct cursor *cursor, size_t limit)
{
    size_t after = cursor->at;
    if (!character_is_space(escape_next(cursor->bytes, limit, &after)))
        return false;
    cursor->place += (uint32_t)character_count(cursor->bytes + cursor->at, after - cursor->at);
    cursor->at = after;
    cursor->is_after_space = true;
    return true;
}

static void cut_to(struct tokens *tokens, struct cursor *cursor, size_t limit)
{
    while (cursor->at < limit) {
        size_t key_end = keycap_end(cursor, limit);
        if (key_end > 0)
            take_to(tokens, cursor, TOKEN_EMOJI, key_end);
        else if (!skip_space(cursor, limit) && !take_emoticon(tokens, cursor, limit) &&
                 !take_word(tokens, cursor, limit))
            take_sign(tokens, cursor, limit);
    }
}

static void take_tag(struct tokens *tokens, struct cursor *cursor, const struct tag *tag)
{
    static const enum token_kind KINDS[] = {
        [TAG_HASHTAG] = TOKEN_HASHTAG,
        [TAG_MENTION] = TOKEN_MENTION,
        [TAG_CASHTAG] = TOKEN_CASHTAG,
        [TAG_LINK] = TOKEN_URL,
    };
    struct token *token = take_to(tokens, cursor, KINDS[tag->kind], tag->end);
    if (tag->kind != TAG_HASHTAG)
        return;
    struct spelling spelling = {.hash = HASH_BEGIN};
    for (size_t at = tag->name; at < tag->end;)
        spell(&spelling, cursor->words, character_next(cursor->bytes, tag->end, &at));
    keep_word(token, cursor, &spelling);
}

struct tokens tokens_cut(struct piece text, struct arena *arena)
{
    struct tokens tokens = {.tags = tags_find(text, arena)};
    struct cursor cursor = {
        .bytes = text.at,
        .length = text.length,
        .is_after_space = true,
        /* A small letter takes at most three bytes for each two of its capital one, and every word
         * has a byte behind it. */
        .words = arena_new(arena, text.length * 3 + 1),
        .arena = arena,
    };
    for (size_t i = 0; i < tokens.tags.count; i++) {
        cut_to(&tokens, &cursor, tokens.tags.items[i].begin);
        take_tag(&tokens, &cursor, &tokens.tags.items[i]);
    }
    cut_to(&tokens, &cursor, text.length);
    return tokens;
}
