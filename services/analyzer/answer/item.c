#include "item.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "schema/schema.h"
#include "usage.h"

static const double ROUNDING = 0.001; /* scores that far out are taken as 1 */

static struct piece kept(struct bytes words, struct arena *arena)
{
    return (struct piece){arena_bytes(arena, words.at, words.length), words.length};
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool number_within(const struct node *value, double from, double to, double *number,
                          bool *is_repaired)
{
    if (!node_is_number(value))
        return false;
    double said = node_number(value);
    if (!isfinite(said) || said < from - ROUNDING || said > to + ROUNDING)
        return false;
    *number = fmin(fmax(said, from), to);
    *is_repaired |= said < from || said > to;
    return true;
}

/* But for case. */
static bool is_nearly(struct bytes said, const char *word)
{
    return said.length == strlen(word) &&
           strncasecmp((const char *)said.at, word, said.length) == 0;
}

static bool read_label(const struct node *value, enum sentiment_label *label, bool *is_repaired)
{
    if (!node_is(value, NODE_STRING))
        return false;
    for (int i = SENTIMENT_NEGATIVE; i <= SENTIMENT_POSITIVE; i++) {
        *label = (enum sentiment_label)i;
        if (is_nearly(node_string(value), sentiment_label_name(*label))) {
            *is_repaired |= !node_is_word(value, sentiment_label_name(*label));
            return true;
        }
    }
    return false;
}

/* Anything but a list of strings is invalid. Empty and overlong words are left out. */
static bool read_words(const struct node *list, struct arena *arena, struct pieces *words)
{
    if (!node_is(list, NODE_ARRAY))
        return false;
    words->items = arena_array(arena, struct piece, least(list->count, ANSWER_MAX_WORDS));
    for (const struct node *it = node_elements(list); it != NULL; it = it->next) {
        if (!node_is(it, NODE_STRING))
            return false;
        struct bytes word = node_string(it);
        if (word.length > 0 && word.length <= ANSWER_MAX_WORD_BYTES &&
            words->count < ANSWER_MAX_WORDS)
            words->items[words->count++] = kept(word, arena);
    }
    return true;
}

static bool read_names(const struct node *list, struct arena *arena, struct entities *names)
{
    if (!node_is(list, NODE_ARRAY))
        return false;
    names->items = arena_array(arena, struct entity, least(list->count, ANSWER_MAX_NAMES));
    for (const struct node *it = node_elements(list); it != NULL; it = it->next) {
        const struct node *text = node_member(it, "text"), *type = node_member(it, "type");
        if (!node_is(text, NODE_STRING) || !node_is(type, NODE_STRING))
            return false;
        size_t length = node_string(text).length;
        if (length == 0 || length > ANSWER_MAX_WORD_BYTES || names->count == ANSWER_MAX_NAMES)
            continue;
        struct entity *entity = &names->items[names->count++];
        entity->text = kept(node_string(text), arena);
        if (!name_type_parse(kept(node_string(type), arena).at, &entity->type))
            entity->type = NAME_OTHER;
    }
    return true;
}

/* Two or three letters, and whatever follows a hyphen, which is left out. Which codes there are is
 * not checked. */
static bool read_language(const struct node *value, struct arena *arena, struct post_answer *post)
{
    struct bytes said = node_string(value);
    size_t length = 0;
    while (length < said.length && isalpha(said.at[length]))
        length++;
    if ((length != 2 && length != 3) || (length < said.length && said.at[length] != '-'))
        return false;
    char *code = arena_bytes(arena, said.at, length);
    for (size_t i = 0; i < length; i++) {
        post->is_repaired |= isupper((unsigned char)code[i]) != 0;
        code[i] = (char)tolower((unsigned char)code[i]);
    }
    post->analysis.language = code;
    return true;
}

static bool read_sentiment(const struct node *item, struct post_answer *post)
{
    struct post_analysis *analysis = &post->analysis;
    return read_label(node_member(item, "sentiment"), &analysis->label, &post->is_repaired) &&
           number_within(node_member(item, "score"), -1, 1, &analysis->score, &post->is_repaired) &&
           number_within(node_member(item, "confidence"), 0, 1, &analysis->confidence,
                         &post->is_repaired);
}

static bool read_custom(const struct node *answer, const json_t *schema, struct arena *arena,
                        struct piece *custom)
{
    SCOPED(json_free) json_t *said = NULL, *value = NULL;
    struct error why; /* which post failed is told, not what stood in it */
    if (!node_is(answer, NODE_OBJECT) ||
        !json_parse((const char *)answer->source.at, answer->source.length, &said, &why) ||
        !schema_take(schema, said, &value, &why))
        return false;
    SCOPED(text_free) struct text written = {0};
    schema_write(value, &written);
    if (written.length > ANSWER_MAX_CUSTOM_BYTES)
        return false;
    *custom = (struct piece){arena_bytes(arena, written.chars, written.length), written.length};
    return true;
}

static bool read_analysis(const struct asked *asked, const struct node *item, struct arena *arena,
                          struct post_answer *post)
{
    struct task_set tasks = asked->tasks;
    struct post_analysis *analysis = &post->analysis;
    return (!task_set_has(tasks, TASK_LANGUAGE) ||
            read_language(node_member(item, "language"), arena, post)) &&
           (!task_set_has(tasks, TASK_SENTIMENT) || read_sentiment(item, post)) &&
           (!task_set_has(tasks, TASK_ENTITIES) ||
            read_names(node_member(item, "entities"), arena, &analysis->names)) &&
           (!task_set_has(tasks, TASK_KEYWORDS) ||
            read_words(node_member(item, "keywords"), arena, &analysis->keywords)) &&
           (!task_set_has(tasks, TASK_TOPICS) ||
            read_words(node_member(item, "topics"), arena, &analysis->topics)) &&
           (asked->schema == NULL ||
            read_custom(node_member(item, "custom"), asked->schema, arena, &analysis->custom));
}

static bool has_words(const struct node *value)
{
    return node_string(value).length > 0;
}

/* The model will not have it, and says so of this post. */
static bool is_refused(const struct node *item)
{
    const struct node *refusal = node_member(item, "refusal");
    return has_words(refusal) || node_is(refusal, NODE_TRUE) ||
           node_is(node_member(item, "refused"), NODE_TRUE) ||
           has_words(node_member(item, "error"));
}

void item_read(const struct asked *asked, const struct node *item, struct arena *arena,
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
