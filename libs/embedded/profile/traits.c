#include "traits.h"

#include <string.h>

#include "embedded/words/vocabulary.h"

enum { SHORT_LINE = 60, SHOUT_LETTERS = 4 };

/* The numbers of the words of CALLS in manner_words.c. */
enum call_word {
    NO_CALL,
    CALL,
    CALL_AT_BEGIN,
    WORD_PLEASE,
    WORD_THREAD,
    WORD_LINK,
    WORD_BIO,
    WORD_RT
};

static const char *const NAMES[TRAIT_COUNT] = {
    "hook",  "question", "list",        "thread", "call_to_action",
    "reply", "retweet",  "exclamation", "lines",  "shouting"};

const char *trait_name(enum trait trait)
{
    return NAMES[trait];
}

/* What the look at one post has to go on. */
struct look {
    const struct token *tokens;
    size_t count;
    struct piece text;
    bool has_lines;
};

static const struct token *at(const struct look *look, size_t nth)
{
    static const struct token NONE = {.kind = TOKEN_MARK, .word = "", .raw = {"", 0}};
    return nth < look->count ? &look->tokens[nth] : &NONE;
}

static bool is_mark(const struct token *token, uint32_t mark)
{
    return token->kind == TOKEN_MARK && token->first == mark;
}

/* What CALLS knows of a word; 0: nothing. */
static enum call_word call_word(const struct token *token)
{
    int kind = 0;
    if (token->kind == TOKEN_WORD || token->kind == TOKEN_HASHTAG)
        token_find(token, &CALLS, &kind);
    return (enum call_word)kind;
}

static size_t offset_of(const struct look *look, const struct token *token)
{
    return (size_t)(token->raw.at - look->text.at);
}

/* Line breaks before a token that is not the first. */
static int breaks_before(const struct look *look, size_t nth)
{
    const struct token *before = &look->tokens[nth - 1];
    int breaks = 0;
    if (!look->has_lines)
        return 0;
    for (const char *c = before->raw.at + before->raw.length; c < look->tokens[nth].raw.at; c++)
        breaks += *c == '\n';
    return breaks;
}

static bool begins_line(const struct look *look, size_t nth)
{
    return nth == 0 || breaks_before(look, nth) > 0;
}

static bool ends_sentence(const struct token *token)
{
    return is_mark(token, '.') || is_mark(token, '!') || is_mark(token, '?') ||
           is_mark(token, ':') || is_mark(token, 0x2026) || is_mark(token, 0xFF1F);
}

static bool draws_on(const struct look *look, size_t nth)
{
    const struct token *token = at(look, nth);
    bool is_pointing = token->kind == TOKEN_EMOJI && (token->first == 0x1F447 || /* down */
                                                      token->first == 0x1F449);  /* right */
    return is_mark(token, '?') || is_mark(token, 0xFF1F) || is_mark(token, ':') ||
           is_mark(token, 0x2026) || is_pointing ||
           (is_mark(token, '.') && is_mark(at(look, nth + 1), '.'));
}

static bool is_retweet(const struct look *look)
{
    return call_word(at(look, 0)) == WORD_RT && at(look, 1)->kind == TOKEN_MENTION;
}

/* Behind "RT @anna:" begins what Anna wrote. */
static size_t behind_retweet(const struct look *look)
{
    return !is_retweet(look) ? 0 : is_mark(at(look, 2), ':') ? 3 : 2;
}

static bool has_hook(const struct look *look)
{
    size_t first = behind_retweet(look);
    while (first < look->count && look->tokens[first].kind != TOKEN_WORD)
        first++;
    if (first < look->count && token_is_in(&look->tokens[first], &HOOKS))
        return true;
    for (size_t i = first + 1; i < look->count; i++) {
        int breaks = breaks_before(look, i);
        if (breaks > 0) {
            bool is_short = offset_of(look, &look->tokens[i - 1]) < SHORT_LINE;
            return draws_on(look, i - 1) || (breaks > 1 && is_short);
        }
        if (draws_on(look, i))
            return i + 1 < look->count; /* to what follows */
        if (ends_sentence(&look->tokens[i]))
            return false;
    }
    return false;
}

static bool is_number(const struct token *token)
{
    return token->kind == TOKEN_WORD && token->is_number && token->raw.length <= 2;
}

static bool is_bullet(const struct look *look, size_t nth)
{
    const struct token *token = &look->tokens[nth];
    const struct token *next = at(look, nth + 1);
    if (token->kind == TOKEN_EMOJI)
        return true;
    if (is_number(token))
        return is_mark(next, '.') || is_mark(next, ')') || is_mark(next, ':');
    return is_mark(token, '-') || is_mark(token, '*') || is_mark(token, 0x2022) ||
           is_mark(token, 0x2013) || is_mark(token, 0x25AA) || is_mark(token, 0x25B8) ||
           is_mark(token, 0x2192) || is_mark(token, 0x27A1) || is_mark(token, 0x2713);
}

static bool has_list(const struct look *look)
{
    int lines = 0;
    for (size_t i = 0; i < look->count; i++)
        lines += begins_line(look, i) && is_bullet(look, i);
    return lines >= 2;
}

static int number_of(const struct token *token)
{
    int number = 0;
    for (uint32_t i = 0; i < token->word_length; i++)
        number = number * 10 + (token->word[i] - '0');
    return number;
}

