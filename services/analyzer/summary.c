#include "summary.h"

#include <string.h>

#include "embedded/embedded.h"
#include "json/json.h"

static const Tp__PostResult *result_of(const Tp__Outcome *outcome, uint32_t seq)
{
    for (size_t i = 0; i < outcome->n_results; i++) {
        if (outcome->results[i]->seq == seq)
            return outcome->results[i];
    }
    return NULL;
}

static bool read_label(const json_t *sentiment, enum sentiment_label *label)
{
    const char *name = json_string_value(json_object_get(sentiment, "label"));
    for (int i = SENTIMENT_NEGATIVE; name != NULL && i <= SENTIMENT_POSITIVE; i++) {
        *label = (enum sentiment_label)i;
        if (strcmp(name, sentiment_label_name(*label)) == 0)
            return true;
    }
    return false;
}

static bool read_words(const json_t *list, struct arena *arena, struct pieces *words)
{
    if (!json_is_array(list))
        return false;
    words->items = arena_array(arena, struct piece, json_array_size(list) + 1);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *word = json_array_get(list, i);
        size_t length = json_string_length(word);
        if (json_is_string(word))
            words->items[words->count++] =
                (struct piece){arena_bytes(arena, json_string_value(word), length), length};
    }
    return true;
}

/* False: it does not tell all that the line is made of. */
static bool read_result(const Tp__PostResult *result, struct arena *arena,
                        struct post_analysis *analysis)
{
    SCOPED(json_free) json_t *document = NULL;
    struct error why;
    return json_parse((const char *)result->data_json.data, result->data_json.len, &document,
                      &why) &&
           read_label(json_object_get(document, "sentiment"), &analysis->label) &&
           read_words(json_object_get(document, "keywords"), arena, &analysis->keywords) &&
           read_words(json_object_get(document, "topics"), arena, &analysis->topics);
}

const char *summary_line(const struct piece *posts, const struct post_analysis *analyses,
                         size_t count, struct arena *arena)
{
    SCOPED(text_free) struct text line = {0};
    embedded_summary(posts, analyses, count, &line);
    return arena_bytes(arena, line.chars, line.length);
}

const char *summary_of_results(const Tp__Dispatch *dispatch, const Tp__Outcome *outcome,
                               const struct topic_set *topics, struct arena *arena)
{
    size_t count = dispatch->n_posts;
    struct piece *posts = arena_array(arena, struct piece, count);
    struct post_analysis *analyses = arena_array(arena, struct post_analysis, count);
    for (size_t i = 0; i < count; i++) {
        const Tp__Post *post = dispatch->posts[i];
        const Tp__PostResult *result = result_of(outcome, post->seq);
        posts[i] = (struct piece){(const char *)post->text.data, post->text.len};
        if (result == NULL || !read_result(result, arena, &analyses[i]))
            embedded_analyze_for(topics, posts[i], arena, &analyses[i]);
    }
    return summary_line(posts, analyses, count, arena);
}
