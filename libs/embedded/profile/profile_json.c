#include <math.h>
#include <string.h>

#include "profile_state.h"

static const char *const WEEKDAYS[] = {"monday", "tuesday",  "wednesday", "thursday",
                                       "friday", "saturday", "sunday"};

static double share(size_t part, size_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

static void add_spread(struct text *out, const char *name, const struct spread *spread,
                       size_t posts)
{
    double mean = share(spread->sum, posts);
    double variance = share(spread->squares, posts) - mean * mean;
    text_format(out, "\"%s\":{\"mean\":%.1f,\"deviation\":%.1f", name, mean,
                variance > 0 ? sqrt(variance) : 0);
    static const struct {
        const char *name;
        unsigned percent;
    } POINTS[] = {{"shortest", 0}, {"p10", 10}, {"p25", 25},     {"median", 50},
                  {"p75", 75},     {"p90", 90}, {"longest", 100}};
    for (size_t i = 0; i < sizeof POINTS / sizeof POINTS[0]; i++)
        text_format(out, ",\"%s\":%u", POINTS[i].name,
                    spread_percentile(spread, posts, POINTS[i].percent));
    text_add_char(out, '}');
}

static void add_rhythm(struct text *out, const struct profile *profile)
{
    text_format(out, ",\"rhythm\":{\"dated\":%zu,\"hours\":[", profile->dated);
    for (int i = 0; i < 24; i++)
        text_format(out, i > 0 ? ",%u" : "%u", profile->hours[i]);
    text_add(out, "],\"weekdays\":{");
    for (int i = 0; i < 7; i++)
        text_format(out, "%s\"%s\":%u", i > 0 ? "," : "", WEEKDAYS[i], profile->weekdays[i]);
    text_add(out, "}}");
}

static void add_structure(struct text *out, const struct profile *profile)
{
    text_add(out, ",\"structure\":{");
    for (int i = 0; i < TRAIT_COUNT; i++)
        text_format(out, "%s\"%s\":%.3f", i > 0 ? "," : "", trait_name((enum trait)i),
                    share(profile->traits[i], i == TRAIT_RETWEET ? profile->posts : profile->own));
    text_add_char(out, '}');
}

/* The most frequent ones, each with its number. */
static void add_top(struct text *out, const struct tally *tally)
{
    size_t places[TOP_MAX];
    size_t count = tally_top(tally, places, TOP_MAX);
    text_add_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        const struct tallied *item = &tally->items[places[i]];
        text_add(out, i > 0 ? ",{\"text\":" : "{\"text\":");
        text_add_json(out, item->text.at, item->text.length);
        text_format(out, ",\"count\":%u}", item->count);
    }
    text_add_char(out, ']');
}

static void add_named(struct text *out, const char *name, const struct named *named, size_t posts)
{
    text_format(out, ",\"%s\":{\"share\":%.3f,\"per_post\":%.2f,\"top\":", name,
                share(named->posts, posts), share(named->count, posts));
    add_top(out, &named->names);
    text_add_char(out, '}');
}

static void add_sentiment(struct text *out, const struct profile *profile)
{
    text_add(out, ",\"sentiment\":{");
    for (int i = SENTIMENT_NEGATIVE; i <= SENTIMENT_POSITIVE; i++)
        text_format(out, "\"%s\":%.3f,", sentiment_label_name((enum sentiment_label)i),
                    share(profile->labels[i], profile->own));
    double mean = profile->own > 0 ? profile->scores / (double)profile->own : 0;
    text_format(out, "\"score\":%.3f}", mean);
}

void profile_write_json(const struct profile *profile, struct text *out)
{
    text_format(out, "{\"posts\":%zu,\"own\":%zu,", profile->posts, profile->own);
    add_spread(out, "length", &profile->letters, profile->own);
    text_add_char(out, ',');
    add_spread(out, "words", &profile->words, profile->own);
    add_rhythm(out, profile);
    add_structure(out, profile);
    add_named(out, "hashtags", &profile->hashtags, profile->own);
    add_named(out, "mentions", &profile->mentions, profile->own);
    add_named(out, "emoji", &profile->emoji, profile->own);
    add_named(out, "urls", &profile->urls, profile->own);
    text_add(out, ",\"topics\":");
    add_top(out, &profile->topics);
    text_add(out, ",\"keywords\":");
    add_top(out, &profile->keywords);
    text_add(out, ",\"languages\":");
    add_top(out, &profile->languages);
    add_sentiment(out, profile);
    text_add_char(out, '}');
}
