/* One line over a chunk: counts, topics, keywords, and the posts that have most in common with the
 * others. In proportion to the number of posts. */
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "embedded/embedded.h"
#include "embedded/model/frequencies.h"
#include "embedded/text/characters.h"
#include "embedded/topics/keywords.h"
#include "embedded/topics/tally.h"
#include "embedded/topics/topics.h"
#include "embedded/words/vocabulary.h"

enum {
    QUOTE_LETTERS = 100,
    QUOTES = 3,
    TOPICS = 3,
    KEYWORDS = 5,
    DIFFERENT_MAX = 1 << 14, /* words told apart */
    SPARE_WORDS = 3,         /* a post of few keywords is not central by having no others */
};
static const size_t ARENA_BYTES = (size_t)64 << 20; /* far beyond what DIFFERENT_MAX comes to */

static uint64_t hash_of(struct piece word)
{
    return hash_bytes(HASH_BEGIN, word.at, word.length);
}

static void add_topics(const struct post_analysis *analyses, size_t count, struct arena *arena,
                       struct text *out)
{
    struct tally topics = {.arena = arena, .most = DIFFERENT_MAX};
    size_t places[TOPICS];
    for (size_t i = 0; i < count; i++)
        for (size_t t = 0; t < analyses[i].topics.count; t++)
            tally_add(&topics, hash_of(analyses[i].topics.items[t]), analyses[i].topics.items[t]);
    size_t found = tally_top(&topics, places, TOPICS);
    CHECK(found == 0 || topics.items != NULL);
    for (size_t i = 0; i < found; i++) {
        text_add(out, i == 0 ? "; about " : ", ");
        text_add_bytes(out, topics.items[places[i]].text.at, topics.items[places[i]].text.length);
    }
}

static void add_keywords(const struct post_analysis *analyses, size_t count, struct arena *arena,
                         struct text *out)
{
    struct pieces keywords = keywords_of_chunk(analyses, count, arena);
    for (size_t i = 0; i < keywords.count && i < KEYWORDS; i++) {
        text_add(out, i == 0 ? "; often: " : ", ");
        text_add_bytes(out, keywords.items[i].at, keywords.items[i].length);
    }
}

/* The beginning of a post on one line, as valid UTF-8. */
static void quote(struct piece post, struct text *out)
{
    bool is_space = true;
    size_t letters = 0;
    for (size_t at = 0; at < post.length; letters++) {
        if (letters == QUOTE_LETTERS) {
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

/* ---- the most central posts ---- */

/* The words of the chunk; what each of them is worth until a post that has it is quoted. */
struct shared_words {
    struct tally words;
    double *worth;  /* of each */
    size_t *places; /* of the keywords of the posts, one post after the other */
    size_t *ends;   /* of each post in `places` */
};

static struct shared_words words_of(const struct post_analysis *analyses, size_t count,
                                    struct arena *arena)
{
    size_t all = 0, written = 0;
    for (size_t i = 0; i < count; i++)
        all += analyses[i].keywords.count;
    struct shared_words shared = {.words = {.arena = arena, .most = DIFFERENT_MAX},
                                  .places = arena_array(arena, size_t, all),
                                  .ends = arena_array(arena, size_t, count)};
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < analyses[i].keywords.count; k++) {
            struct piece word = analyses[i].keywords.items[k];
            size_t place = tally_add(&shared.words, hash_of(word), word);
            if (place != TALLY_NONE)
                shared.places[written++] = place;
        }
        shared.ends[i] = written;
    }
    shared.worth = arena_array(arena, double, shared.words.count);
    for (size_t i = 0; i < shared.words.count; i++)
        shared.worth[i] = (shared.words.items[i].count - 1) *
                          frequency_rarity_of_word(shared.words.items[i].hash);
    return shared;
}

static double centrality(const struct shared_words *shared, size_t post)
{
    size_t begin = post > 0 ? shared->ends[post - 1] : 0;
    double worth = 0;
    for (size_t i = begin; i < shared->ends[post]; i++)
        worth += shared->worth[shared->places[i]];
    return worth / sqrt((double)(shared->ends[post] - begin + SPARE_WORDS));
}

/* What a post has said is worth nothing in another: so none is quoted that is nearly the same. */
static void spend(struct shared_words *shared, size_t post)
{
    for (size_t i = post > 0 ? shared->ends[post - 1] : 0; i < shared->ends[post]; i++)
        shared->worth[shared->places[i]] = 0;
}

static void add_quotes(const struct piece *posts, const struct post_analysis *analyses,
                       size_t count, struct arena *arena, struct text *out)
{
    struct shared_words shared = words_of(analyses, count, arena);
    for (int n = 0; n < QUOTES; n++) {
        size_t best = 0;
        double most = 0;
        for (size_t i = 0; i < count; i++) {
            double worth = centrality(&shared, i);
            if (worth > most) {
                most = worth;
                best = i;
            }
        }
        if (n > 0 && most <= 0)
            return;
        text_add(out, n == 0 ? "; such as: " : " | ");
        quote(posts[best], out);
        spend(&shared, best);
    }
}

void embedded_summary(const struct piece *posts, const struct post_analysis *analyses, size_t count,
                      struct text *out)
{
    SCOPED(arena_close) struct arena *arena = arena_open(ARENA_BYTES);
    size_t labels[3] = {0};
    for (size_t i = 0; i < count; i++)
        labels[analyses[i].label]++;
    text_format(out, "%zu post%s: %zu positive, %zu neutral, %zu negative", count,
                count == 1 ? "" : "s", labels[SENTIMENT_POSITIVE], labels[SENTIMENT_NEUTRAL],
                labels[SENTIMENT_NEGATIVE]);
    add_topics(analyses, count, arena, out);
    add_keywords(analyses, count, arena, out);
    if (count > 0)
        add_quotes(posts, analyses, count, arena, out);
}
