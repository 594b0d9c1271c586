#include "answer.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "extract.h"
#include "json/json.h"

enum { SUMMARY_MAX_BYTES = 400 };

static const double ROUNDING = 0.001; /* scores that far out are taken as 1 */

static struct piece kept(const char *words, size_t length, struct arena *arena)
{
    return (struct piece){arena_bytes(arena, words, length), length};
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool number_within(const json_t *value, double from, double to, double *number)
{
    if (!json_is_number(value))
        return false;
    *number = json_number_value(value);
    if (!isfinite(*number) || *number < from - ROUNDING || *number > to + ROUNDING)
        return false;
    *number = fmin(fmax(*number, from), to);
    return true;
}

static bool read_label(const json_t *value, enum sentiment_label *label)
{
    if (!json_is_string(value))
        return false;
    for (int i = SENTIMENT_NEGATIVE; i <= SENTIMENT_POSITIVE; i++) {
        *label = (enum sentiment_label)i;
        if (strcasecmp(json_string_value(value), sentiment_label_name(*label)) == 0)
            return true;
    }
    return false;
}

/* Absent is empty; anything but a list of strings is invalid. Empty and overlong words are left
 * out. */
static bool read_words(const json_t *list, struct arena *arena, struct pieces *words)
{
    if (list == NULL || json_is_null(list))
        return true;
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
    if (list == NULL || json_is_null(list))
        return true;
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

/* Two or three small letters, whatever follows after a hyphen; else "und". */
static const char *read_language(const json_t *value, struct arena *arena)
{
    const char *words = json_is_string(value) ? json_string_value(value) : "";
    size_t length = strspn(words, "abcdefghijklmnopqrstuvwxyz");
    bool is_code = (length == 2 || length == 3) && (words[length] == '\0' || words[length] == '-');
    return is_code ? arena_bytes(arena, words, length) : "und";
}

/* Rule 2. */
static bool read_analysis(const json_t *item, struct arena *arena, struct post_analysis *analysis)
{
    *analysis = (struct post_analysis){0};
    const json_t *confidence = json_object_get(item, "confidence");
    analysis->confidence = 0.5;
    analysis->language = read_language(json_object_get(item, "language"), arena);
    return read_label(json_object_get(item, "sentiment"), &analysis->label) &&
           number_within(json_object_get(item, "score"), -1, 1, &analysis->score) &&
           (confidence == NULL || number_within(confidence, 0, 1, &analysis->confidence)) &&
           read_names(json_object_get(item, "entities"), arena, &analysis->names) &&
           read_words(json_object_get(item, "keywords"), arena, &analysis->keywords) &&
           read_words(json_object_get(item, "topics"), arena, &analysis->topics);
}

struct reading {
    struct answer *answer;
    size_t count;
    struct arena *arena;
};

static void read_item(void *context, const json_t *item, bool is_clean)
{
    struct reading *reading = context;
    const json_t *id = json_object_get(item, "id");
    if (!json_is_integer(id) || json_integer_value(id) < 1 ||
        json_integer_value(id) > (json_int_t)reading->count)
        return;
    struct post_answer *post = &reading->answer->posts[json_integer_value(id) - 1];
    if (post->state == POST_ANSWERED)
        return;
    bool is_valid = is_clean && read_analysis(item, reading->arena, &post->analysis);
    post->state = is_valid ? POST_ANSWERED : POST_INVALID;
}

static void read_summary(void *context, const char *words, size_t length)
{
    struct reading *reading = context;
    if (length > SUMMARY_MAX_BYTES) {
        length = SUMMARY_MAX_BYTES;
        while (length > 0 && ((unsigned char)words[length] & 0xC0) == 0x80)
            length--;
    }
    char *line = arena_bytes(reading->arena, words, length);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
            line[i] = ' ';
    reading->answer->summary = line;
}

static void read_usage(const json_t *document, struct answer *answer)
{
    const json_t *usage = json_object_get(document, "usage");
    const json_t *prompt = json_object_get(usage, "prompt_tokens");
    const json_t *completion = json_object_get(usage, "completion_tokens");
    if (!json_is_integer(prompt) || !json_is_integer(completion))
        return;
    json_int_t in = json_integer_value(prompt), out = json_integer_value(completion);
    if (in < 0 || out < 0 || in > UINT32_MAX || out > UINT32_MAX)
        return;
    answer->is_usage_known = true;
    answer->prompt_tokens = (uint32_t)in;
    answer->completion_tokens = (uint32_t)out;
}

static bool is_word(const json_t *value, const char *word)
{
    return json_is_string(value) && strcmp(json_string_value(value), word) == 0;
}

/* What no post's answer tells: why there is none. */
static Tp__OutcomeClass class_of_nothing(const json_t *choice, bool is_cut)
{
    const json_t *reason = json_object_get(choice, "finish_reason");
    const json_t *message = json_object_get(choice, "message");
    if (is_word(reason, "content_filter") || json_is_string(json_object_get(message, "refusal")))
        return TP__OUTCOME_CLASS__CONTENT_FILTER;
    return is_cut || is_word(reason, "length") ? TP__OUTCOME_CLASS__TRUNCATED
                                               : TP__OUTCOME_CLASS__INVALID_ANSWER;
}

static size_t count_answered(const struct answer *answer, size_t count)
{
    size_t answered = 0;
    for (size_t i = 0; i < count; i++)
        answered += answer->posts[i].state == POST_ANSWERED;
    return answered;
}

void answer_read(struct bytes body, size_t count, struct arena *arena, struct answer *answer)
{
    *answer = (struct answer){.outcome_class = TP__OUTCOME_CLASS__INVALID_ANSWER,
                              .posts = arena_array(arena, struct post_answer, count),
                              .summary = ""};
    SCOPED(json_free) json_t *document = NULL;
    struct error why;
    bool is_clean = true;
    struct bytes clean = extract_clean(body, arena, &is_clean);
    if (!json_parse((const char *)clean.at, clean.length, &document, &why))
        return;
    read_usage(document, answer);
    const json_t *choice = json_array_get(json_object_get(document, "choices"), 0);
    const json_t *content = json_object_get(json_object_get(choice, "message"), "content");
    struct reading reading = {answer, count, arena};
    bool is_cut = false;
    if (json_is_string(content))
        is_cut = extract_items(json_string_value(content), json_string_length(content), is_clean,
                               read_item, read_summary, &reading);
    size_t answered = count_answered(answer, count);
    if (answered == count)
        answer->outcome_class = TP__OUTCOME_CLASS__OK;
    else if (answered > 0)
        answer->outcome_class = TP__OUTCOME_CLASS__PARTIAL;
    else
        answer->outcome_class = class_of_nothing(choice, is_cut);
}
