#include "shares.h"

#include <stdio.h>

#include "base/check.h"
#include "base/splitmix.h"
#include "core/due.h"
#include "core/queue.h"

enum {
    MOST_TENANTS = 5,
    MOST_SLOTS = 8,
    USERS_OF_EACH = MOST_SLOTS + 1, /* so that one of each is always runnable */
    GRANTS = 1500,
    USED_CLASSES = 3,
    MOST_TOKENS = 20000,
};
/* Of a position told; tokens are taken to be as many as usual. */
#define MOST_ERROR 0.1
#define CALL_NS INT64_C(50000000)

struct tenant_plan {
    double weight;
    uint32_t least_tokens, most_tokens; /* of a chunk, as estimated */
    uint32_t used_percent;              /* of the estimate */
};

struct mine { /* of one tenant in one class */
    struct job *jobs[USERS_OF_EACH];
    double tokens; /* as estimated while a call runs, as used from then on */
};

struct serving {
    struct turn *turn;
    uint32_t tenant, service_class;
    double estimate;
    int64_t end_ns;
};

struct run {
    struct queue queue;
    struct book book;
    uint64_t random;
    enum shares_mutant mutant;
    uint32_t slots, tenants, weights[CLASSES];
    struct tenant_plan plans[MOST_TENANTS];
    struct mine mine[MOST_TENANTS][USED_CLASSES];
    uint64_t grants[USED_CLASSES];
    struct serving calls[MOST_SLOTS];
    uint32_t call_count;
    uint32_t next_chunk;
    double class_excess, tenant_excess;
};

static uint64_t draw(uint64_t *random, uint64_t below)
{
    return splitmix_next(random) % below;
}

static void draw_plans(struct run *run)
{
    static const double WEIGHTS[] = {0.5, 1, 1, 2, 5};
    run->slots = 1 + (uint32_t)draw(&run->random, MOST_SLOTS);
    run->tenants = 2 + (uint32_t)draw(&run->random, MOST_TENANTS - 1);
    for (int i = 0; i < CLASSES; i++)
        run->weights[i] = 1 + (uint32_t)draw(&run->random, 8);
    for (uint32_t i = 0; i < run->tenants; i++) {
        struct tenant_plan *plan = &run->plans[i];
        plan->weight = WEIGHTS[draw(&run->random, 5)];
        plan->least_tokens = 100 + (uint32_t)draw(&run->random, MOST_TOKENS / 2);
        plan->most_tokens = plan->least_tokens + (uint32_t)draw(&run->random, MOST_TOKENS / 2);
        plan->used_percent = 20 + (uint32_t)draw(&run->random, 81);
    }
}

static void add_chunk(struct run *run, struct job *job)
{
    struct chunk *chunk = book_add_chunk(job, run->next_chunk++);
    chunk->facts.status = CHUNK_READY;
    queue_add(&run->queue, chunk);
}

/* Class 0 of ours is the core's premium: the interactive one has a lane of its own. */
static enum service_class class_of(uint32_t number)
{
    return (enum service_class)(CLASS_PREMIUM + number);
}

static void fill(struct run *run)
{
    for (uint32_t tenant = 0; tenant < run->tenants; tenant++) {
        for (uint32_t class_number = 0; class_number < USED_CLASSES; class_number++) {
            for (uint32_t user = 0; user < USERS_OF_EACH; user++) {
                char id[JOB_ID_SIZE], tenant_id[8], user_id[16];
                snprintf(id, sizeof id, "00000000-0000-7000-8000-%04x%04x%04x", tenant,
                         class_number, user);
                snprintf(tenant_id, sizeof tenant_id, "%u", tenant);
                snprintf(user_id, sizeof user_id, "%u.%u", class_number, user);
                struct job_facts facts = {.job_id = id,
                                          .tenant_id = tenant_id,
                                          .user_id = user_id,
                                          .service_class = class_of(class_number)};
                struct job *job = book_add_job(&run->book, &facts, run->queue.now);
                if (run->mutant != SHARES_TENANTS_ALIKE)
                    book_user_of(job->turn)->tenant->weight = run->plans[tenant].weight;
                run->mine[tenant][class_number].jobs[user] = job;
                add_chunk(run, job);
            }
        }
    }
}

