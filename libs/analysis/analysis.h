/* What is known of one post: the shared schema of a result, whoever made it, and its JSON.
 *
 * Plain values; texts are lent by whoever filled them in. Indices count code points of the text as
 * it was submitted, [start, end). Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "messages/tasks.h"

enum sentiment_label { SENTIMENT_NEGATIVE, SENTIMENT_NEUTRAL, SENTIMENT_POSITIVE };
enum name_type { NAME_PERSON, NAME_PLACE, NAME_ORGANISATION, NAME_OTHER };

/* Some bytes of valid UTF-8, not NUL-terminated. */
struct piece {
    const char *at;
    size_t length;
};

struct pieces {
    struct piece *items;
    size_t count;
};

struct entity {
    struct piece text; /* without the sign */
    struct piece list; /* of a mention: the name of the list it means; empty = none */
    uint32_t start, end;
    enum name_type type; /* of names */
    bool is_placed;      /* start and end are known */
};

struct entities {
    struct entity *items;
    size_t count;
};

struct post_analysis {
    enum sentiment_label label;
    double score;      /* -1..1 */
    double confidence; /* 0..1 */
    struct entities hashtags, mentions, cashtags, urls, names;
    struct pieces keywords, topics;
    const char *language; /* ISO 639-1, or "und" */
    struct piece custom;  /* the JSON that answers a user's own instruction; empty = none */
};

const char *sentiment_label_name(enum sentiment_label label);
bool name_type_parse(const char *name, enum name_type *type);

/* The value of the result's `entities`, appended. */
void post_analysis_write_entities(const struct post_analysis *analysis, struct text *out);

/* The one JSON object of a result, with what was asked for, appended. */
void post_analysis_write_json(const struct post_analysis *analysis, struct task_set tasks,
                              struct text *out);
