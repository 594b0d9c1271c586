/* What the finder of names looks at: the words of a post, which of them may belong to a name, and
 * the features of each. The trainer uses the very same. Pure; any thread.
 */
#pragma once

#include "embedded/language/language.h"
#include "embedded/model/name_model.h"
#include "embedded/text/tokens.h"

enum { NAME_FEATURES = 23 };

enum word_shape {
    SHAPE_NONE, /* beyond an end of the post */
    SHAPE_SMALL,
    SHAPE_CAPITAL,
    SHAPE_ALL_CAPITALS,
    SHAPE_ONE_CAPITAL,
    SHAPE_INNER_CAPITAL,
    SHAPE_NUMBER,
    SHAPE_WITH_DIGIT,
    SHAPE_TAG,
    SHAPE_CAPITAL_TAG,
    SHAPE_MENTION,
    SHAPE_LINK,
    SHAPE_EMOJI,
    SHAPE_STOP,
    SHAPE_COMMA,
    SHAPE_QUOTE,
    SHAPE_JOINER,
    SHAPE_AT,
    SHAPE_HASH,
    SHAPE_MARK,
};

/* A token as the finder sees it. */
struct name_word {
    uint64_t hash;
    uint8_t shape;      /* enum word_shape */
    uint8_t habit;      /* enum habit */
    uint8_t known;      /* 0, or what KNOWN_NAMES says of the word alone */
    uint8_t known_pair; /* the same of this word and a neighbour; + 16 if it is the second */
    bool may_be_name;
};

/* Words that stand together and may all belong to a name: the tokens from `begin` to before `end`.
 */
struct name_run {
    uint32_t begin, end;
};

struct name_words {
    const struct tokens *tokens;
    struct name_word *items; /* one a token, with one of SHAPE_NONE two before and two behind */
    struct name_run *runs;
    size_t run_count;
    uint8_t shouting; /* how many of the words have capitals, in thirds: 0 to 3 */
};

struct name_words name_words_of(const struct tokens *tokens, const struct name_model *model,
                                struct arena *arena);

/* The rows of the model that speak for token `at`: NAME_FEATURES of them. */
void name_features_find(const struct name_words *words, size_t at, uint32_t rows[NAME_FEATURES]);
