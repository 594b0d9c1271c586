#include "embedded/embedded.h"

#include <string.h>

#include "characters.h"
#include "language.h"
#include "names.h"
#include "sentiment.h"
#include "tags.h"
#include "tokens.h"
#include "topic_table.h"
#include "topics.h"

enum { SUMMARY_QUOTE_LETTERS = 100, SUMMARY_TOPICS = 3 };

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
    struct entity *items = arena_array(arena, struct entity, tags->count);
    size_t counts[TAG_KINDS] = {0}, at = 0, place = 0;
    for (size_t i = 0; i < tags->count; i++)
        counts[tags->items[i].kind]++;
    for (int kind = 0; kind < TAG_KINDS; kind++) {
        *kinds[kind] = (struct entities){items, 0};
        items += counts[kind];
    }
    for (size_t i = 0; i < tags->count; i++) {
        const struct tag *tag = &tags->items[i];
        struct entities *entities = kinds[tag->kind];
        size_t start = place + character_count(text.at + at, tag->begin - at);
        place = start + character_count(text.at + tag->begin, tag->end - tag->begin);
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
    analysis->topics =
        topics != NULL ? topic_set_topics(topics, &tokens, arena) : topics_find(&tokens, arena);
    analysis->language = language_code(language);
}

/* ---- summary ---- */

static bool is_same(struct piece a, struct piece b)
{
    return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

static bool has_piece(const struct pieces *pieces, struct piece piece)
{
    for (size_t i = 0; i < pieces->count; i++)
        if (is_same(pieces->items[i], piece))
            return true;
    return false;
}

/* How many keywords of a post are keywords of others too, each counted per post that has it. */
static size_t centrality(const struct post_analysis *analyses, size_t count, size_t of)
{
    size_t shared = 0;
    for (size_t k = 0; k < analyses[of].keywords.count; k++)
        for (size_t i = 0; i < count; i++)
            if (i != of && has_piece(&analyses[i].keywords, analyses[of].keywords.items[k]))
                shared++;
    return shared;
}

static size_t most_central(const struct post_analysis *analyses, size_t count)
{
    size_t best = 0, most = 0;
    for (size_t i = 0; i < count; i++) {
        size_t shared = centrality(analyses, count, i);
        if (shared > most) {
            most = shared;
            best = i;
        }
    }
    return best;
}

/* The beginning of a post on one line, as valid UTF-8. */
static void quote(struct piece post, struct text *out)
{
    bool is_space = true;
    size_t letters = 0;
    for (size_t at = 0; at < post.length; letters++) {
        if (letters == SUMMARY_QUOTE_LETTERS) {
            text_add(out, "…");
            return;
        }
        uint32_t c = character_next(post.at, post.length, &at);
        bool is_blank = character_is_space(c) || c < 0x20 || c == 0x7F;
        char bytes[4];
        if (is_blank && !is_space)
            text_add_char(out, ' ');
        else if (!is_blank)
            text_add_bytes(out, bytes, character_put(c, bytes));
        is_space = is_blank;
    }
}

static void add_topics(const struct post_analysis *analyses, size_t count, struct text *out)
{
    size_t posts[TOPIC_COUNT] = {0};
    for (size_t i = 0; i < count; i++)
        for (size_t t = 0; t < TOPIC_COUNT; t++)
            posts[t] += has_piece(&analyses[i].topics,
                                  (struct piece){TOPIC_NAMES[t], strlen(TOPIC_NAMES[t])});
    for (int n = 0; n < SUMMARY_TOPICS; n++) {
        size_t best = 0;
        for (size_t t = 1; t < TOPIC_COUNT; t++)
            if (posts[t] > posts[best])
                best = t;
        if (posts[best] == 0)
            return;
        text_format(out, "%s%s", n == 0 ? "; about " : ", ", TOPIC_NAMES[best]);
        posts[best] = 0;
    }
}

void embedded_summary(const struct piece *posts, const struct post_analysis *analyses, size_t count,
                      struct text *out)
{
    size_t labels[3] = {0};
    for (size_t i = 0; i < count; i++)
        labels[analyses[i].label]++;
    text_format(out, "%zu post%s: %zu positive, %zu neutral, %zu negative", count,
                count == 1 ? "" : "s", labels[SENTIMENT_POSITIVE], labels[SENTIMENT_NEUTRAL],
                labels[SENTIMENT_NEGATIVE]);
    add_topics(analyses, count, out);
    if (count == 0)
        return;
    text_add(out, "; such as: ");
    quote(posts[most_central(analyses, count)], out);
}
