#include "names.h"

#include <string.h>

#include "known_names.h"
#include "name_features.h"

enum { MAX_RUN = 64, NEVER = -30000, POSSESSIVE_BYTES = 2 };

/* ---- tags of a run of words ---- */

struct trail {
    int32_t steps[NAME_TAGS][NAME_TAGS]; /* what a tag behind another is worth */
    int32_t scores[NAME_TAGS];
    uint8_t from[MAX_RUN][NAME_TAGS];
};

/* The weights of a tag and of one behind it in turn, in the halves of two words of four numbers
 * each, 128 above what they are: eight sums at once. */
static void weigh(const struct name_model *model, const struct name_words *words, size_t at,
                  int32_t sums[NAME_TAGS])
{
    const uint64_t raise = UINT64_C(0x8080808080808080), even = UINT64_C(0x00FF00FF00FF00FF);
    uint32_t rows[NAME_FEATURES];
    uint64_t pairs[2] = {0};
    name_features_find(words, at, rows);
    for (size_t i = 0; i < NAME_FEATURES; i++)
        __builtin_prefetch(model->rows + (size_t)rows[i] * NAME_TAGS);
    for (size_t i = 0; i < NAME_FEATURES; i++) {
        uint64_t row;
        memcpy(&row, model->rows + (size_t)rows[i] * NAME_TAGS, sizeof row);
        row ^= raise;
        pairs[0] += row & even;
        pairs[1] += row >> 8 & even;
    }
    for (size_t tag = 0; tag < NAME_TAGS; tag++)
        sums[tag] = (int32_t)(pairs[tag % 2] >> (tag / 2 * 16) & 0xFFFF) - 128 * NAME_FEATURES;
}

static bool may_follow(size_t before, size_t tag)
{
    if (tag == TAG_IN_PERSON || tag == TAG_IN_PLACE || tag == TAG_IN_ORGANISATION)
        return before == tag || before + 1 == tag;
    return true;
}

static void begin_trail(const struct name_model *model, struct trail *trail)
{
    for (size_t tag = 0; tag < NAME_TAGS; tag++) {
        trail->scores[tag] = tag == TAG_OUTSIDE ? 0 : NEVER;
        for (size_t before = 0; before < NAME_TAGS; before++)
            trail->steps[before][tag] =
                may_follow(before, tag) ? model->steps[before * NAME_TAGS + tag] : 3 * NEVER;
    }
}

/* Moves the trail on by one word. */
static void advance(struct trail *trail, size_t step, const int32_t sums[NAME_TAGS])
{
    int32_t most[NAME_TAGS], from[NAME_TAGS] = {0};
    for (size_t tag = 0; tag < NAME_TAGS; tag++)
        most[tag] = trail->scores[0] + trail->steps[0][tag];
    for (size_t before = 1; before < NAME_TAGS; before++) {
        for (size_t tag = 0; tag < NAME_TAGS; tag++) {
            int32_t score = trail->scores[before] + trail->steps[before][tag];
            from[tag] = score > most[tag] ? (int32_t)before : from[tag];
            most[tag] = score > most[tag] ? score : most[tag];
        }
    }
    for (size_t tag = 0; tag < NAME_TAGS; tag++) {
        trail->scores[tag] = most[tag] + sums[tag];
        trail->from[step][tag] = (uint8_t)from[tag];
    }
}

/* The likeliest tags of the `count` words from `at` on. */
static void tag_run(const struct name_model *model, const struct name_words *words, size_t at,
                    size_t count, uint8_t tags[MAX_RUN])
{
    struct trail trail;
    begin_trail(model, &trail);
    for (size_t i = 0; i < count; i++) {
        int32_t sums[NAME_TAGS];
        weigh(model, words, at + i, sums);
        advance(&trail, i, sums);
    }
    uint8_t best = 0;
    for (uint8_t tag = 1; tag < NAME_TAGS; tag++)
        if (trail.scores[tag] > trail.scores[best])
            best = tag;
    for (size_t i = count; i > 0; i--) {
        tags[i - 1] = best;
        best = trail.from[i - 1][best];
    }
}

/* ---- names of tags ---- */

static enum name_type type_of(uint8_t tag)
{
    if (tag == TAG_BEGINS_PERSON)
        return NAME_PERSON;
    if (tag == TAG_BEGINS_PLACE)
        return NAME_PLACE;
    return tag == TAG_BEGINS_ORGANISATION ? NAME_ORGANISATION : NAME_OTHER;
}

static struct entity entity_of(const struct token *first, const struct token *last,
                               enum name_type type)
{
    struct entity entity = {
        .type = type, .is_placed = true, .start = first->start, .end = last->end};
    size_t length = (size_t)(last->raw.at - first->raw.at) + last->raw.length;
    size_t word = last->word_length;
    if (word > POSSESSIVE_BYTES && strcmp(last->word + word - POSSESSIVE_BYTES, "'s") == 0) {
        /* The typographic apostrophe is three bytes. */
        length -= first->raw.at[length - POSSESSIVE_BYTES] == '\'' ? 2 : 4;
        entity.end -= POSSESSIVE_BYTES;
    }
    entity.text = (struct piece){first->raw.at, length};
    return entity;
}

/* German writes every noun with a capital letter: there only words known as names count. */
static bool is_believed(const struct name_words *words, size_t at, size_t count,
                        enum language language)
{
    if (language != LANGUAGE_DE || (words->items + at - 1)->known == KNOWN_TITLE)
        return true;
    for (size_t i = at; i < at + count; i++) {
        const struct name_word *word = &words->items[i];
        if ((word->known > 0 && word->known <= KNOWN_TO_NAMES) || word->known_pair > 0)
            return true;
    }
    return false;
}

static void take_names(const struct name_words *words, size_t at, size_t count,
                       const uint8_t tags[MAX_RUN], enum language language, struct entities *names)
{
    const struct token *items = words->tokens->items + at;
    for (size_t i = 0; i < count && names->count < MAX_NAMES;) {
        uint8_t tag = tags[i], inner = tag == TAG_OTHER ? tag : (uint8_t)(tag + 1);
        size_t end = i + 1;
        while (tag != TAG_OUTSIDE && end < count && tags[end] == inner)
            end++;
        if (tag != TAG_OUTSIDE && is_believed(words, at + i, end - i, language))
            names->items[names->count++] = entity_of(&items[i], &items[end - 1], type_of(tag));
        i = end;
    }
}

struct entities names_find_by(const struct name_model *model, const struct tokens *tokens,
                              enum language language, struct arena *arena)
{
    struct entities names = {arena_array(arena, struct entity, MAX_NAMES), 0};
    struct name_words words = name_words_of(tokens, model, arena);
    for (size_t i = 0; i < tokens->count && names.count < MAX_NAMES;) {
        size_t count = 0;
        while (i + count < tokens->count && count < MAX_RUN && words.items[i + count].may_be_name)
            count++;
        if (count == 0) {
            i++;
            continue;
        }
        uint8_t tags[MAX_RUN];
        tag_run(model, &words, i, count, tags);
        take_names(&words, i, count, tags, language, &names);
        i += count;
    }
    return names;
}

struct entities names_find(const struct tokens *tokens, enum language language, struct arena *arena)
{
    struct name_model model = name_model_shipped();
    return names_find_by(&model, tokens, language, arena);
}
