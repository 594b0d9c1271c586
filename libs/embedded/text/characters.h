/* UTF-8 and what kinds of characters there are. The tables are made while building
 * (classify_characters.c). Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum character_kind {
    CHARACTER_LETTER = 1 << 0,       /* and what is set upon one: of hashtags */
    CHARACTER_DIGIT = 1 << 1,        /* of any script */
    CHARACTER_TAG_SIGN = 1 << 2,     /* neither, and still of hashtags */
    CHARACTER_LATIN_ACCENT = 1 << 3, /* of paths */
    CHARACTER_CYRILLIC = 1 << 4,
    CHARACTER_DASH = 1 << 5,
    CHARACTER_SPACE = 1 << 6,
    CHARACTER_DIRECTIONAL = 1 << 7, /* turns the direction of writing */
    CHARACTER_WORD = 1 << 8,        /* a letter or digit, or what belongs to one */
    CHARACTER_EMOJI = 1 << 9,
    CHARACTER_EMOJI_PART = 1 << 10, /* joins or colours an emoji */
    CHARACTER_UPPER = 1 << 11,
    CHARACTER_HOST = 1 << 12, /* of the name of a host */
};
enum { CHARACTER_KIND_BITS = 13, CHARACTER_PAGE = 128 };

/* An entry is the way to the small letter, above the kinds. */
extern const uint16_t CHARACTER_PAGES[];
extern const int32_t CHARACTER_ENTRIES[];

static inline int32_t character_entry(uint32_t c)
{
    return CHARACTER_ENTRIES[(size_t)CHARACTER_PAGES[c / CHARACTER_PAGE] * CHARACTER_PAGE +
                             c % CHARACTER_PAGE];
}

static inline bool character_is(uint32_t c, unsigned kinds)
{
    return ((unsigned)character_entry(c) & kinds) != 0;
}

static inline uint32_t character_lower(uint32_t c)
{
    return (uint32_t)((int32_t)c + (character_entry(c) >> CHARACTER_KIND_BITS));
}

static inline bool character_is_space(uint32_t c)
{
    return character_is(c, CHARACTER_SPACE);
}

static inline bool character_is_word(uint32_t c)
{
    return character_is(c, CHARACTER_WORD);
}

static inline bool character_is_upper(uint32_t c)
{
    return character_is(c, CHARACTER_UPPER);
}

static inline bool character_is_emoji(uint32_t c)
{
    return character_is(c, CHARACTER_EMOJI);
}

static inline bool character_is_emoji_part(uint32_t c)
{
    return character_is(c, CHARACTER_EMOJI_PART);
}

/* '0' to '9' only. */
static inline bool character_is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

/* An ASCII letter, or '0' to '9'. */
static inline bool character_is_ascii_alnum(uint32_t c)
{
    return character_is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static inline bool character_is_among(uint32_t c, const char *ascii)
{
    return c != 0 && c < 0x80 && strchr(ascii, (int)c) != NULL;
}

/* The kinds of bytes; '_' counts as a small letter. */
enum byte_kind { BYTE_SIGN, BYTE_SPACE, BYTE_SMALL, BYTE_CAPITAL, BYTE_DIGIT, BYTE_WIDE };

extern const uint8_t BYTE_KINDS[256];

/* The small letter of an ASCII letter, a digit or '_' itself; 0 for what is of no word. */
extern const char BYTE_LOWERS[256];

static inline enum byte_kind byte_kind(char byte)
{
    return (enum byte_kind)BYTE_KINDS[(uint8_t)byte];
}

/* character_next() of what begins beyond ASCII. */
uint32_t character_next_wide(const char *bytes, size_t length, size_t *at);

/* The code point at bytes[*at], which is moved past it. What is not UTF-8 reads as U+FFFD, one
 * byte at a time. */
static inline uint32_t character_next(const char *bytes, size_t length, size_t *at)
{
    if ((uint8_t)bytes[*at] < 0x80)
        return (uint8_t)bytes[(*at)++];
    return character_next_wide(bytes, length, at);
}

/* The code point at `at`; 0 at the end. */
static inline uint32_t character_at(const char *bytes, size_t length, size_t at)
{
    return at < length ? character_next(bytes, length, &at) : 0;
}

/* The code point that ends before `at` > 0, in valid UTF-8; *begin is where it stands. */
uint32_t character_before(const char *bytes, size_t at, size_t *begin);

/* How many code points begin in these bytes of valid UTF-8. */
size_t character_count(const char *bytes, size_t length);

/* How many bytes from the beginning are ASCII. */
size_t character_plain(const char *bytes, size_t length);

/* Writes a code point; answers how many bytes of `bytes` it took. */
size_t character_put(uint32_t character, char bytes[4]);
