#include "outcomes.h"

#include <string.h>

#include "base/check.h"
#include "metrics.h"

static const struct statement COMMIT_OUTCOMES = {
    "commit_outcomes",
    "select c.outcome, c.verdict, c.micros, (c.event).* from commit_outcomes($1, $2, $3, $4, $5, "
    "$6, $7, $8,"
    " $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26) c"};

static const char *const VERDICT_NAMES[] = {
    [VERDICT_COMMITTED] = "committed",
    [VERDICT_LATE] = "late",
    [VERDICT_STALE] = "stale",
    [VERDICT_WASTED] = "wasted",
};
enum { ORIGINS = 5 };
enum { VERDICT_COUNT = sizeof VERDICT_NAMES / sizeof VERDICT_NAMES[0] };

const char *verdict_name(enum verdict verdict)
{
    return VERDICT_NAMES[verdict];
}

static enum verdict verdict_parse(const char *name)
{
    for (int i = 0; i < VERDICT_COUNT; i++) {
        if (strcmp(name, VERDICT_NAMES[i]) == 0)
            return (enum verdict)i;
    }
    CHECK_UNREACHABLE();
}

/* Is result k the one to keep of its post? A strictly higher provenance wins, of equal ones the
 * first does. */
static bool is_best_result(const Tp__Outcome *outcome, size_t k)
{
    const Tp__PostResult *result = outcome->results[k];
    for (size_t i = 0; i < outcome->n_results; i++) {
        const Tp__PostResult *rival = outcome->results[i];
        if (rival->seq != result->seq || i == k)
            continue;
        if (rival->provenance > result->provenance ||
            (rival->provenance == result->provenance && i < k))
            return false;
    }
    return true;
}

/* Said by a server that we do not know: what no integer holds is as much as one does. */
static int64_t counted(uint32_t tokens)
{
    return tokens < INT32_MAX ? (int64_t)tokens : INT32_MAX;
}

static void params_facts(struct params *params, const Tp__Outcome *const *outcomes, size_t count)
{
    struct arena *arena = params->arena;
    struct array *jobs = array_new(arena, ELEMENT_UUID);
    struct array *chunks = array_new(arena, ELEMENT_INT4);
    struct array *attempts = array_new(arena, ELEMENT_INT4);
    struct array *classes = array_new(arena, ELEMENT_INT2);
    struct array *called = array_new(arena, ELEMENT_BOOL);
    struct array *known = array_new(arena, ELEMENT_BOOL);
    struct array *prompt = array_new(arena, ELEMENT_INT4);
    struct array *completion = array_new(arena, ELEMENT_INT4);
    struct array *retry_after_ms = array_new(arena, ELEMENT_INT4);
    struct array *call_ms = array_new(arena, ELEMENT_INT4);
    struct array *summaries = array_new(arena, ELEMENT_TEXT);
    for (size_t i = 0; i < count; i++) {
        const Tp__Outcome *outcome = outcomes[i];
        array_add_uuid(jobs, outcome->job_id);
        array_add_int(chunks, outcome->chunk_number);
        array_add_int(attempts, outcome->attempt);
        array_add_int(classes, outcome->outcome_class);
        array_add_int(called, outcome->was_called);
        array_add_int(known, outcome->usage->is_known);
        array_add_int(prompt, counted(outcome->usage->prompt_tokens));
        array_add_int(completion, counted(outcome->usage->completion_tokens));
        array_add_int(retry_after_ms, outcome->retry_after_ms);
        array_add_int(call_ms, outcome->call_ms);
        array_add_text(summaries, outcome->summary);
    }
    struct array *const in_order[] = {jobs,   chunks,     attempts,       classes, called,   known,
                                      prompt, completion, retry_after_ms, call_ms, summaries};
    for (size_t i = 0; i < sizeof in_order / sizeof in_order[0]; i++)
        params_array(params, in_order[i]);
}

static void params_results(struct params *params, const Tp__Outcome *const *outcomes, size_t count)
{
    struct arena *arena = params->arena;
    struct array *ends = array_new(arena, ELEMENT_INT4);
    struct array *seqs = array_new(arena, ELEMENT_INT4);
    struct array *data = array_new(arena, ELEMENT_JSONB);
    struct array *provenances = array_new(arena, ELEMENT_INT2);
    struct array *models = array_new(arena, ELEMENT_TEXT);
    struct array *prompts = array_new(arena, ELEMENT_TEXT);
    struct array *confidences = array_new(arena, ELEMENT_DOUBLE);
    struct array *prompt_shares = array_new(arena, ELEMENT_INT4);
    struct array *completion_shares = array_new(arena, ELEMENT_INT4);
    int64_t end = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < outcomes[i]->n_results; k++) {
            const Tp__PostResult *result = outcomes[i]->results[k];
            if (!is_best_result(outcomes[i], k))
                continue;
            end++;
            array_add_int(seqs, result->seq);
            array_add_bytes(data, (struct bytes){result->data_json.data, result->data_json.len});
            array_add_int(provenances, result->provenance);
            array_add_text(models, result->model);
            array_add_text(prompts, result->prompt_version);
            array_add_double(confidences, result->confidence);
            array_add_int(prompt_shares, counted(result->prompt_tokens));
            array_add_int(completion_shares, counted(result->completion_tokens));
        }
        array_add_int(ends, end);
    }
    struct array *const in_order[] = {ends,    seqs,        data,          provenances,      models,
                                      prompts, confidences, prompt_shares, completion_shares};
    for (size_t i = 0; i < sizeof in_order / sizeof in_order[0]; i++)
        params_array(params, in_order[i]);
}

