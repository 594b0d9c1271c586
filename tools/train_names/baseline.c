#include "baseline.h"

#include "embedded/words/vocabulary.h"

static bool begins_sentence(const struct tokens *tokens, size_t at)
{
    return at == 0 ||
           (tokens->items[at - 1].kind != TOKEN_WORD && tokens->items[at - 1].first != ',');
}

struct entities baseline_find(const struct tokens *tokens, struct arena *arena)
{
    struct entities names = {arena_array(arena, struct entity, tokens->count), 0};
    for (size_t i = 0; i < tokens->count;) {
        size_t end = i;
        while (end < tokens->count && tokens->items[end].kind == TOKEN_WORD &&
               tokens->items[end].is_capital)
            end++;
        bool is_telling = end > i + 1 || (end == i + 1 && !begins_sentence(tokens, i) &&
                                          !vocabulary_has(&FREQUENT_WORDS, tokens->items[i].hash));
        if (is_telling)
            names.items[names.count++] = (struct entity){.start = tokens->items[i].start,
                                                         .end = tokens->items[end - 1].end,
                                                         .type = NAME_PERSON,
                                                         .is_placed = true};
        i = end > i ? end : i + 1;
    }
    return names;
}
