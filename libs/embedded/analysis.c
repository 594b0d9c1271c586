#include "embedded/analysis.h"

#include <string.h>

static const char *const LABELS[] = {"negative", "neutral", "positive"};
static const char *const TYPES[] = {"person", "place", "organisation", "other"};

const char *sentiment_label_name(enum sentiment_label label)
{
    return LABELS[label];
}

bool name_type_parse(const char *name, enum name_type *type)
{
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++) {
        if (strcmp(TYPES[i], name) == 0) {
            *type = (enum name_type)i;
            return true;
        }
    }
    return false;
}

static void add_entities(struct text *out, const char *name, const struct entities *entities,
                         bool is_typed)
{
    text_format(out, "\"%s\":[", name);
    for (size_t i = 0; i < entities->count; i++) {
        const struct entity *entity = &entities->items[i];
        text_add(out, i > 0 ? ",{\"text\":" : "{\"text\":");
        text_add_json(out, entity->text.at, entity->text.length);
        if (is_typed)
            text_format(out, ",\"type\":\"%s\"", TYPES[entity->type]);
        if (entity->is_placed)
            text_format(out, ",\"indices\":[%u,%u]", entity->start, entity->end);
        text_add_char(out, '}');
    }
    text_add_char(out, ']');
}

static void add_pieces(struct text *out, const char *name, const struct pieces *pieces)
{
    text_format(out, "\"%s\":[", name);
    for (size_t i = 0; i < pieces->count; i++) {
        if (i > 0)
            text_add_char(out, ',');
        text_add_json(out, pieces->items[i].at, pieces->items[i].length);
    }
    text_add_char(out, ']');
}

void post_analysis_write_entities(const struct post_analysis *analysis, struct text *out)
{
    text_add_char(out, '{');
    add_entities(out, "hashtags", &analysis->hashtags, false);
    text_add_char(out, ',');
    add_entities(out, "mentions", &analysis->mentions, false);
    text_add_char(out, ',');
    add_entities(out, "cashtags", &analysis->cashtags, false);
    text_add_char(out, ',');
    add_entities(out, "urls", &analysis->urls, false);
    text_add_char(out, ',');
    add_entities(out, "names", &analysis->names, true);
    text_add_char(out, '}');
}

void post_analysis_write_json(const struct post_analysis *analysis, struct text *out)
{
    text_format(out, "{\"sentiment\":{\"label\":\"%s\",\"score\":%.3f,\"confidence\":%.3f},",
                sentiment_label_name(analysis->label), analysis->score, analysis->confidence);
    text_add(out, "\"entities\":");
    post_analysis_write_entities(analysis, out);
    text_add_char(out, ',');
    add_pieces(out, "keywords", &analysis->keywords);
    text_add_char(out, ',');
    add_pieces(out, "topics", &analysis->topics);
    text_add(out, ",\"language\":");
    text_add_json(out, analysis->language, strlen(analysis->language));
    text_add_char(out, '}');
}