/* Only those given up for good: the others just stay open. */
static void params_missing(struct params *params, const Tp__Outcome *const *outcomes, size_t count)
{
    struct array *ends = array_new(params->arena, ELEMENT_INT4);
    struct array *seqs = array_new(params->arena, ELEMENT_INT4);
    struct array *reasons = array_new(params->arena, ELEMENT_TEXT);
    int64_t end = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < outcomes[i]->n_missing; k++) {
            const Tp__MissingPost *missing = outcomes[i]->missing[k];
            if (!missing->is_final)
                continue;
            array_add_int(seqs, missing->seq);
            array_add_text(reasons, missing->reason);
            end++;
        }
        array_add_int(ends, end);
    }
    params_array(params, ends);
    params_array(params, seqs);
    params_array(params, reasons);
}

/* The place of a provenance among the origins of count_usage(). */
static size_t origin_of(Tp__Provenance provenance)
{
    switch (provenance) {
    case TP__PROVENANCE__FROM_LLM:
        return 0;
    case TP__PROVENANCE__FROM_CACHE:
        return 1;
    case TP__PROVENANCE__FROM_NEAR_DUPLICATE:
        return 2;
    case TP__PROVENANCE__FROM_REPAIR:
        return 3;
    case TP__PROVENANCE__FROM_EMBEDDED:
        return 4;
    case TP__PROVENANCE__NO_PROVENANCE:
    case _TP__PROVENANCE_IS_INT_SIZE:
        break;
    }
    CHECK_UNREACHABLE();
}

static void params_usage(struct params *params, const Tp__Outcome *const *outcomes, size_t count)
{
    struct array *models = array_new(params->arena, ELEMENT_TEXT);
    struct array *origins = array_new(params->arena, ELEMENT_INT4);
    for (size_t i = 0; i < count; i++) {
        int64_t posts[ORIGINS] = {0};
        for (size_t k = 0; k < outcomes[i]->n_results; k++)
            if (is_best_result(outcomes[i], k))
                posts[origin_of(outcomes[i]->results[k]->provenance)]++;
        array_add_text(models, outcomes[i]->model);
        for (size_t k = 0; k < ORIGINS; k++)
            array_add_int(origins, posts[k]);
    }
    params_array(params, models);
    params_array(params, origins);
}

/* What its server asked for: how long to wait, and if it says that a limit is used up, what it says
 * of both. */
static void params_asked(struct params *params, const Tp__Outcome *const *outcomes, size_t count)
{
    static const Tp__ServerLimits NONE = TP__SERVER_LIMITS__INIT;
    struct array *asked = array_new(params->arena, ELEMENT_INT4);
    for (size_t i = 0; i < count; i++) {
        const Tp__ServerLimits *said = outcomes[i]->server_limits;
        bool is_used_up = said && ((said->has_requests_left && said->requests_left == 0) ||
                                   (said->has_tokens_left && said->tokens_left == 0));
        if (!is_used_up)
            said = &NONE;
        array_add_int(asked, counted(outcomes[i]->retry_after_ms));
        array_add_int(asked, counted(said->requests));
        array_add_int(asked, said->has_requests_left ? counted(said->requests_left) : -1);
        array_add_int(asked, counted(said->requests_reset_ms));
        array_add_int(asked, counted(said->tokens));
        array_add_int(asked, said->has_tokens_left ? counted(said->tokens_left) : -1);
        array_add_int(asked, counted(said->tokens_reset_ms));
    }
    params_array(params, asked);
}

static void count_cost(const Tp__Outcome *outcome, int64_t micros)
{
    if (micros > 0)
        metric_add(metrics_with(metrics_of_store()->cost_usd,
                                METRIC_VALUES(outcome->endpoint, outcome->model)),
                   (double)micros / 1e6);
}

bool commit_outcomes(struct db *db, struct arena *arena, const Tp__Outcome *const *outcomes,
                     size_t count, enum verdict *verdicts, struct made_events *made,
                     struct error *why)
{
    CHECK(count > 0 && count <= OUTCOMES_MAX);
    struct params params = params_begin(arena);
    params_facts(&params, outcomes, count);
    params_results(&params, outcomes, count);
    params_missing(&params, outcomes, count);
    params_usage(&params, outcomes, count);
    params_asked(&params, outcomes, count);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(db, &COMMIT_OUTCOMES, &params, &rows, why))
        return false;
    size_t told = 0;
    for (int row = 0; row < rows.count; row++) {
        struct cells cells = rows_at(&rows, row, arena);
        size_t outcome = (size_t)cell_int(&cells);
        const char *verdict = cell_text(&cells);
        CHECK(outcome > 0 && outcome <= count);
        if (!cell_is_null(&cells))
            count_cost(outcomes[outcome - 1], cell_int(&cells));
        else
            cell_skip(&cells, 1);
        if (strcmp(verdict, "revised") != 0) /* else the event is of the job it healed */
            verdicts[told++] = verdict_parse(verdict);
        CHECK(told == outcome);
        const Tp__JobEvent *event = read_event(&cells);
        if (event != NULL)
            made_events_add(made, event, arena);
    }
    CHECK(told == count);
    return true;
}
