#include "tokens.h"

#include <string.h>
#include <strings.h>

#include "characters.h"
#include "vocabulary.h"

enum { EMOTICON_MAX_BYTES = 6, MENTION_MAX = 20, CASHTAG_MAX = 6 };

/* Where we stand in the text. */
struct cursor {
    const char *bytes;
    size_t length, at;
    uint32_t place; /* code points before `at` */
    bool is_after_word, is_after_space;
};

static uint32_t peek(const struct cursor *cursor)
{
    size_t at = cursor->at;
    return at < cursor->length ? character_next(cursor->bytes, cursor->length, &at) : 0;
}

static uint32_t step(struct cursor *cursor)
{
    cursor->place++;
    return character_next(cursor->bytes, cursor->length, &cursor->at);
}

static void step_to(struct cursor *cursor, size_t at)
{
    while (cursor->at < at)
        step(cursor);
}

struct piece tokens_clean(struct piece text, struct arena *arena)
{
    size_t bad = 0;
    for (size_t at = 0; at < text.length;) {
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
    if (c < 0x250)
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

static struct token *add(struct tokens *tokens, struct arena *arena)
{
    if (tokens->count == tokens->capacity) {
        size_t capacity = tokens->capacity > 0 ? tokens->capacity * 2 : 32;
        struct token *items = arena_array(arena, struct token, capacity);
        if (tokens->count > 0)
            memcpy(items, tokens->items, tokens->count * sizeof *items);
        tokens->items = items;
        tokens->capacity = capacity;
    }
    return &tokens->items[tokens->count++];
}

/* A token from the cursor to byte `end`, past which the cursor is moved. */
static struct token *take(struct tokens *tokens, struct cursor *cursor, enum token_kind kind,
                          size_t end, struct arena *arena)
{
    struct token *token = add(tokens, arena);
    *token = (struct token){.kind = kind,
                            .raw = {cursor->bytes + cursor->at, end - cursor->at},
                            .start = cursor->place,
                            .first = peek(cursor),
                            .word = "",
                            .is_glued = !cursor->is_after_space};
    step_to(cursor, end);
    token->end = cursor->place;
    cursor->is_after_space = false;
    cursor->is_after_word = kind == TOKEN_WORD;
    return token;
}

static bool begins_with(const struct cursor *cursor, const char *prefix)
{
    /* Nearly always told by the first character; what begins a prefix has that bit or is a letter.
     */
    if ((cursor->bytes[cursor->at] | 0x20) != (prefix[0] | 0x20))
        return false;
    size_t length = strlen(prefix);
    return cursor->length - cursor->at >= length &&
           strncasecmp(cursor->bytes + cursor->at, prefix, length) == 0;
}

/* End of a link, without the punctuation that closes a sentence; 0 if there is none here. */
static size_t url_end(const struct cursor *cursor)
{
    size_t prefix = begins_with(cursor, "https://")  ? 8
                    : begins_with(cursor, "http://") ? 7
                    : begins_with(cursor, "www.")    ? 4
                                                     : 0;
    if (prefix == 0 || cursor->is_after_word)
        return 0;
    size_t end = cursor->at + prefix;
    for (size_t at = end; at < cursor->length; end = at) {
        uint32_t c = character_next(cursor->bytes, cursor->length, &at);
        if (character_is_space(c) || c < 0x20 || c == '"' || c == '<' || c == '>' || c == 0xFFFD ||
            character_is_emoji(c))
            break;
    }
    while (end > cursor->at && strchr(".,;:!?)'", cursor->bytes[end - 1]) != NULL)
        end--;
    return end > cursor->at + prefix ? end : 0;
}

static size_t hashtag_end(const struct cursor *cursor, size_t signed_at)
{
    size_t end = signed_at;
    bool has_letter = false;
    while (end < cursor->length) {
        size_t at = end;
        uint32_t c = character_next(cursor->bytes, cursor->length, &at);
        if (!character_is_word(c))
            break;
        has_letter = has_letter || (!character_is_digit(c) && c != '_');
        end = at;
    }
    return has_letter ? end : 0;
}

static bool is_ascii_word(char c)
{
    return (c & 0x80) == 0 && character_is_word((uint8_t)c);
}

static size_t mention_end(const struct cursor *cursor, size_t signed_at)
{
    size_t end = signed_at;
    while (end < cursor->length && is_ascii_word(cursor->bytes[end]))
        end++;
    bool is_address = end < cursor->length && cursor->bytes[end] == '@';
    return end > signed_at && end - signed_at <= MENTION_MAX && !is_address ? end : 0;
}

static size_t cashtag_end(const struct cursor *cursor, size_t signed_at)
{
    size_t end = signed_at;
    while (end < cursor->length && is_ascii_word(cursor->bytes[end])) {
        if (character_is_digit((uint8_t)cursor->bytes[end]))
            return 0;
        end++;
    }
    return end > signed_at && end - signed_at <= CASHTAG_MAX && cursor->is_after_space ? end : 0;
}

/* The longest emoticon here that stands between spaces; 0 if there is none. */
static size_t emoticon_end(const struct cursor *cursor)
{
    if (!cursor->is_after_space)
        return 0;
    const char *bytes = cursor->bytes + cursor->at;
    size_t left = cursor->length - cursor->at, length = 0;
    while (length < left && !character_is_space((uint8_t)bytes[length]))
        if (length++ == EMOTICON_MAX_BYTES)
            return 0;
    bool is_emoticon =
        length >= 2 && vocabulary_has(&VALENCES_EMOTICON, hash_bytes(HASH_BEGIN, bytes, length));
    return is_emoticon ? cursor->at + length : 0;
}

/* &amp; and its kin are one mark: their letters are no word. */
static size_t escape_end(const struct cursor *cursor)
{
    static const char *const escapes[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++)
        if (begins_with(cursor, escapes[i]))
            return cursor->at + strlen(escapes[i]);
    return 0;
}

static bool is_apostrophe(uint32_t c)
{
    return c == '\'' || c == 0x2019;
}

/* Words hold letters, digits and apostrophes between letters. */
static size_t word_end(const struct cursor *cursor, struct scripts *scripts)
{
    size_t end = cursor->at;
    for (size_t at = end; at < cursor->length;) {
        uint32_t c = character_next(cursor->bytes, cursor->length, &at);
        if (character_is_word(c)) {
            count_script(scripts, c);
            end = at;
            continue;
        }
        size_t next = at;
        if (!is_apostrophe(c) || end == cursor->at || at >= cursor->length ||
            !character_is_word(character_next(cursor->bytes, cursor->length, &next)))
            break;
    }
    return end;
}

static size_t emoji_end(const struct cursor *cursor)
{
    size_t end = cursor->at;
    uint32_t before = 0;
    while (end < cursor->length) {
        size_t at = end;
        uint32_t c = character_next(cursor->bytes, cursor->length, &at);
        bool is_joined = before == 0 || before == 0x200D;
        if (!character_is_emoji_part(c) && !(is_joined && character_is_emoji(c)))
            break;
        before = c;
        end = at;
    }
    return end;
}

static void spell(struct token *token, size_t skip, struct arena *arena)
{
    const char *bytes = token->raw.at + skip;
    size_t length = token->raw.length - skip, written = 0;
    char *word = arena_new(arena, length * 2 + 1);
    uint32_t letters = 0, capitals = 0;
    for (size_t at = 0; at < length;) {
        bool is_first = at == 0;
        uint32_t c = character_next(bytes, length, &at);
        bool is_upper = character_is_upper(c);
        if (is_first)
            token->is_capital = is_upper;
        letters += !character_is_digit(c) && !is_apostrophe(c);
        capitals += is_upper;
        written += character_put(is_apostrophe(c) ? '\'' : character_lower(c), word + written);
    }
    token->word = word;
    token->word_length = written;
    token->hash = hash_bytes(HASH_BEGIN, word, written);
    token->is_all_caps = capitals >= 2 && capitals == letters;
}

static bool take_tag(struct tokens *tokens, struct cursor *cursor, struct arena *arena)
{
    size_t signed_at = cursor->at;
    uint32_t c = character_next(cursor->bytes, cursor->length, &signed_at);
    if (cursor->is_after_word)
        return false;
    size_t end = 0;
    if (c == '#' || c == 0xFF03) {
        end = hashtag_end(cursor, signed_at);
        size_t sign = signed_at - cursor->at;
        if (end > 0)
            spell(take(tokens, cursor, TOKEN_HASHTAG, end, arena), sign, arena);
    } else if (c == '@' || c == 0xFF20) {
        end = mention_end(cursor, signed_at);
        if (end > 0)
            take(tokens, cursor, TOKEN_MENTION, end, arena);
    } else if (c == '$') {
        end = cashtag_end(cursor, signed_at);
        if (end > 0)
            take(tokens, cursor, TOKEN_CASHTAG, end, arena);
    }
    return end > 0;
}

static void take_next(struct tokens *tokens, struct cursor *cursor, struct arena *arena)
{
    size_t end;
    if ((end = url_end(cursor)) > 0) {
        take(tokens, cursor, TOKEN_URL, end, arena);
    } else if ((end = emoticon_end(cursor)) > 0) {
        struct token *token = take(tokens, cursor, TOKEN_EMOTICON, end, arena);
        token->hash = hash_bytes(HASH_BEGIN, token->raw.at, token->raw.length);
    } else if (take_tag(tokens, cursor, arena)) {
        return;
    } else if ((end = word_end(cursor, &tokens->scripts)) > cursor->at) {
        spell(take(tokens, cursor, TOKEN_WORD, end, arena), 0, arena);
    } else if (character_is_emoji(peek(cursor))) {
        struct token *token = take(tokens, cursor, TOKEN_EMOJI, emoji_end(cursor), arena);
        size_t first = 0;
        character_next(token->raw.at, token->raw.length, &first);
        token->hash = hash_bytes(HASH_BEGIN, token->raw.at, first);
    } else if ((end = escape_end(cursor)) > 0) {
        take(tokens, cursor, TOKEN_MARK, end, arena);
    } else {
        end = cursor->at;
        character_next(cursor->bytes, cursor->length, &end);
        take(tokens, cursor, TOKEN_MARK, end, arena);
    }
}

struct tokens tokens_cut(struct piece text, struct arena *arena)
{
    struct tokens tokens = {0};
    struct cursor cursor = {.bytes = text.at, .length = text.length, .is_after_space = true};
    while (cursor.at < cursor.length) {
        if (character_is_space(peek(&cursor))) {
            step(&cursor);
            cursor.is_after_space = true;
            cursor.is_after_word = false;
        } else {
            take_next(&tokens, &cursor, arena);
        }
    }
    return tokens;
}

/* ---- tags and links alone ---- */

/* A word of plain letters and digits, as most are. False, and nowhere moved: it is another. */
static bool skip_plain_word(struct cursor *cursor)
{
    size_t end = cursor->at;
    while (end < cursor->length && is_ascii_word(cursor->bytes[end]))
        end++;
    bool goes_on = end < cursor->length &&
                   (cursor->bytes[end] == '\'' || (unsigned char)cursor->bytes[end] >= 0x80);
    if (end == cursor->at || goes_on)
        return false;
    cursor->place += (uint32_t)(end - cursor->at);
    cursor->at = end;
    cursor->is_after_word = true;
    return true;
}

/* Past what is neither tag nor link. What tokens_cut() tells apart beyond this (emoticons, escapes)
 * ends with neither a word nor a space, and holds no tag. */
static void skip_next(struct cursor *cursor)
{
    struct scripts unused = {0};
    cursor->is_after_space = false;
    if (skip_plain_word(cursor))
        return;
    size_t end = word_end(cursor, &unused);
    cursor->is_after_word = end > cursor->at;
    if (end == cursor->at && character_is_emoji(peek(cursor)))
        end = emoji_end(cursor);
    if (end > cursor->at)
        step_to(cursor, end);
    else
        step(cursor);
}

struct tokens tokens_cut_tags(struct piece text, struct arena *arena)
{
    struct tokens tokens = {0};
    struct cursor cursor = {.bytes = text.at, .length = text.length, .is_after_space = true};
    while (cursor.at < cursor.length) {
        size_t end;
        if (character_is_space(peek(&cursor))) {
            step(&cursor);
            cursor.is_after_space = true;
            cursor.is_after_word = false;
        } else if ((end = url_end(&cursor)) > 0) {
            take(&tokens, &cursor, TOKEN_URL, end, arena);
        } else if (!take_tag(&tokens, &cursor, arena)) {
            skip_next(&cursor);
        }
    }
    return tokens;
}
