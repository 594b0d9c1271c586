#include "names.h"

#include <string.h>

#include "embedded/words/known_names.h"
#include "name_features.h"

enum { MAX_RUN = 64 };

/* ---- tags of a run of words ---- */

/* A number for each tag, added and compared at once. */
typedef int16_t tag_numbers __attribute__((vector_size(NAME_TAGS * sizeof(int16_t))));
typedef int8_t tag_weights __attribute__((vector_size(NAME_TAGS * sizeof(int16_t))));

typedef int64_t two_eights __attribute__((vector_size(NAME_TAGS * sizeof(int16_t))));

/* What the likeliest ways to each tag are worth, the best one 0, and where they came from. */
struct trail {
    tag_numbers scores;
    tag_numbers from[MAX_RUN];
};

/* Each weight is put above a zero, as a number 256 times as large. */
static tag_numbers weights_of(const struct name_model *model, uint32_t row)
{
    int64_t eight;
    memcpy(&eight, model->rows + (size_t)row * NAME_TAGS, sizeof eight);
    const tag_weights zeros = {0}, weights = (tag_weights)(two_eights){eight};
    return (tag_numbers)__builtin_shufflevector(zeros, weights, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20,
                                                5, 21, 6, 22, 7, 23) >>
           8;
}

static tag_numbers weigh(const struct name_model *model, const struct name_words *words, size_t at)
{
    uint32_t rows[NAME_FEATURES];
    name_features_find(words, at, rows);
    tag_numbers sums = {0};
#pragma GCC unroll 23
    for (size_t i = 0; i < NAME_FEATURES; i++)
        sums += weights_of(model, rows[i]);
    return sums;
}

static tag_numbers of_all(int16_t number)
{
    return (tag_numbers){number, number, number, number, number, number, number, number};
}

static tag_numbers larger(tag_numbers first, tag_numbers second)
{
    for (size_t tag = 0; tag < NAME_TAGS; tag++)
        first[tag] = first[tag] > second[tag] ? first[tag] : second[tag];
    return first;
}

/* The largest of all, for each tag. */
static tag_numbers largest(tag_numbers numbers)
{
    numbers = larger(numbers, __builtin_shufflevector(numbers, numbers, 4, 5, 6, 7, 0, 1, 2, 3));
    numbers = larger(numbers, __builtin_shufflevector(numbers, numbers, 2, 3, 0, 1, 6, 7, 4, 5));
    return larger(numbers, __builtin_shufflevector(numbers, numbers, 1, 0, 3, 2, 5, 4, 7, 6));
}

static tag_numbers steps_from(const struct name_model *model, size_t tag)
{
    tag_numbers steps;
    memcpy(&steps, model->steps + tag * NAME_TAGS, sizeof steps);
    return steps;
}

/* Takes what the word itself tells into the ways that lead to it. */
static tag_numbers settle(tag_numbers ways, tag_numbers sums)
{
    ways += sums;
    ways -= largest(ways);
    return larger(ways, of_all(MODEL_NEVER));
}

/* Moves the trail on by one word. */
static void advance(const struct name_model *model, struct trail *trail, size_t step,
                    tag_numbers sums)
{
    tag_numbers best = steps_from(model, 0) + of_all(trail->scores[0]), from = {0};
    for (size_t before = 1; before < NAME_TAGS; before++) {
        tag_numbers way = steps_from(model, before) + of_all(trail->scores[before]);
        /* The numbers of tags only grow here, so that the larger is the later. */
        from = larger(from, (way > best) & of_all((int16_t)before));
        best = larger(best, way);
    }
    trail->scores = settle(best, sums);
    trail->from[step] = from;
}

/* The likeliest tags of the `count` words from `at` on. */
static void tag_run(const struct name_model *model, const struct name_words *words, size_t at,
                    size_t count, uint8_t tags[MAX_RUN])
{
    struct trail trail;
    /* Before a run stands what is of no name. */
    trail.scores = settle(steps_from(model, TAG_OUTSIDE), weigh(model, words, at));
    for (size_t i = 1; i < count; i++)
        advance(model, &trail, i, weigh(model, words, at + i));
    uint8_t best = 0;
    for (size_t tag = 1; tag < NAME_TAGS; tag++)
        if (trail.scores[tag] > trail.scores[best])
            best = (uint8_t)tag;
    for (size_t i = count; i > 1; i--) {
        tags[i - 1] = best;
        best = (uint8_t)trail.from[i - 1][best];
    }
    tags[0] = best;
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
    struct entity entity = {.type = type,
                            .is_placed = true,
                            .start = first->start + first->lead_places,
                            .end = last->end - last->trail_places};
    const char *begin = first->raw.at + first->lead_bytes;
    const char *end = last->raw.at + last->raw.length - last->trail_bytes;
    entity.text = (struct piece){begin, (size_t)(end - begin)};
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

/* "and", which in English posts may stand in a name ("Marks and Spencer"), as the model has learnt;
 * it has learnt nothing of other languages, where two names stand beside it. */
static bool is_and(const struct token *token, enum language language)
{
    static const char *const ANDS[] = {"und", "et", "y", "e", "och", "og", "en", "ve", "i"};
    if (language == LANGUAGE_EN || token->kind != TOKEN_WORD || token->is_capital)
        return false;
    for (size_t i = 0; i < sizeof ANDS / sizeof ANDS[0]; i++)
        if (strcmp(token->word, ANDS[i]) == 0)
            return true;
    return false;
}

static void take_names(const struct name_words *words, size_t at, size_t count,
                       const uint8_t tags[MAX_RUN], enum language language, struct entities *names)
{
    const struct token *items = words->tokens->items + at;
    for (size_t i = 0; i < count && names->count < MAX_NAMES;) {
        uint8_t tag = is_and(&items[i], language) ? TAG_OUTSIDE : tags[i];
        size_t end = i + 1;
        /* A hashtag is a name of its own or none, whatever the data joined, and what is another's
         * ("Elon Musk's Tesla") is another name. */
        while (end < count && goes_on(tag, tags[end]) && items[i].kind != TOKEN_HASHTAG &&
               items[end].kind != TOKEN_HASHTAG && items[end - 1].trail_bytes == 0 &&
               !is_and(&items[end], language))
            end++;
        if (tag != TAG_OUTSIDE && is_believed(words, at + i, end - i, language))
            names->items[names->count++] = entity_of(&items[i], &items[end - 1], type_of(tag));
        i = end;
    }
}

struct entities names_find_by(const struct name_model *model, const struct tokens *tokens,
                              enum language language, struct arena *arena)
{
    struct entities names = {arena_array_room(arena, struct entity, MAX_NAMES), 0};
    struct name_words words = name_words_of(tokens, model, arena);
    for (size_t i = 0; i < words.run_count; i++) {
        struct name_run run = words.runs[i];
        for (size_t at = run.begin; at < run.end && names.count < MAX_NAMES; at += MAX_RUN) {
            size_t count = run.end - at < MAX_RUN ? run.end - at : MAX_RUN;
            uint8_t tags[MAX_RUN];
            tag_run(model, &words, at, count, tags);
            take_names(&words, at, count, tags, language, &names);
        }
    }
    return names;
}

struct entities names_find(const struct tokens *tokens, enum language language, struct arena *arena)
{
    struct name_model model = name_model_shipped();
    return names_find_by(&model, tokens, language, arena);
}
