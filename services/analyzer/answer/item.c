#include "item.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "schema/schema.h"
#include "usage.h"

static const double ROUNDING = 0.001; /* scores that far out are taken as 1 */

static struct piece kept(const char *words, size_t length, struct arena *arena)
{
    return (struct piece){arena_bytes(arena, words, length), length};
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool number_within(const json_t *value, double from, double to, double *number,
                          bool *is_repaired)
{
    if (!json_is_number(value))
        return false;
    double said = json_number_value(value);
    if (!isfinite(said) || said < from - ROUNDING || said > to + ROUNDING)
        return false;
    *number = fmin(fmax(said, from), to);
    *is_repaired |= said < from || said > to;
    return true;
}

static bool read_label(const json_t *value, enum sentiment_label *label, bool *is_repaired)
{
    if (!json_is_string(value))
        return false;
    const char *said = json_string_value(value);
    for (int i = SENTIMENT_NEGATIVE; i <= SENTIMENT_POSITIVE; i++) {
        *label = (enum sentiment_label)i;
        if (strcasecmp(said, sentiment_label_name(*label)) == 0) {
            *is_repaired |= strcmp(said, sentiment_label_name(*label)) != 0;
            return true;
        }
    }
    return false;
}

/* Anything but a list of strings is invalid. Empty and overlong words are left out. */
static bool read_words(const json_t *list, struct arena *arena, struct pieces *words)
{
    if (!json_is_array(list))
        return false;
    words->items = arena_array(arena, struct piece, least(json_array_size(list), ANSWER_MAX_WORDS));
    size_t i;
    const json_t *word;
    json_array_foreach (list, i, word) {
        if (!json_is_string(word))
            return false;
        size_t length = json_string_length(word);
        if (length > 0 && length <= ANSWER_MAX_WORD_BYTES && words->count < ANSWER_MAX_WORDS)
            words->items[words->count++] = kept(json_string_value(word), length, arena);
    }
    return true;
}

static bool read_names(const json_t *list, struct arena *arena, struct entities *names)
{
    if (!json_is_array(list))
        return false;
    names->items =
        arena_array(arena, struct entity, least(json_array_size(list), ANSWER_MAX_NAMES));
    size_t i;
    const json_t *name;
    json_array_foreach (list, i, name) {
        const json_t *text = json_object_get(name, "text"), *type = json_object_get(name, "type");
        if (!json_is_string(text) || !json_is_string(type))
            return false;
        size_t length = json_string_length(text);
        if (length == 0 || length > ANSWER_MAX_WORD_BYTES || names->count == ANSWER_MAX_NAMES)
            continue;
        struct entity *entity = &names->items[names->count++];
        entity->text = kept(json_string_value(text), length, arena);
        if (!name_type_parse(json_string_value(type), &entity->type))
            entity->type = NAME_OTHER;
    }
    return true;
}

/* Two or three letters, and whatever follows a hyphen, which is left out. Which codes there are is
 * not checked. */
static bool read_language(const json_t *value, struct arena *arena, struct post_answer *post)
{
    if (!json_is_string(value))
        return false;
    const char *said = json_string_value(value);
    size_t length = 0;
    while (isalpha((unsigned char)said[length]))
        length++;
    if ((length != 2 && length != 3) || (said[length] != '\0' && said[length] != '-'))
        return false;
    char *code = arena_bytes(arena, said, length);
    for (size_t i = 0; i < length; i++) {
        post->is_repaired |= isupper((unsigned char)code[i]) != 0;
        code[i] = (char)tolower((unsigned char)code[i]);
    }
    post->analysis.language = code;
    return true;
}

static bool read_sentiment(const json_t *item, struct post_answer *post)
{
    struct post_analysis *analysis = &post->analysis;
    return read_label(json_object_get(item, "sentiment"), &analysis->label, &post->is_repaired) &&
           number_within(json_object_get(item, "score"), -1, 1, &analysis->score,
                         &post->is_repaired) &&
           number_within(json_object_get(item, "confidence"), 0, 1, &analysis->confidence,
                         &post->is_repaired);
}

static bool read_custom(const json_t *answer, const json_t *schema, struct arena *arena,
                        struct piece *custom)
{
    SCOPED(json_free) json_t *value = NULL;
    struct error why; /* which post failed is told, not what stood in it */
    if (!schema_take(schema, answer, &value, &why))
        return false;
    SCOPED(text_free) struct text written = {0};
    schema_write(value, &written);
    if (written.length > ANSWER_MAX_CUSTOM_BYTES)
        return false;
    *custom = kept(written.chars, written.length, arena);
    return true;
}

static bool read_analysis(const struct asked *asked, const json_t *item, struct arena *arena,
                          struct post_answer *post)
{
    struct task_set tasks = asked->tasks;
    struct post_analysis *analysis = &post->analysis;
    return (!task_set_has(tasks, TASK_LANGUAGE) ||
            read_language(json_object_get(item, "language"), arena, post)) &&
           (!task_set_has(tasks, TASK_SENTIMENT) || read_sentiment(item, post)) &&
           (!task_set_has(tasks, TASK_ENTITIES) ||
            read_names(json_object_get(item, "entities"), arena, &analysis->names)) &&
           (!task_set_has(tasks, TASK_KEYWORDS) ||
            read_words(json_object_get(item, "keywords"), arena, &analysis->keywords)) &&
           (!task_set_has(tasks, TASK_TOPICS) ||
            read_words(json_object_get(item, "topics"), arena, &analysis->topics)) &&
           (asked->schema == NULL ||
            read_custom(json_object_get(item, "custom"), asked->schema, arena, &analysis->custom));
}

static bool has_words(const json_t *value)
{
    return json_is_string(value) && json_string_length(value) > 0;
}

/* The model will not have it, and says so of this post. */
static bool is_refused(const json_t *item)
{
    const json_t *refusal = json_object_get(item, "refusal");
    return has_words(refusal) || json_is_true(refusal) ||
           json_is_true(json_object_get(item, "refused")) ||
           has_words(json_object_get(item, "error"));
}

void item_read(const struct asked *asked, const json_t *item, struct arena *arena,
               struct post_answer *post)
{
    *post = (struct post_answer){.state = POST_ANSWERED, .bytes = usage_bytes(item)};
    if (!read_analysis(asked, item, arena, post))
        post->state = is_refused(item) ? POST_REFUSED : POST_INVALID;
}

/* ---- twice the same ---- */

static bool is_same_piece(struct piece a, struct piece b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

static bool are_same_words(const struct pieces *a, const struct pieces *b)
{
    bool are_same = a->count == b->count;
    for (size_t i = 0; are_same && i < a->count; i++)
        are_same = is_same_piece(a->items[i], b->items[i]);
    return are_same;
}

static bool are_same_names(const struct entities *a, const struct entities *b)
{
    bool are_same = a->count == b->count;
    for (size_t i = 0; are_same && i < a->count; i++)
        are_same = a->items[i].type == b->items[i].type &&
                   is_same_piece(a->items[i].text, b->items[i].text);
    return are_same;
}

static bool is_same_language(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool item_says_same(const struct post_analysis *a, const struct post_analysis *b)
{
    return a->label == b->label && !(a->score < b->score) && !(a->score > b->score) &&
           !(a->confidence < b->confidence) && !(a->confidence > b->confidence) &&
           is_same_language(a->language, b->language) && are_same_names(&a->names, &b->names) &&
           are_same_words(&a->keywords, &b->keywords) && are_same_words(&a->topics, &b->topics) &&
           is_same_piece(a->custom, b->custom);
}
