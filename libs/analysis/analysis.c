#include "analysis/analysis.h"

#include <math.h>
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

static void add_indices(struct text *out, const struct entity *entity)
{
    text_add(out, ",\"indices\":[");
    text_add_count(out, entity->start);
    text_add_char(out, ',');
    text_add_count(out, entity->end);
    text_add_char(out, ']');
}

static void add_entities(struct text *out, const char *name, const struct entities *entities,
                         bool is_typed)
{
    text_add_char(out, '"');
    text_add(out, name);
    text_add(out, "\":[");
    for (size_t i = 0; i < entities->count; i++) {
        const struct entity *entity = &entities->items[i];
        text_add(out, i > 0 ? ",{\"text\":" : "{\"text\":");
        text_add_json(out, entity->text.at, entity->text.length);
        if (entity->list.length > 0) {
            text_add(out, ",\"list\":");
            text_add_json(out, entity->list.at, entity->list.length);
        }
        if (is_typed)
            text_format(out, ",\"type\":\"%s\"", TYPES[entity->type]);
        if (entity->is_placed)
            add_indices(out, entity);
        text_add_char(out, '}');
    }
    text_add_char(out, ']');
}

static void add_pieces(struct text *out, const struct pieces *pieces)
{
    text_add_char(out, '[');
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

/* Of -1 to 1, with three digits behind the point: printf is the dearest part of a result. */
static void add_thousandths(struct text *out, double number)
{
    long thousandths = lround(fabs(number) * 1000);
    if (number < 0 && thousandths > 0)
        text_add_char(out, '-');
    text_add_count(out, (uint64_t)thousandths / 1000);
    const char digits[] = {'.', (char)('0' + thousandths / 100 % 10),
                           (char)('0' + thousandths / 10 % 10), (char)('0' + thousandths % 10)};
    text_add_bytes(out, digits, sizeof digits);
}

/* The name of a member, behind a comma unless it is the first. */
static void add_name(struct text *out, size_t begin, const char *name)
{
    text_add(out, out->length > begin ? ",\"" : "\"");
    text_add(out, name);
    text_add(out, "\":");
}

void post_analysis_write_json(const struct post_analysis *analysis, struct task_set tasks,
                              struct text *out)
{
    text_add_char(out, '{');
    size_t begin = out->length;
    if (task_set_has(tasks, TASK_SENTIMENT)) {
        add_name(out, begin, "sentiment");
        text_add(out, "{\"label\":\"");
        text_add(out, sentiment_label_name(analysis->label));
        text_add(out, "\",\"score\":");
        add_thousandths(out, analysis->score);
        text_add(out, ",\"confidence\":");
        add_thousandths(out, analysis->confidence);
        text_add_char(out, '}');
    }
    if (task_set_has(tasks, TASK_ENTITIES)) {
        add_name(out, begin, "entities");
        post_analysis_write_entities(analysis, out);
    }
    if (task_set_has(tasks, TASK_KEYWORDS)) {
        add_name(out, begin, "keywords");
        add_pieces(out, &analysis->keywords);
    }
    if (task_set_has(tasks, TASK_TOPICS)) {
        add_name(out, begin, "topics");
        add_pieces(out, &analysis->topics);
    }
    if (task_set_has(tasks, TASK_LANGUAGE)) {
        add_name(out, begin, "language");
        text_add_json(out, analysis->language, strlen(analysis->language));
    }
    if (analysis->custom.length > 0) {
        add_name(out, begin, "custom");
        text_add_bytes(out, analysis->custom.at, analysis->custom.length);
    }
    text_add_char(out, '}');
}
