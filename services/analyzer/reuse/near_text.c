#include "near_text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

#include "base/check.h"
#include "base/text.h"
#include "cache_key.h"

enum {
    LEAST_BYTES = 24, /* of a shorter one too much of what it says may be in its link */
    ELLIPSIS_CHAR = 0x2026,
};

#define ELLIPSIS_TEXT "\u2026"
#define DASH_TEXT "\u2014" /* "-" behind a letter may be a grade */

enum token_kind { WORD, MARK, DASH, QUOTE, ELLIPSIS, LINK, OTHER };

struct token {
    enum token_kind kind;
    struct piece text;
};

struct reading {
    struct token *tokens;
    size_t first, end; /* those that still count */
    bool is_retweet, is_cut;
};

static void reading_free(struct reading *reading)
{
    free(reading->tokens);
}

/* ---- characters ---- */

static bool is_ascii(utf8proc_int32_t c)
{
    return c < 0x80; /* most are: they are told without a table */
}

/* Of valid UTF-8. */
static size_t next_char(struct piece text, utf8proc_int32_t *c)
{
    *c = (unsigned char)text.at[0];
    if (is_ascii(*c))
        return 1;
    utf8proc_ssize_t took =
        utf8proc_iterate((const utf8proc_uint8_t *)text.at, (utf8proc_ssize_t)text.length, c);
    return took > 0 ? (size_t)took : 1;
}

static struct piece without_first(struct piece text, size_t bytes)
{
    return (struct piece){text.at + bytes, text.length - bytes};
}

