#include "names.h"

#include <string.h>

#include "embedded/words/known_names.h"
#include "name_features.h"

enum { MAX_RUN = 64, POSSESSIVE_BYTES = 2 };

/* ---- tags of a run of words ---- */

/* A number for each tag, added and compared at once. */
typedef int16_t tag_numbers __attribute__((vector_size(NAME_TAGS * sizeof(int16_t))));
typedef int8_t tag_weights __attribute__((vector_size(NAME_TAGS)));

/* What the likeliest ways to each tag are worth, the best one 0, and where they came from. */
struct trail {
    tag_numbers scores;
    tag_numbers from[MAX_RUN];
};

static tag_numbers weigh(const struct name_model *model, const struct name_words *words, size_t at)
{
    uint32_t rows[NAME_FEATURES];
    name_features_find(words, at, rows);
    for (size_t i = 0; i < NAME_FEATURES; i++)
        __builtin_prefetch(model->rows + (size_t)rows[i] * NAME_TAGS);
    tag_numbers sums = {0};
    for (size_t i = 0; i < NAME_FEATURES; i++) {
        tag_weights row;
        memcpy(&row, model->rows + (size_t)rows[i] * NAME_TAGS, sizeof row);
        sums += __builtin_convertvector(row, tag_numbers);
    }
    return sums;
}

static tag_numbers of_all(int16_t number)
{
    return (tag_numbers){number, number, number, number, number, number, number, number};
}

/* `first` where the mask is all ones, else `second`. */
static tag_numbers chosen(tag_numbers mask, tag_numbers first, tag_numbers second)
{
    return (mask & first) | (~mask & second);
}

static int16_t largest(tag_numbers numbers)
{
    int16_t most = numbers[0];
    for (size_t tag = 1; tag < NAME_TAGS; tag++)
        most = numbers[tag] > most ? numbers[tag] : most;
    return most;
}

/* Moves the trail on by one word. */
static void advance(const struct name_model *model, struct trail *trail, size_t step,
                    tag_numbers sums)
{
    tag_numbers best = of_all(INT16_MIN), from = {0};
    for (size_t before = 0; before < NAME_TAGS; before++) {
        tag_numbers way;
        memcpy(&way, model->steps + before * NAME_TAGS, sizeof way);
        way += of_all(trail->scores[before]);
        tag_numbers is_better = way > best;
        from = chosen(is_better, of_all((int16_t)before), from);
        best = chosen(is_better, way, best);
    }
    best += sums;
    best -= of_all(largest(best));
    tag_numbers never = of_all(MODEL_NEVER);
    trail->scores = chosen(best > never, best, never);
    trail->from[step] = from;
}

/* The likeliest tags of the `count` words from `at` on. */
static void tag_run(const struct name_model *model, const struct name_words *words, size_t at,
                    size_t count, uint8_t tags[MAX_RUN])
{
    struct trail trail;
    for (size_t tag = 0; tag < NAME_TAGS; tag++)
        trail.scores[tag] = tag == TAG_OUTSIDE ? 0 : MODEL_NEVER;
    for (size_t i = 0; i < count; i++) {
        advance(model, &trail, i, weigh(model, words, at + i));
    }
    uint8_t best = 0;
    for (size_t tag = 1; tag < NAME_TAGS; tag++)
        if (trail.scores[tag] > trail.scores[best])
            best = (uint8_t)tag;
    for (size_t i = count; i > 0; i--) {
        tags[i - 1] = best;
        best = (uint8_t)trail.from[i - 1][best];
    }
}

/* ---- names of tags ---- */

static enum name_type type_of(uint8_t tag)
{
    if (tag == TAG_BEGINS_PERSON || tag == TAG_IN_PERSON)
        return NAME_PERSON;
    if (tag == TAG_BEGINS_PLACE || tag == TAG_IN_PLACE)
        return NAME_PLACE;
    bool is_organisation = tag == TAG_BEGINS_ORGANISATION || tag == TAG_IN_ORGANISATION;
    return is_organisation ? NAME_ORGANISATION : NAME_OTHER;
}

static bool goes_on(uint8_t tag, uint8_t next)
{
    bool is_begin =
        tag == TAG_BEGINS_PERSON || tag == TAG_BEGINS_PLACE || tag == TAG_BEGINS_ORGANISATION;
    return tag != TAG_OUTSIDE && next == (is_begin ? tag + 1 : tag);
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
        if ((word->known > 0 && word->known <= KNOWN_WORK) || word->known_pair > 0)
            return true;
    }
    return false;
}

static void take_names(const struct name_words *words, size_t at, size_t count,
                       const uint8_t tags[MAX_RUN], enum language language, struct entities *names)
{
    const struct token *items = words->tokens->items + at;
    for (size_t i = 0; i < count && names->count < MAX_NAMES;) {
        uint8_t tag = tags[i];
        size_t end = i + 1;
        /* A hashtag is a name of its own or none, whatever the data joined. */
        while (end < count && goes_on(tag, tags[end]) && items[i].kind != TOKEN_HASHTAG &&
               items[end].kind != TOKEN_HASHTAG)
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
