#include "loosen.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { NUMBER_MAX_BYTES = 64 };

static const char MARK[] = "\xEF\xBB\xBF";

/* Of a word: a number, or a name like true. */
static bool is_of_word(uint8_t byte)
{
    uint8_t letter = byte | 0x20;
    return (letter >= 'a' && letter <= 'z') || (byte >= '0' && byte <= '9') || byte == '+' ||
           byte == '-' || byte == '.' || byte == '_';
}

static size_t word_end(struct bytes body, size_t at)
{
    while (at < body.length && is_of_word(body.at[at]))
        at++;
    return at;
}

static size_t string_end(struct bytes body, size_t at)
{
    for (at++; at < body.length && body.at[at] != '"'; at++)
        if (body.at[at] == '\\')
            at++;
    return at < body.length ? at + 1 : body.length;
}

/* Can it be held? Whether it is spelt as JSON spells numbers the parser will say. */
static bool is_number(const char *word)
{
    if (!isdigit((unsigned char)word[word[0] == '-']) || strpbrk(word, "xXpP") != NULL)
        return false;
    errno = 0;
    if (strpbrk(word, ".eE") != NULL)
        return isfinite(strtod(word, NULL));
    (void)strtoll(word, NULL, 10);
    return errno != ERANGE;
}

static bool is_value(const uint8_t *at, size_t length)
{
    char word[NUMBER_MAX_BYTES + 1];
    if (length > NUMBER_MAX_BYTES)
        return false;
    memcpy(word, at, length);
    word[length] = '\0';
    return strcmp(word, "true") == 0 || strcmp(word, "false") == 0 || strcmp(word, "null") == 0 ||
           is_number(word);
}

struct bytes loosen(struct bytes body, struct arena *arena)
{
    size_t mark = sizeof MARK - 1;
    bool has_mark = body.length >= mark && memcmp(body.at, MARK, mark) == 0;
    SCOPED(text_free) struct text loosened = {0};
    for (size_t at = has_mark ? mark : 0, end; at < body.length; at = end) {
        bool is_word = is_of_word(body.at[at]);
        if (is_word)
            end = word_end(body, at);
        else
            end = body.at[at] == '"' ? string_end(body, at) : at + 1;
        if (is_word && !is_value(body.at + at, end - at))
            text_add(&loosened, "null");
        else
            text_add_bytes(&loosened, (const char *)body.at + at, end - at);
    }
    const char *copy = arena_bytes(arena, loosened.chars, loosened.length);
    return (struct bytes){(const uint8_t *)copy, loosened.length};
}