static void occupy(struct run *run, struct turn *turn, int change)
{
    struct user *user = book_user_of(turn);
    user->occupied = (uint16_t)(user->occupied + change);
    queue_occupy(&run->queue, turn, change);
    queue_user_changed(&run->queue, user);
}

static void end_call(struct run *run, uint32_t place)
{
    struct serving call = run->calls[place];
    run->calls[place] = run->calls[--run->call_count];
    uint64_t whole = (uint64_t)call.estimate * run->plans[call.tenant].used_percent / 100;
    double used = (double)whole;
    run->mine[call.tenant][call.service_class].tokens += used - call.estimate;
    if (run->mutant != SHARES_NOT_SETTLED)
        queue_settle(&run->queue, book_user_of(call.turn)->tenant, class_of(call.service_class),
                     (int64_t)(used - call.estimate));
    occupy(run, call.turn, -1);
}

/* Answers which of the tenant's users in that class. */
static uint32_t find_owner(const struct run *run, const struct chunk *chunk, struct serving *call)
{
    for (call->tenant = 0; call->tenant < run->tenants; call->tenant++)
        for (call->service_class = 0; call->service_class < USED_CLASSES; call->service_class++)
            for (uint32_t user = 0; user < USERS_OF_EACH; user++)
                if (run->mine[call->tenant][call->service_class].jobs[user] == book_job_of(chunk))
                    return user;
    CHECK_UNREACHABLE();
}

static void serve_one(struct run *run)
{
    struct chunk *chunk = queue_next(&run->queue);
    CHECK(chunk);
    struct serving call = {.turn = book_turn_of(chunk)};
    (void)find_owner(run, chunk, &call);
    const struct tenant_plan *plan = &run->plans[call.tenant];
    uint64_t tokens =
        plan->least_tokens + draw(&run->random, plan->most_tokens - plan->least_tokens + 1);
    call.estimate = (double)tokens;
    call.end_ns = run->queue.now.ns + CALL_NS / 2 + (int64_t)draw(&run->random, CALL_NS);
    queue_charge(&run->queue, chunk, tokens);
    queue_remove(&run->queue, chunk);
    occupy(run, call.turn, 1);
    add_chunk(run, book_job_of(chunk));
    run->calls[run->call_count++] = call;
    run->grants[call.service_class]++;
    run->mine[call.tenant][call.service_class].tokens += call.estimate;
}

static double greater(double a, double b)
{
    return a > b ? a : b;
}

/* How many chunks of its own the one is ahead of the other: a class in grants, a tenant in tokens.
 * Each may be ahead by what was begun last. */
static void measure_classes(struct run *run)
{
    for (uint32_t i = 0; i < USED_CLASSES; i++) {
        for (uint32_t k = 0; k < USED_CLASSES; k++) {
            double weight = run->weights[class_of(i)], other = run->weights[class_of(k)];
            double ahead = (double)run->grants[i] / weight - (double)run->grants[k] / other;
            double excess = ahead / (1 / weight + 1 / other);
            run->class_excess = greater(run->class_excess, excess);
        }
    }
}

static void measure_tenants(struct run *run, uint32_t class_number)
{
    for (uint32_t i = 0; i < run->tenants; i++) {
        for (uint32_t k = 0; k < run->tenants; k++) {
            const struct tenant_plan *one = &run->plans[i], *other = &run->plans[k];
            double ahead = run->mine[i][class_number].tokens / one->weight -
                           run->mine[k][class_number].tokens / other->weight;
            double chunks = one->most_tokens / one->weight + other->most_tokens / other->weight;
            run->tenant_excess = greater(run->tenant_excess, ahead / chunks);
        }
    }
}

static void serve_all(struct run *run)
{
    struct queue_config config = {.fairness = (enum fairness)draw(&run->random, 2)};
    for (int i = 0; i < CLASSES; i++)
        config.weights[i] = run->mutant == SHARES_CLASSES_ALIKE ? 1 : run->weights[i];
    queue_open(&run->queue, &config);
    queue_set_pace(&run->queue, run->slots, CALL_NS / 1000);
    fill(run);
    for (uint32_t grants = 0; grants < GRANTS; grants++) {
        if (run->call_count == run->slots) {
            uint32_t first = 0;
            for (uint32_t i = 1; i < run->call_count; i++)
                if (run->calls[i].end_ns < run->calls[first].end_ns)
                    first = i;
            queue_pass_time(&run->queue, (struct instant){run->calls[first].end_ns});
            end_call(run, first);
        }
        serve_one(run);
        measure_classes(run);
        for (uint32_t i = 0; i < USED_CLASSES; i++)
            measure_tenants(run, i);
    }
}

