/* What the finder of names has learnt: a weight for each tag under each feature, how likely one tag
 * follows another, and how each word is usually written. Numbers by hash only, no words.
 *
 * A model file is made by tools/train_names and built into the library. Constant; any thread.
 */
#pragma once

#include "analysis/analysis.h"

/* The part that a word plays in a name. */
enum name_tag {
    TAG_OUTSIDE,
    TAG_BEGINS_PERSON,
    TAG_IN_PERSON,
    TAG_BEGINS_PLACE,
    TAG_IN_PLACE,
    TAG_BEGINS_ORGANISATION,
    TAG_IN_ORGANISATION,
    TAG_OTHER, /* of a name of another type, at any place in it */
    NAME_TAGS,
};

/* How a word is written within sentences, by texts in which capital letters tell something. */
enum habit {
    HABIT_UNSEEN,
    HABIT_SMALL,
    HABIT_MOSTLY_SMALL,
    HABIT_EITHER,
    HABIT_MOSTLY_CAPITAL,
    HABIT_CAPITAL,
};

enum {
    MODEL_STEPS = NAME_TAGS * NAME_TAGS,
    MODEL_HABITS = 1 << 15,
    MODEL_ROWS = 1 << 14,
    MODEL_BYTES = MODEL_STEPS + MODEL_HABITS + MODEL_ROWS * NAME_TAGS, /* one after the other */
    MODEL_BARRED = INT8_MIN, /* of a step: that tag never follows this one */
    MODEL_NEVER = -12000,    /* worth less than any way there is; two of them are no overflow */
};

struct name_model {
    int16_t steps[MODEL_STEPS]; /* of the next tag for each tag; MODEL_NEVER if barred */
    const int8_t *rows;         /* MODEL_ROWS of NAME_TAGS weights */
    const uint8_t *habits;      /* MODEL_HABITS of name_model_habit_mark() */
};

/* The model in a file's bytes, which are lent to it; MODEL_BYTES of them. */
struct name_model name_model_of(const char *bytes);

/* The one built in. */
struct name_model name_model_shipped(void);

/* A byte for a word: which it is, roughly, and its habit. */
static inline size_t name_model_habit_place(uint64_t word)
{
    return (word ^ word >> 29) % MODEL_HABITS;
}

static inline uint8_t name_model_habit_mark(uint64_t word, enum habit habit)
{
    return (uint8_t)((word >> 48 & 0xF8) | habit);
}

static inline enum habit name_model_habit(const struct name_model *model, uint64_t word)
{
    uint8_t mark = model->habits[name_model_habit_place(word)];
    bool is_it = (mark & 0xF8) == (word >> 48 & 0xF8);
    return (enum habit)((mark & 7) * is_it); /* else HABIT_UNSEEN */
}
