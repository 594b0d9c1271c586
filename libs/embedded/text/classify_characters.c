/* Run by the build: prints what kinds of characters there are as the tables of characters.h, from
 * the Unicode data of utf8proc and what twitter-text says of hashtags and links. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#include "base/check.h"
#include "characters.h"

enum { MAX_PAGES = 1024 };

struct range {
    uint32_t first, last;
};

/* twitter-text: what may stand in a hashtag besides letters, marks and digits. */
static const struct range TAG_SIGNS[] = {
    {'_', '_'},       {0xB7, 0xB7},     {0x5BE, 0x5BE},   {0x5F3, 0x5F4},   {0xF0B, 0xF0C},
    {0x200C, 0x200D}, {0x3003, 0x3003}, {0x301C, 0x301C}, {0x309B, 0x309C}, {0x30A0, 0x30A0},
    {0x30FB, 0x30FB}, {0xA67E, 0xA67E}, {0xFF5E, 0xFF5E},
};

/* twitter-text: Latin letters with accents, as paths and the ends of mentions know them. */
static const struct range LATIN_ACCENTS[] = {
    {0xC0, 0xD6},   {0xD8, 0xF6},   {0xF8, 0x24F},  {0x253, 0x254},
    {0x256, 0x257}, {0x259, 0x259}, {0x25B, 0x25B}, {0x263, 0x263},
    {0x268, 0x268}, {0x26F, 0x26F}, {0x272, 0x272}, {0x289, 0x289},
    {0x28B, 0x28B}, {0x2BB, 0x2BB}, {0x300, 0x36F}, {0x1E00, 0x1EFF},
};

static const struct range CYRILLIC[] = {
    {0x400, 0x52F},   {0x1C80, 0x1C88}, {0x1D2B, 0x1D2B},
    {0x1D78, 0x1D78}, {0x2DE0, 0x2DFF}, {0xA640, 0xA69F},
};

static const struct range SPACES[] = {
    {9, 13},          {' ', ' '},       {0x85, 0x85},     {0xA0, 0xA0},
    {0x1680, 0x1680}, {0x180E, 0x180E}, {0x2000, 0x200A}, {0x2028, 0x2029},
    {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000},
};

static const struct range DIRECTIONAL[] = {
    {0x61C, 0x61C}, {0x200E, 0x200F}, {0x202A, 0x202E}, {0x2066, 0x2069}};

/* The joiner, keycap, variation selectors, skin tones, and the letters of a flag's tags. */
static const struct range EMOJI_PARTS[] = {
    {0x200D, 0x200D}, {0x20E3, 0x20E3}, {0xFE00, 0xFE0F}, {0x1F3FB, 0x1F3FF}, {0xE0020, 0xE007F}};

static const struct range REGIONAL[] = {{0x1F1E6, 0x1F1FF}};

/* Byte order marks and what is no character. */
static const struct range NO_CHARACTERS[] = {{0xFEFF, 0xFEFF}, {0xFFFD, 0xFFFF}};

#define IS_IN(ranges, c) is_in((ranges), sizeof(ranges) / sizeof(ranges)[0], (c))

