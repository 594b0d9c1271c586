#include "embedded/embedded.h"

#include "embedded/language/language.h"
#include "embedded/names/names.h"
#include "embedded/sentiment/sentiment.h"
#include "embedded/text/characters.h"
#include "embedded/text/tags.h"
#include "embedded/text/tokens.h"
#include "embedded/topics/keywords.h"
#include "embedded/topics/topic_table.h"

/* Code points; of plain text, all of it ASCII, as many as bytes. */
static size_t count_between(struct piece text, bool is_plain, size_t begin, size_t end)
{
    return is_plain ? end - begin : character_count(text.at + begin, end - begin);
}

/* The entities of each kind stand together in one array. */
static void fill_entities(const struct tags *tags, struct piece text, struct arena *arena,
                          struct post_analysis *analysis)
{
    struct entities *const kinds[TAG_KINDS] = {
        [TAG_HASHTAG] = &analysis->hashtags,
        [TAG_MENTION] = &analysis->mentions,
        [TAG_CASHTAG] = &analysis->cashtags,
        [TAG_LINK] = &analysis->urls,
    };
    struct entity *items = arena_array_room(arena, struct entity, tags->count);
    size_t counts[TAG_KINDS] = {0}, at = 0, place = 0;
    bool is_plain = tags->count > 0 && character_plain(text.at, text.length) == text.length;
    for (size_t i = 0; i < tags->count; i++)
        counts[tags->items[i].kind]++;
    for (int kind = 0; kind < TAG_KINDS; kind++) {
        *kinds[kind] = (struct entities){items, 0};
        items += counts[kind];
    }
    for (size_t i = 0; i < tags->count; i++) {
        const struct tag *tag = &tags->items[i];
        struct entities *entities = kinds[tag->kind];
        size_t start = place + count_between(text, is_plain, at, tag->begin);
        place = start + count_between(text, is_plain, tag->begin, tag->end);
        at = tag->end;
        entities->items[entities->count++] =
            (struct entity){.text = {text.at + tag->name, tag->name_end - tag->name},
                            .list = tag_list(tag, text),
                            .start = (uint32_t)start,
                            .end = (uint32_t)place,
                            .is_placed = true};
    }
}

void embedded_find_entities(struct piece text, struct arena *arena, struct post_analysis *analysis)
{
    struct piece clean = tokens_clean(text, arena);
    struct tags tags = tags_find(clean, arena);
    fill_entities(&tags, clean, arena, analysis);
}

void embedded_analyze(struct piece text, struct arena *arena, struct post_analysis *analysis)
{
    embedded_analyze_for(NULL, text, arena, analysis);
}

void embedded_analyze_for(const struct topic_set *topics, struct piece text, struct arena *arena,
                          struct post_analysis *analysis)
{
    *analysis = (struct post_analysis){0};
    struct piece clean = tokens_clean(text, arena);
    struct tokens tokens = tokens_cut(clean, arena);
    enum language language = language_find(&tokens);
    struct sentiment sentiment = sentiment_find(&tokens, language);
    analysis->label = sentiment.label;
    analysis->score = sentiment.score;
    analysis->confidence = sentiment.confidence;
    fill_entities(&tokens.tags, clean, arena, analysis);
    analysis->names = names_find(&tokens, language, arena);
    analysis->keywords = keywords_find(&tokens, language, arena);
    analysis->topics = topic_set_topics(topics, &tokens, arena);
    analysis->language = language_code(language);
}