/* "4/5 stars", "3/4 playing tonight"; 9/11 is a day, 10/10 is praise, 1/2 of something. */
static bool is_share(const struct look *look, int nth, int of, size_t next)
{
    static const char *const OF_WHAT[] = {"star", "stars", "playing"};
    const struct token *word = at(look, next);
    for (size_t i = 0; i < sizeof OF_WHAT / sizeof OF_WHAT[0]; i++) {
        if (strcmp(word->word, OF_WHAT[i]) == 0)
            return true;
    }
    return (nth == 9 && of == 11) || (nth == 10 && of == 10);
}

static bool is_bracket(const struct token *token)
{
    return is_mark(token, '(') || is_mark(token, ')') || is_mark(token, '[') || is_mark(token, ']');
}

/* Do these tokens begin or end the post, but for a bracket? */
static bool is_at_either_end(const struct look *look, size_t begin, size_t end)
{
    bool is_first = begin == 0 || (begin == 1 && is_bracket(at(look, 0)));
    bool is_last =
        end == look->count || (end + 1 == look->count && is_bracket(at(look, look->count - 1)));
    return is_first || is_last;
}

/* "2/7", or "2/" with nothing behind it, at the beginning or the end. */
static bool is_place_in_thread(const struct look *look, size_t nth)
{
    enum { LONGEST_THREAD = 25 };
    const struct token *token = &look->tokens[nth], *slash = at(look, nth + 1);
    if (!is_number(token) || !is_mark(slash, '/') || !slash->is_glued)
        return false;
    if (nth > 0 && token->is_glued && !is_bracket(token - 1))
        return false;
    int place = number_of(token);
    const struct token *last = at(look, nth + 2);
    if (nth + 2 == look->count || !last->is_glued || is_bracket(last))
        return place >= 1 && place <= LONGEST_THREAD && is_at_either_end(look, nth, nth + 2);
    if (!is_number(last) || (nth + 3 < look->count && is_mark(at(look, nth + 3), '/')))
        return false;
    int of = number_of(last);
    return place >= 1 && place <= of && of >= 2 && of <= LONGEST_THREAD &&
           is_at_either_end(look, nth, nth + 3) && !is_share(look, place, of, nth + 3);
}

/* "#thread", "thread:", or a thread at the very end. */
static bool tells_thread(const struct look *look, size_t nth)
{
    return look->tokens[nth].kind == TOKEN_HASHTAG || is_mark(at(look, nth + 1), ':') ||
           (nth > 0 && look->tokens[nth - 1].raw.length == 1 && nth + 2 >= look->count);
}

static bool is_call(const struct look *look, size_t nth, bool begins)
{
    switch (call_word(&look->tokens[nth])) {
    case CALL:
        return look->tokens[nth].kind == TOKEN_WORD;
    case CALL_AT_BEGIN:
        return begins && look->tokens[nth].kind == TOKEN_WORD;
    case WORD_LINK:
        return call_word(at(look, nth + 2)) == WORD_BIO;
    case NO_CALL:
    case WORD_PLEASE:
    case WORD_THREAD:
    case WORD_BIO:
    case WORD_RT:
        return false;
    }
    return false;
}

static uint32_t traits_of_words(const struct look *look)
{
    uint32_t traits = 0;
    bool begins = true;
    for (size_t i = 0; i < look->count; i++) {
        const struct token *token = &look->tokens[i];
        enum call_word word = call_word(token);
        begins = begins || breaks_before(look, i) > 0;
        if ((word == WORD_THREAD && tells_thread(look, i)) || is_place_in_thread(look, i) ||
            (token->kind == TOKEN_EMOJI && token->first == 0x1F9F5)) /* a spool */
            traits |= 1u << TRAIT_THREAD;
        if (word != NO_CALL && is_call(look, i, begins))
            traits |= 1u << TRAIT_CALL_TO_ACTION;
        begins =
            ends_sentence(token) || word == WORD_PLEASE || (begins && token->kind != TOKEN_WORD);
    }
    return traits;
}

static uint32_t trait_of_mark(uint32_t mark)
{
    switch (mark) {
    case '?':
    case 0xFF1F: /* full-width */
    case 0x61F:  /* Arabic */
        return 1u << TRAIT_QUESTION;
    case '!':
    case 0xFF01:
        return 1u << TRAIT_EXCLAMATION;
    default:
        return 0;
    }
}

static uint32_t trait_of_token(const struct token *token)
{
    if (token->kind == TOKEN_MARK)
        return trait_of_mark(token->first);
    bool is_shouted = token->kind == TOKEN_WORD && token->is_all_caps &&
                      token->end - token->start >= SHOUT_LETTERS;
    return is_shouted ? 1u << TRAIT_SHOUTING : 0;
}

static bool has_lines(const struct tokens *tokens)
{
    if (tokens->count == 0)
        return false;
    const struct token *last = &tokens->items[tokens->count - 1];
    const char *begin = tokens->items[0].raw.at;
    return memchr(begin, '\n', (size_t)(last->raw.at - begin)) != NULL;
}

uint32_t traits_find(const struct tokens *tokens, struct piece text)
{
    const struct look look = {tokens->items, tokens->count, text, has_lines(tokens)};
    uint32_t traits = 0;
    for (size_t i = 0; i < look.count; i++)
        traits |= trait_of_token(&look.tokens[i]);
    if (look.has_lines)
        traits |= 1u << TRAIT_LINES;
    if (has_hook(&look))
        traits |= 1u << TRAIT_HOOK;
    if (look.has_lines && has_list(&look))
        traits |= 1u << TRAIT_LIST;
    traits |= traits_of_words(&look);
    if (at(&look, 0)->kind == TOKEN_MENTION)
        traits |= 1u << TRAIT_REPLY;
    if (is_retweet(&look))
        traits |= 1u << TRAIT_RETWEET;
    return traits;
}