static bool is_in(const struct range *ranges, size_t count, uint32_t c)
{
    for (size_t i = 0; i < count; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

static uint32_t kinds_of_category(utf8proc_category_t category)
{
    if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_ME)
        return CHARACTER_LETTER | CHARACTER_WORD;
    if (category == UTF8PROC_CATEGORY_ND)
        return CHARACTER_DIGIT | CHARACTER_WORD;
    if (category == UTF8PROC_CATEGORY_NL)
        return CHARACTER_WORD;
    return category == UTF8PROC_CATEGORY_PD ? CHARACTER_DASH : 0;
}

/* A host may hold any letter, but of ASCII only letters and digits. */
static bool is_of_host(uint32_t c, uint32_t kinds)
{
    if (c < 0x80)
        return (kinds & (CHARACTER_LETTER | CHARACTER_DIGIT)) != 0;
    return (kinds & (CHARACTER_SPACE | CHARACTER_DIRECTIONAL)) == 0 && !IS_IN(NO_CHARACTERS, c);
}

static uint32_t kinds_of(uint32_t c)
{
    const utf8proc_property_t *property = utf8proc_get_property((utf8proc_int32_t)c);
    uint32_t kinds = kinds_of_category((utf8proc_category_t)property->category);
    kinds |= IS_IN(TAG_SIGNS, c) ? CHARACTER_TAG_SIGN : 0;
    kinds |= IS_IN(LATIN_ACCENTS, c) ? CHARACTER_LATIN_ACCENT : 0;
    kinds |= IS_IN(CYRILLIC, c) ? CHARACTER_CYRILLIC : 0;
    kinds |= IS_IN(SPACES, c) ? CHARACTER_SPACE : 0;
    kinds |= IS_IN(DIRECTIONAL, c) ? CHARACTER_DIRECTIONAL : 0;
    /* Pictures from the arrows on; what stands before is punctuation first. */
    bool is_picture = property->boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
    kinds |= (is_picture && c >= 0x2190) || IS_IN(REGIONAL, c) ? CHARACTER_EMOJI : 0;
    if (IS_IN(EMOJI_PARTS, c))
        kinds = (kinds & ~(uint32_t)CHARACTER_WORD) | CHARACTER_EMOJI_PART;
    if (c == '_' || c == 0x200C) /* a joiner that joins nothing but letters */
        kinds |= CHARACTER_WORD;
    return kinds | (is_of_host(c, kinds) ? CHARACTER_HOST : 0);
}

static int32_t entry_of(uint32_t c)
{
    int32_t lower = utf8proc_tolower((utf8proc_int32_t)c);
    uint32_t kinds = kinds_of(c) | (lower != (int32_t)c ? CHARACTER_UPPER : 0);
    return (lower - (int32_t)c) * (1 << CHARACTER_KIND_BITS) + (int32_t)kinds;
}

static enum byte_kind kind_of_byte(uint32_t c)
{
    uint32_t kinds = kinds_of(c);
    if (c >= 0x80)
        return BYTE_WIDE;
    if ((kinds & CHARACTER_SPACE) != 0)
        return BYTE_SPACE;
    if ((kinds & CHARACTER_DIGIT) != 0)
        return BYTE_DIGIT;
    if ((kinds & CHARACTER_WORD) == 0)
        return BYTE_SIGN;
    return c >= 'A' && c <= 'Z' ? BYTE_CAPITAL : BYTE_SMALL;
}

static size_t page_of(int32_t pages[][CHARACTER_PAGE], size_t *count, const int32_t *page)
{
    for (size_t i = 0; i < *count; i++)
        if (memcmp(pages[i], page, sizeof pages[i]) == 0)
            return i;
    CHECK(*count < MAX_PAGES);
    memcpy(pages[*count], page, sizeof pages[*count]);
    return (*count)++;
}

int main(void)
{
    static int32_t pages[MAX_PAGES][CHARACTER_PAGE];
    size_t count = 0;
    printf("#include \"characters.h\"\n\nconst uint16_t CHARACTER_PAGES[] = {\n");
    for (uint32_t first = 0; first <= 0x10FFFF; first += CHARACTER_PAGE) {
        int32_t page[CHARACTER_PAGE];
        for (uint32_t i = 0; i < CHARACTER_PAGE; i++)
            page[i] = entry_of(first + i);
        printf("%zu,\n", page_of(pages, &count, page));
    }
    printf("};\n\nconst int32_t CHARACTER_ENTRIES[] = {\n");
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < CHARACTER_PAGE; k++)
            printf("%d,\n", pages[i][k]);
    printf("};\n\nconst uint8_t BYTE_KINDS[256] = {\n");
    for (uint32_t c = 0; c < 256; c++)
        printf("%d,\n", (int)kind_of_byte(c));
    printf("};\n\nconst char BYTE_LOWERS[256] = {\n");
    for (uint32_t c = 0; c < 256; c++) {
        enum byte_kind kind = kind_of_byte(c);
        bool is_of_word = kind == BYTE_SMALL || kind == BYTE_CAPITAL || kind == BYTE_DIGIT;
        printf("%d,\n", is_of_word ? utf8proc_tolower((utf8proc_int32_t)c) : 0);
    }
    printf("};\n");
    return 0;
}