/* ---- positions (rule 12): the order of the grants, if nothing happened but grants ---- */
struct positions {
    uint64_t asked, told_next, were_next;
    double error_sum;
};

static struct chunk *first_of(const struct job *job)
{
    struct user *user = book_user_of(job->turn);
    return user->occupied ? NULL : due_first(book_first_turn(user));
}

static void check_positions(struct run *run, struct positions *positions)
{
    size_t told[MOST_TENANTS][USED_CLASSES][USERS_OF_EACH] = {0}, order = 0;
    struct turn *granted[MOST_TENANTS * USED_CLASSES * USERS_OF_EACH];
    for (uint32_t i = 0; i < run->tenants; i++)
        for (uint32_t k = 0; k < USED_CLASSES; k++)
            for (uint32_t user = 0; user < USERS_OF_EACH; user++) {
                const struct chunk *chunk = first_of(run->mine[i][k].jobs[user]);
                told[i][k][user] = chunk ? queue_ahead_of(&run->queue, chunk) : SIZE_MAX;
            }
    for (struct chunk *chunk; (chunk = queue_next(&run->queue)); order++) {
        struct serving call = {0};
        uint32_t user = find_owner(run, chunk, &call);
        size_t position = told[call.tenant][call.service_class][user];
        CHECK(position != SIZE_MAX);
        positions->asked++;
        positions->told_next += position == 0;
        positions->were_next += position == 0 && order == 0;
        positions->error_sum +=
            greater((double)position - (double)order, (double)order - (double)position);
        queue_charge(&run->queue, chunk, (uint64_t)run->queue.mean_tokens);
        queue_remove(&run->queue, chunk);
        granted[order] = book_turn_of(chunk);
        occupy(run, book_turn_of(chunk), 1);
    }
    while (order > 0)
        occupy(run, granted[--order], -1);
}

static void close_run(struct run *run)
{
    while (run->call_count > 0)
        end_call(run, run->call_count - 1);
    for (uint32_t tenant = 0; tenant < run->tenants; tenant++)
        for (uint32_t i = 0; i < USED_CLASSES; i++)
            for (uint32_t user = 0; user < USERS_OF_EACH; user++) {
                const struct turn *turn = run->mine[tenant][i].jobs[user]->turn;
                while (turn->due_count > 0)
                    queue_remove(&run->queue, due_first(turn));
            }
    book_free(&run->book);
    queue_close(&run->queue);
}

bool shares_check(int64_t first, int64_t count, enum shares_mutant mutant)
{
    double class_excess = 0, tenant_excess = 0;
    uint64_t late = 0;
    struct positions positions = {0};
    for (int64_t i = 0; i < count; i++) {
        struct run run = {.random = (uint64_t)(first + i), .mutant = mutant};
        draw_plans(&run);
        serve_all(&run);
        /* Calls that end at once with less used than was estimated give a claim together. */
        late += run.class_excess > 1.001 || run.tenant_excess > 2;
        class_excess = greater(class_excess, run.class_excess);
        tenant_excess = greater(tenant_excess, run.tenant_excess);
        check_positions(&run, &positions);
        close_run(&run);
    }
    printf("%ld histories of %d grants, nobody without work: by weight, the most one was ahead of "
           "another,\nin what both have at once in a chunk: classes %.3f (grants), tenants %.3f "
           "(tokens)\n",
           count, GRANTS, class_excess, tenant_excess);
    printf("positions told (rule 12): %lu; of %lu told to be the next %lu were; mean error %.2f\n",
           positions.asked, positions.told_next, positions.were_next,
           positions.error_sum / (double)positions.asked);
    return late == 0 && positions.were_next == positions.told_next &&
           positions.error_sum <= MOST_ERROR * (double)positions.asked;
}