static bool is_valid(struct piece text)
{
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text.at;
    for (size_t at = 0; at < text.length;) {
        utf8proc_int32_t c = bytes[at];
        utf8proc_ssize_t took =
            is_ascii(c) ? 1
                        : utf8proc_iterate(bytes + at, (utf8proc_ssize_t)(text.length - at), &c);
        if (took <= 0)
            return false;
        at += (size_t)took;
    }
    return true;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Letters, digits and the marks that belong to them; not what makes an emoji coloured. */
static bool is_of_word(utf8proc_int32_t c)
{
    if (is_ascii(c))
        return is_name_char((char)c);
    if (c == 0xFE0E || c == 0xFE0F)
        return false;
    utf8proc_category_t category = utf8proc_category(c);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

static bool is_quote(utf8proc_int32_t c)
{
    return c == '"' || c == 0x201C || c == 0x201D || c == 0x201E || c == 0xAB || c == 0xBB;
}

static bool is_opener(utf8proc_int32_t c)
{
    return is_quote(c) || c == '(' || c == '[' || c == '\'' || c == 0x2018 || c == 0x2019;
}

static bool equals(struct piece text, const char *string)
{
    return text.length == strlen(string) && memcmp(text.at, string, text.length) == 0;
}

static bool equals_without_case(struct piece text, const char *string)
{
    return text.length == strlen(string) && strncasecmp(text.at, string, text.length) == 0;
}

/* ---- tokens ---- */

static void add(struct reading *reading, enum token_kind kind, const char *at, size_t length)
{
    reading->tokens[reading->end++] = (struct token){kind, {at, length}};
}

/* letters: in front of the run, at the same word. A face may begin with one of them: "D:" "c;". */
static enum token_kind kind_of_run(struct piece run, size_t letters)
{
    if (equals(run, "..."))
        return ELLIPSIS;
    if (equals(run, ".") || equals(run, ","))
        return MARK;
    if (equals(run, ":") || equals(run, ";"))
        return letters >= 2 ? MARK : OTHER;
    if (letters == 0 &&
        (equals(run, "-") || equals(run, "--") || equals(run, "\u2013") || equals(run, DASH_TEXT)))
        return DASH;
    return OTHER;
}

/* What is no word, up to the next white space. Quotation marks and ellipses behind it stand alone:
 * the first may belong to the whole, the second to where it was cut. */
static void read_run(struct reading *reading, struct piece run, size_t letters)
{
    size_t bytes = 0; /* without those */
    utf8proc_int32_t c;
    for (size_t at = 0, took; at < run.length; at += took) {
        took = next_char(without_first(run, at), &c);
        if (!is_quote(c) && c != ELLIPSIS_CHAR)
            bytes = at + took;
    }
    if (bytes > 0)
        add(reading, kind_of_run((struct piece){run.at, bytes}, letters), run.at, bytes);
    for (size_t took; bytes < run.length; bytes += took) {
        took = next_char(without_first(run, bytes), &c);
        add(reading, is_quote(c) ? QUOTE : ELLIPSIS, run.at + bytes, took);
    }
}

static void read_plain(struct reading *reading, struct piece piece)
{
    utf8proc_int32_t c;
    while (piece.length > 0) {
        size_t took = next_char(piece, &c);
        if (!is_opener(c))
            break;
        add(reading, is_quote(c) ? QUOTE : OTHER, piece.at, took);
        piece = without_first(piece, took);
    }
    size_t word = 0, letters = 0;
    for (size_t at = 0, took; at < piece.length; at += took) {
        took = next_char(without_first(piece, at), &c);
        if (!is_of_word(c))
            continue;
        word = at + took;
        letters++;
    }
    if (word > 0)
        add(reading, WORD, piece.at, word);
    if (word < piece.length)
        read_run(reading, without_first(piece, word), letters);
}

/* Its length, or 0 if none begins here. What may be said behind it is not taken for a part of it.
 */
static size_t link_length(struct piece text)
{
    if (!(text.length > 7 && strncasecmp(text.at, "http://", 7) == 0) &&
        !(text.length > 8 && strncasecmp(text.at, "https://", 8) == 0))
        return 0;
    size_t end = 7;
    while (end < text.length && text.at[end] > ' ' && text.at[end] < 0x7F &&
           strchr("\"<>", text.at[end]) == NULL)
        end++;
    while (strchr(".,:;!?'()[]*", text.at[end - 1]) != NULL)
        end--;
    return end;
}

/* Of what stands between white space. */
static void read_piece(struct reading *reading, struct piece piece)
{
    for (size_t at = 0; at < piece.length; at++) {
        if (piece.at[at] != 'h' && piece.at[at] != 'H')
            continue;
        size_t link = link_length(without_first(piece, at));
        if (link == 0)
            continue;
        read_plain(reading, (struct piece){piece.at, at});
        add(reading, LINK, piece.at + at, link);
        piece = without_first(piece, at + link);
        at = SIZE_MAX; /* from its beginning again */
    }
    if (piece.length > 0)
        read_plain(reading, piece);
}

/* Bytes of "RT @name: ", or 0. */
static size_t retweet_length(struct piece text)
{
    size_t at = strlen("RT @");
    if (text.length < at || strncasecmp(text.at, "RT @", at) != 0)
        return 0;
    size_t name = at;
    while (at < text.length && is_name_char(text.at[at]))
        at++;
    if (at == name || at + 1 >= text.length || text.at[at] != ':' || text.at[at + 1] != ' ')
        return 0;
    return at + 2;
}

static void read_all(struct reading *reading, struct piece text)
{
    for (size_t length; (length = retweet_length(text)) > 0; text = without_first(text, length))
        reading->is_retweet = true;
    while (text.length > 0) {
        const char *space = memchr(text.at, ' ', text.length);
        size_t length = space != NULL ? (size_t)(space - text.at) : text.length;
        read_piece(reading, (struct piece){text.at, length});
        text = without_first(text, space != NULL ? length + 1 : length);
    }
}

/* ---- the ends ---- */

static bool is_of_ends(enum token_kind kind)
{
    return kind == MARK || kind == DASH || kind == LINK;
}

static void drop_marks(struct reading *reading)
{
    while (reading->first < reading->end && is_of_ends(reading->tokens[reading->first].kind))
        reading->first++;
    while (reading->first < reading->end && is_of_ends(reading->tokens[reading->end - 1].kind))
        reading->end--;
}

static const struct token *from_end(const struct reading *reading, size_t nth)
{
    static const struct token none = {.kind = OTHER};
    return reading->end - reading->first > nth ? &reading->tokens[reading->end - 1 - nth] : &none;
}

static bool is_via(const struct token *via, const struct token *name)
{
    return equals_without_case(via->text, "via") && name->kind == WORD && name->text.length > 1 &&
           name->text.at[0] == '@';
}

/* "booked via @name" belongs to what is said: so there must be a mark or a link in between. */
static void drop_via(struct reading *reading)
{
    if (equals(from_end(reading, 0)->text, ")") && equals(from_end(reading, 3)->text, "(") &&
        is_via(from_end(reading, 2), from_end(reading, 1)))
        reading->end -= 4;
    else if (is_via(from_end(reading, 1), from_end(reading, 0)) &&
             is_of_ends(from_end(reading, 2)->kind))
        reading->end -= 2;
}

static void drop_quotes(struct reading *reading)
{
    size_t count = 0;
    for (size_t i = reading->first; i < reading->end; i++)
        count += reading->tokens[i].kind == QUOTE;
    if (count != 2 || reading->tokens[reading->first].kind != QUOTE ||
        from_end(reading, 0)->kind != QUOTE)
        return;
    reading->first++;
    reading->end--;
}

static void trim(struct reading *reading)
{
    while (from_end(reading, 0)->kind == LINK)
        reading->end--;
    if (reading->is_retweet && from_end(reading, 0)->kind == ELLIPSIS) {
        reading->is_cut = true;
        reading->end--;
    }
    drop_marks(reading);
    drop_via(reading);
    drop_marks(reading);
    drop_quotes(reading);
    drop_marks(reading);
}

/* ---- what is left ---- */

static bool is_small(utf8proc_int32_t c)
{
    return is_ascii(c) ? c >= 'a' && c <= 'z' : utf8proc_category(c) == UTF8PROC_CATEGORY_LL;
}

static bool is_capital(utf8proc_int32_t c)
{
    return is_ascii(c) ? c >= 'A' && c <= 'Z' : utf8proc_category(c) == UTF8PROC_CATEGORY_LU;
}

static bool is_shouted(struct piece word)
{
    size_t capitals = 0;
    utf8proc_int32_t c;
    for (size_t took; word.length > 0; word = without_first(word, took)) {
        took = next_char(word, &c);
        if (is_small(c))
            return false;
        capitals += is_capital(c);
    }
    return capitals >= 2;
}

/* The ASCII characters that the word begins with; how many they are. */
static size_t write_ascii(struct piece word, bool keeps_case, struct text *out)
{
    size_t length = 0;
    while (length < word.length && is_ascii((unsigned char)word.at[length]))
        length++;
    text_add_bytes(out, word.at, length);
    char *written = out->chars + out->length - length;
    for (size_t i = 0; i < length && !keeps_case; i++)
        if (written[i] >= 'A' && written[i] <= 'Z')
            written[i] = (char)(written[i] - 'A' + 'a');
    return length;
}

static void write_chars(struct piece word, struct text *out)
{
    bool keeps_case = is_shouted(word);
    for (size_t took; word.length > 0; word = without_first(word, took)) {
        took = write_ascii(word, keeps_case, out);
        if (took > 0)
            continue;
        utf8proc_int32_t c;
        took = next_char(word, &c);
        if (c == 0x2018 || c == 0x2019)
            c = '\'';
        utf8proc_uint8_t bytes[4];
        utf8proc_ssize_t length = utf8proc_encode_char(keeps_case ? c : utf8proc_tolower(c), bytes);
        text_add_bytes(out, bytes, (size_t)length);
    }
}

static void write_token(const struct token *token, struct text *out)
{
    if (out->length > 0)
        text_add_char(out, ' ');
    switch (token->kind) {
    case MARK:
        text_add_char(out, ',');
        break;
    case DASH:
        text_add(out, DASH_TEXT);
        break;
    case QUOTE:
        text_add_char(out, '"');
        break;
    case ELLIPSIS:
        text_add(out, ELLIPSIS_TEXT);
        break;
    case WORD:
    case OTHER:
        write_chars(token->text, out);
        break;
    case LINK:
        break;
    }
}

static void write_all(const struct reading *reading, struct text *out)
{
    bool is_behind_mark = false;
    for (size_t i = reading->first; i < reading->end; i++) {
        const struct token *token = &reading->tokens[i];
        if (token->kind == LINK || (token->kind == MARK && is_behind_mark))
            continue;
        write_token(token, out);
        is_behind_mark = token->kind == MARK;
    }
}

bool near_text_read(struct piece text, struct arena *arena, struct near_text *read)
{
    if (text.length > NEAR_TEXT_MAX_BYTES || !is_valid(text))
        return false;
    SCOPED(text_free) struct text normal = {0}, words = {0};
    cache_key_normalise(text.at, text.length, &normal);
    if (normal.length > NEAR_TEXT_MAX_BYTES) /* there are characters that grow in NFC */
        return false;
    SCOPED(reading_free) struct reading reading = {
        .tokens = malloc((normal.length + 1) * sizeof(struct token))};
    CHECK(reading.tokens != NULL);
    read_all(&reading, (struct piece){normal.chars, normal.length});
    trim(&reading);
    write_all(&reading, &words);
    if (words.length < LEAST_BYTES)
        return false;
    *read = (struct near_text){{arena_bytes(arena, words.chars, words.length), words.length},
                               reading.is_cut};
    return true;
}
