#include "findings.h"

#include "metrics.h"
#include "shell.h"

static const Tp__PostResult *read_result(struct findings *findings, size_t nth)
{
    const Tp__CacheFound *found = findings->found;
    while (findings->results < found->n_results && found->results[findings->results]->nth < nth)
        findings->results++;
    return findings->results < found->n_results && found->results[findings->results]->nth == nth
               ? found->results[findings->results]->result
               : NULL;
}

static bool is_among(const uint32_t *list, size_t count, size_t *at, size_t nth)
{
    while (*at < count && list[*at] < nth)
        ++*at;
    return *at < count && list[*at] == nth;
}

static bool is_claimed(struct findings *findings, size_t nth)
{
    return is_among(findings->found->claimed, findings->found->n_claimed, &findings->claimed, nth);
}

static bool is_flying(struct findings *findings, size_t nth)
{
    return is_among(findings->found->flying, findings->found->n_flying, &findings->flying, nth);
}

static bool learn(struct work *work, size_t nth, const Tp__PostResult *result)
{
    if (!plan_know(&work->plan, nth, result))
        return false;
    struct kept *kept = kept_new(result);
    memory_keep(work->analyzer->memory, work->plan.posts[nth].key, &kept);
    return true;
}

static void note_claim(struct work *work, struct planned *post, struct claims *claims)
{
    post->is_claimed = true;
    work->claims++;
    claims_add(claims);
}

/* Key n of the work's is that of its n-th post that is unknown. */
size_t findings_of_looked_up(struct findings *findings, struct work *work, struct claims *claims)
{
    size_t hits = 0, nth = work->first_key;
    if (findings->found == NULL)
        return 0;
    for (size_t i = 0; i < work->dispatch->n_posts; i++) {
        struct planned *post = &work->plan.posts[i];
        if (post->origin != ORIGIN_UNKNOWN)
            continue;
        const Tp__PostResult *result = read_result(findings, nth);
        if (result != NULL)
            hits += learn(work, i, result);
        else if (is_claimed(findings, nth))
            note_claim(work, post, claims);
        else if (is_flying(findings, nth))
            post->origin = ORIGIN_ABROAD;
        nth++;
    }
    return hits;
}

/* Whoever has called, or may not, gets it with the next attempt. */
static void lose(struct work *work, size_t nth, enum wait_end end)
{
    bool may_call = work->sent == NULL && !work->is_free;
    work->plan.posts[nth].origin = may_call ? ORIGIN_UNKNOWN : ORIGIN_LOST;
    analyzer_metrics_waited(end);
}

void findings_of_watched(struct findings *findings, struct work *work)
{
    size_t nth = work->first_key;
    if (findings->found == NULL)
        return;
    for (size_t i = 0; i < work->dispatch->n_posts; i++) {
        if (work->plan.posts[i].origin != ORIGIN_ABROAD)
            continue;
        const Tp__PostResult *result = read_result(findings, nth);
        if (result != NULL && learn(work, i, result))
            analyzer_metrics_waited(WAIT_ANSWERED);
        else if (!is_flying(findings, nth))
            lose(work, i, WAIT_LOST);
        nth++;
    }
}

void findings_give_up(struct work *work)
{
    for (size_t i = 0; i < work->dispatch->n_posts; i++)
        if (work->plan.posts[i].origin == ORIGIN_ABROAD)
            lose(work, i, WAIT_GIVEN_UP);
}
