#include "outcome.h"

#include <string.h>

#include "base/check.h"
#include "embedded/embedded.h"
#include "messages/messages.h"
#include "question/brief.h"
#include "question/prompt.h"
#include "reuse/names.h"
#include "reuse/reuse.h"
#include "summary.h"

enum { RESULTS_MAX_BYTES = 800 * 1000, POST_RESULT_MAX_BYTES = 200 * 1000, SHORT_LIST = 5 };

Tp__Outcome *outcome_new(const Tp__Dispatch *dispatch, const char *instance_id,
                         Tp__OutcomeClass outcome_class, struct arena *arena)
{
    Tp__Outcome *outcome = arena_new(arena, sizeof *outcome);
    tp__outcome__init(outcome);
    outcome->schema_version = SCHEMA_VERSION;
    outcome->job_id = dispatch->job_id;
    outcome->chunk_number = dispatch->chunk_number;
    outcome->attempt = dispatch->attempt;
    outcome->epoch = dispatch->epoch;
    outcome->instance_id = arena_string(arena, instance_id);
    outcome->tenant_id = dispatch->tenant_id;
    outcome->user_id = dispatch->user_id;
    outcome->outcome_class = outcome_class;
    outcome->mode = dispatch->mode;
    outcome->endpoint = dispatch->endpoint;
    outcome->usage = arena_new(arena, sizeof *outcome->usage);
    tp__usage__init(outcome->usage);
    outcome->results = arena_array(arena, Tp__PostResult *, dispatch->n_posts);
    outcome->missing = arena_array(arena, Tp__MissingPost *, dispatch->n_posts);
    return outcome;
}

static void shorten(struct post_analysis *analysis, size_t most)
{
    size_t *counts[] = {&analysis->hashtags.count, &analysis->mentions.count,
                        &analysis->cashtags.count, &analysis->urls.count,
                        &analysis->names.count,    &analysis->keywords.count,
                        &analysis->topics.count};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        if (*counts[i] > most)
            *counts[i] = most;
}

static void write_within(struct post_analysis *analysis, struct task_set tasks, size_t max_bytes,
                         struct text *json)
{
    post_analysis_write_json(analysis, tasks, json);
    for (size_t most = SHORT_LIST; json->length > max_bytes; most = 0) {
        text_clear(json);
        shorten(analysis, most);
        post_analysis_write_json(analysis, tasks, json);
        CHECK(most > 0 || json->length <= max_bytes);
    }
}

size_t outcome_share(size_t posts)
{
    size_t share = RESULTS_MAX_BYTES / posts;
    return share < POST_RESULT_MAX_BYTES ? share : POST_RESULT_MAX_BYTES;
}

/* What all results of an outcome have in common. */
struct answering {
    const Tp__Dispatch *dispatch;
    const char *model;
    struct task_set tasks;
    size_t max_bytes; /* of a result */
};

static Tp__PostResult *add_result(Tp__Outcome *outcome, const struct answering *answering,
                                  size_t nth, struct post_analysis *analysis, struct arena *arena)
{
    SCOPED(text_free) struct text json = {0};
    write_within(analysis, answering->tasks, answering->max_bytes, &json);
    Tp__PostResult *result = arena_new(arena, sizeof *result);
    tp__post_result__init(result);
    result->seq = answering->dispatch->posts[nth]->seq;
    result->model = arena_string(arena, answering->model);
    result->data_json.data = (uint8_t *)arena_bytes(arena, json.chars, json.length);
    result->data_json.len = json.length;
    if (task_set_has(answering->tasks, TASK_SENTIMENT))
        result->confidence = analysis->confidence;
    outcome->results[outcome->n_results++] = result;
    return result;
}

static void add_missing(Tp__Outcome *outcome, uint32_t seq, const char *reason, struct arena *arena)
{
    Tp__MissingPost *missing = arena_new(arena, sizeof *missing);
    tp__missing_post__init(missing);
    missing->seq = seq;
    missing->reason = arena_string(arena, reason);
    outcome->missing[outcome->n_missing++] = missing;
}

static struct piece text_of(const Tp__Dispatch *dispatch, size_t nth)
{
    const ProtobufCBinaryData *text = &dispatch->posts[nth]->text;
    return (struct piece){(const char *)text->data, text->len};
}

