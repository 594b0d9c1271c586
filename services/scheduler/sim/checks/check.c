/* What must be true of every history. Nothing of the core is used here, only journals: the LLM's
 * calls, the rows, and when processes were silent. A silent analyzer excuses what it could not
 * help: a call that it could not abort. */
#include <stdlib.h>

#include "base/check.h"
#include "checks.h"

static int by_start(const void *a, const void *b)
{
    const struct call *const *one = a, *const *other = b;
    return ((*one)->started > (*other)->started) - ((*one)->started < (*other)->started);
}

/* Rule 1: one call per user and lane, and few lanes. Rule 2: as many as the cap allows. And each
 * attempt once. */
static void check_calls(struct sim *sim)
{
    struct call **calls = arena_array(sim->arena, struct call *, sim->call_count + 1);
    uint32_t count = 0;
    for (struct call *call = sim->calls; call; call = call->older)
        calls[count++] = call;
    qsort((void *)calls, count, sizeof(calls[0]), by_start);
    check_limits(sim, calls, count);
    for (uint32_t n = 0; n < count; n++) {
        const struct call *call = calls[n];
        int64_t now = call->started;
        uint32_t running = 0, unexcused = 1, beside = 0;
        for (uint32_t i = 0; i < n; i++) {
            const struct call *other = calls[i];
            if (other->grant == call->grant)
                sim_violation(sim, "once", "job %u chunk %u attempt %u is called twice",
                              call->grant->job->number, call->grant->id.chunk_number,
                              call->grant->id.attempt);
            if (other->ended <= now)
                continue;
            bool excuse = check_is_excused(sim, other, now) || check_is_excused(sim, call, now);
            running++;
            unexcused += !check_is_excused(sim, other, now);
            sim->counts[COUNT_EXCUSED] += excuse;
            bool is_same_user = other->grant->job->user == call->grant->job->user &&
                                other->grant->job->lane == call->grant->job->lane;
            beside += is_same_user && !excuse;
            if (is_same_user && other->grant->lane == call->grant->lane && !excuse)
                sim_violation(sim, "rule 1", "two calls of user %u at %ld us",
                              call->grant->job->user, now);
        }
        if (beside >= (sim->has_bursts ? MOST_AT_ONCE : 1))
            sim_violation(sim, "rule 1", "%u calls of user %u at %ld us", beside + 1,
                          call->grant->job->user, now);
        sim->counts[COUNT_BURST_CALLS] += beside > 0;
        sim->counts[COUNT_RULE_2] += running + 1 == CALL_CAP;
        if (unexcused > CALL_CAP && !check_is_excused(sim, call, now))
            sim_violation(sim, "rule 2", "%u calls at %ld us", unexcused, now);
        /* Rule 8: what has ended is not begun any more, once everybody has heard of it. */
        if (now > FAULTS_END && call->grant->job->ended_at &&
            now > call->grant->job->ended_at + 8 * SECOND && !check_is_excused(sim, call, now))
            sim_violation(sim, "rule 8", "job %u is called %ld us after its end",
                          call->grant->job->number, now - call->grant->job->ended_at);
    }
}

static void check_posts(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->store.job_count; i++) {
        const struct model_job *job = sim->store.jobs[i];
        for (uint32_t k = 0; k < job->post_count && !job->heals; k++)
            if (job->posts[k].results + job->posts[k].reasons != 1)
                sim_violation(sim, "posts", "job %u post %u: %u results, %u reasons", job->number,
                              k, job->posts[k].results, job->posts[k].reasons);
        /* Rule 7: there are but two provenances, so whatever is second is no better. */
        for (uint32_t k = 0; k < job->post_count; k++)
            if (job->posts[k].revised > 1)
                sim_violation(sim, "rule 7", "job %u post %u is revised %u times", job->number, k,
                              job->posts[k].revised);
    }
}

void check_losses(struct sim *sim)
{
    const int64_t bound = 12 * SECOND;
    for (uint32_t user = 0; user < USERS; user++) {
        for (uint32_t lane = 0; lane < LANES; lane++) {
            const struct in_flight *place = &sim->store.in_flight[user][lane];
            if (!place->job || sim->now < FAULTS_END + bound)
                continue;
            const struct model_chunk *chunk = &place->job->chunks[place->chunk];
            if (sim->now > chunk->lease_until + bound)
                sim_violation(sim, "rule 9", "user %u's chunk is lost since %ld us", user,
                              sim->now - chunk->lease_until);
        }
    }
}

static uint32_t levels_of(uint32_t posts)
{
    uint32_t levels = 0;
    for (; posts > 1; posts = (posts + 1) / 2)
        levels++;
    return levels;
}

/* Rule 6: three tries of the whole, then one on each level above the poison post; each split gives
 * one good part. For a chunk of 100 posts: 10 calls that fail, 7 that do not. */
static void check_poison(struct sim *sim, const struct model_job *job)
{
    for (uint32_t i = 0; i < job->chunk_count; i++) {
        const struct model_chunk *root = &job->chunks[i];
        uint32_t poison = 0, posts = 0;
        for (uint32_t k = i * POSTS_PER_CHUNK; k < (i + 1) * POSTS_PER_CHUNK; k++) {
            posts += k < job->post_count;
            poison += k < job->post_count && job->posts[k].is_poison;
        }
        if (root->root != i || poison != 1)
            continue;
        uint32_t levels = levels_of(posts);
        sim->counts[COUNT_POISONED]++;
        if (root->poisoned > 3 + levels || (!root->is_disturbed && root->good > levels))
            sim_violation(sim, "rule 6", "job %u: %u failing and %u good calls for %u posts",
                          job->number, root->poisoned, root->good, posts);
    }
}

static bool is_healing(const struct sim *sim)
{
    for (uint32_t i = 0; i < sim->store.job_count; i++)
        if (sim->store.jobs[i]->status < JOB_COMPLETED)
            return true;
    return false;
}

void check_figures(struct sim *sim)
{
    for (uint32_t i = 0; i < SCHEDULERS; i++) {
        struct scheduler_figures told;
        if (!sim->processes[i].is_alive)
            continue;
        scheduler_figures(sim->schedulers[i].core, &told);
        if (!told.is_leader)
            continue;
        size_t left = told.runnable + told.active_users + told.waiting_users + told.in_flight +
                      told.calls + (size_t)(told.oldest_wait_ms > 0);
        for (int k = 0; k < CLASSES; k++)
            left += told.queued[k];
        if (is_healing(sim))
            continue; /* what cannot be healed waits */
        if (left > 0)
            sim_violation(sim, "rule 10", "all is over, and the leader counts %zu", left);
        sim->counts[COUNT_RULE_10]++;
    }
}

void check_all(struct sim *sim)
{
    if (!sim->is_over && sim->violations == 0)
        sim_violation(sim, "end", "not all has ended after the fleet was healed");
    check_calls(sim);
    if (!sim->is_over)
        return;
    check_posts(sim);
    for (uint32_t i = 0; i < sim->store.job_count; i++)
        check_poison(sim, sim->store.jobs[i]);
    if (sim->seconds_of_quiet > 0)
        check_figures(sim);
}
