#include "names.h"

#include <string.h>

#include "vocabulary.h"

enum { MAX_WORDS = 4 };

/* Some words in a row that may be a name. */
struct run {
    const struct token *words[MAX_WORDS];
    size_t count;
    bool begins_sentence;
};

static bool is_name_word(const struct token *token, enum language language)
{
    return token->kind == TOKEN_WORD && token->is_capital &&
           (token->is_all_caps || !language_is_frequent(language, token->hash));
}

static bool ends_sentence(const struct token *token)
{
    return token->kind != TOKEN_WORD && token->kind != TOKEN_HASHTAG && token->first != ',' &&
           token->first != '(' && token->first != '-' && token->first != '\'';
}

/* The run of name words at `at`; titles are left out of it. */
static struct run run_at(const struct tokens *tokens, size_t at, enum language language)
{
    struct run run = {.begins_sentence = at == 0 || ends_sentence(&tokens->items[at - 1])};
    while (run.count < MAX_WORDS && at + run.count < tokens->count) {
        const struct token *token = &tokens->items[at + run.count];
        bool is_apart = run.count > 0 && token->is_glued;
        if (is_apart || !is_name_word(token, language))
            break;
        run.words[run.count++] = token;
    }
    return run;
}

static bool is_possessive(const struct token *token)
{
    size_t length = token->word_length;
    return length > 2 && memcmp(token->word + length - 2, "'s", 2) == 0;
}

/* Of "new york": the words as the list has them, without a possessive. */
static uint64_t joined_hash(const struct run *run)
{
    uint64_t hash = run->words[0]->hash;
    for (size_t i = 0; i < run->count; i++) {
        const struct token *token = run->words[i];
        bool is_cut = i + 1 == run->count && is_possessive(token);
        if (i == 0 && !is_cut)
            continue;
        hash = i > 0 ? hash_byte(hash, ' ') : HASH_BEGIN;
        hash = hash_bytes(hash, token->word, token->word_length - (is_cut ? 2 : 0));
    }
    return hash;
}

static bool knows(uint64_t hash, enum name_type *type)
{
    int value;
    if (!vocabulary_find(&KNOWN_NAMES, hash, &value))
        return false;
    *type = (enum name_type)value;
    return true;
}

/* Is it a name, and of what? */
static bool judge(const struct run *run, bool has_title, enum name_type *type)
{
    if (knows(joined_hash(run), type))
        return true;
    const struct token *last = run->words[run->count - 1];
    if (run->count > 1 && vocabulary_has(&ORGANISATION_TAILS, last->hash)) {
        *type = NAME_ORGANISATION;
        return true;
    }
    enum name_type first;
    bool knows_first = knows(run->words[0]->hash, &first);
    if (has_title || (knows_first && first == NAME_PERSON)) {
        *type = NAME_PERSON;
        return true;
    }
    bool is_short_form = run->count == 1 && last->is_all_caps;
    if (run->count == 1 && (run->begins_sentence || is_short_form))
        return false;
    *type = knows_first ? first : NAME_OTHER;
    return true;
}

/* Shouting and headlines have capital letters everywhere: there they tell nothing. */
static bool capitals_tell(const struct tokens *tokens)
{
    size_t words = 0, capitals = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        words += tokens->items[i].kind == TOKEN_WORD;
        capitals += tokens->items[i].kind == TOKEN_WORD && tokens->items[i].is_capital;
    }
    return words < 4 || capitals * 3 < words * 2;
}

static struct entity entity_of(const struct run *run, enum name_type type, struct piece text)
{
    const struct token *first = run->words[0], *last = run->words[run->count - 1];
    struct entity entity = {
        .type = type, .is_placed = true, .start = first->start, .end = last->end};
    size_t from = (size_t)(first->raw.at - text.at);
    size_t to = (size_t)(last->raw.at - text.at) + last->raw.length;
    if (is_possessive(last)) {
        to -= text.at[to - 2] == '\'' ? 2 : 4; /* the typographic apostrophe is three bytes */
        entity.end -= 2;
    }
    entity.text = (struct piece){text.at + from, to - from};
    return entity;
}

struct entities names_find(const struct tokens *tokens, enum language language, struct piece text,
                           struct arena *arena)
{
    struct entities names = {arena_array(arena, struct entity, MAX_NAMES), 0};
    /* German writes every noun with a capital letter: only the list and titles count there. */
    bool is_capital_telling = capitals_tell(tokens) && language != LANGUAGE_DE;
    for (size_t i = 0; i < tokens->count && names.count < MAX_NAMES;) {
        struct run run = run_at(tokens, i, language);
        if (run.count == 0) {
            i++;
            continue;
        }
        bool has_title = i > 0 && vocabulary_has(&TITLES, tokens->items[i - 1].hash);
        if (run.count > 1 && vocabulary_has(&TITLES, run.words[0]->hash)) {
            memmove(run.words, run.words + 1, --run.count * sizeof run.words[0]);
            has_title = true;
            i++;
        }
        enum name_type type = NAME_OTHER;
        bool is_known = vocabulary_has(&KNOWN_NAMES, joined_hash(&run));
        if ((is_known || has_title || is_capital_telling) && judge(&run, has_title, &type))
            names.items[names.count++] = entity_of(&run, type, text);
        i += run.count;
    }
    return names;
}