/* An instruction is beyond it: who asked for nothing else gets nothing. */
static bool can_embedded(const Tp__Dispatch *dispatch)
{
    return dispatch->instruction[0] == '\0' || task_set_is_of_posts(brief_tasks(dispatch));
}

static void add_embedded(Tp__Outcome *outcome, const struct answering *answering, size_t nth,
                         struct post_analysis *analysis, struct arena *arena)
{
    if (can_embedded(answering->dispatch)) {
        Tp__PostResult *result = add_result(outcome, answering, nth, analysis, arena);
        result->provenance = TP__PROVENANCE__FROM_EMBEDDED;
        return;
    }
    add_missing(outcome, answering->dispatch->posts[nth]->seq, "unanalysable", arena);
    outcome->missing[outcome->n_missing - 1]->is_final = true;
    outcome->outcome_class = TP__OUTCOME_CLASS__PARTIAL;
}

Tp__Outcome *outcome_by_embedded(const Tp__Dispatch *dispatch, const struct topic_set *topics,
                                 const char *instance_id, struct arena *arena)
{
    size_t count = dispatch->n_posts;
    const struct answering answering = {dispatch, EMBEDDED_VERSION, brief_tasks(dispatch),
                                        outcome_share(count)};
    Tp__Outcome *outcome = outcome_new(dispatch, instance_id, TP__OUTCOME_CLASS__OK, arena);
    struct piece *posts = arena_array(arena, struct piece, count);
    struct post_analysis *analyses = arena_array(arena, struct post_analysis, count);
    for (size_t i = 0; i < count; i++) {
        posts[i] = text_of(dispatch, i);
        embedded_analyze_for(topics, posts[i], arena, &analyses[i]);
        add_embedded(outcome, &answering, i, &analyses[i], arena);
    }
    if (task_set_has(answering.tasks, TASK_SUMMARY))
        outcome->summary = summary_line(posts, analyses, count, arena);
    outcome->usage->is_known = true; /* nothing was called */
    outcome->model = EMBEDDED_VERSION;
    return outcome;
}

/* ---- an LLM's answer ---- */

static void add_answer(Tp__Outcome *outcome, const struct answering *answering, size_t nth,
                       const struct post_answer *answer, struct arena *arena)
{
    struct post_analysis analysis = answer->analysis;
    struct piece text = text_of(answering->dispatch, nth);
    if (task_set_has(answering->tasks, TASK_ENTITIES)) {
        embedded_find_entities(text, arena, &analysis);
        names_place(&analysis.names, text);
    }
    Tp__PostResult *result = add_result(outcome, answering, nth, &analysis, arena);
    result->provenance =
        answer->is_repaired ? TP__PROVENANCE__FROM_REPAIR : TP__PROVENANCE__FROM_LLM;
    result->prompt_version = arena_string(arena, PROMPTS_VERSION);
    result->text_hash = reuse_text_hash(text.at, text.length);
}

Tp__Outcome *outcome_of_answer(const Tp__Dispatch *dispatch, const char *instance_id,
                               const char *model, const struct answer *answer, size_t max_bytes,
                               struct arena *arena)
{
    const struct answering answering = {dispatch, model, brief_tasks(dispatch), max_bytes};
    Tp__Outcome *outcome = outcome_new(dispatch, instance_id, answer->outcome_class, arena);
    for (size_t i = 0; i < dispatch->n_posts; i++) {
        switch (answer->posts[i].state) {
        case POST_ANSWERED:
            add_answer(outcome, &answering, i, &answer->posts[i], arena);
            break;
        case POST_MISSING:
            add_missing(outcome, dispatch->posts[i]->seq, "missing", arena);
            break;
        case POST_INVALID:
            add_missing(outcome, dispatch->posts[i]->seq, "invalid", arena);
            break;
        case POST_REFUSED:
            add_missing(outcome, dispatch->posts[i]->seq, "refused", arena);
            break;
        }
    }
    outcome->summary = arena_string(arena, answer->summary);
    outcome->detail = arena_string(arena, answer->detail);
    outcome->was_called = true;
    outcome->usage->is_known = answer->is_usage_known;
    outcome->usage->prompt_tokens = answer->prompt_tokens;
    outcome->usage->completion_tokens = answer->completion_tokens;
    return outcome;
}
