#include "book.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/check.h"
#include "queue.h"

struct tenant_index {
    UT_hash_handle hh;
    struct tenant tenant;
    char id[TENANT_ID_SIZE];
};

struct tenant *book_tenant(struct book *book, const char *tenant_id)
{
    struct tenant_index *found = NULL;
    HASH_FIND_STR(book->tenants, tenant_id, found);
    if (found)
        return &found->tenant;
    found = calloc(1, sizeof(*found));
    CHECK(found && strlen(tenant_id) < TENANT_ID_SIZE);
    strcpy(found->id, tenant_id);
    found->tenant.index = found;
    HASH_ADD_STR(book->tenants, id, found);
    return &found->tenant;
}

const char *book_tenant_id(const struct tenant *tenant)
{
    return tenant->index->id;
}

void book_name_user(const struct user *user, const char **tenant_id, const char **user_id)
{
    *tenant_id = book_tenant_id(user->tenant);
    *user_id = user->name;
}

static void drop_tenants(struct book *book)
{
    struct tenant_index *index, *next;
    HASH_ITER (hh, book->tenants, index, next) {
        CHECK(index->tenant.users == 0);
        HASH_DEL(book->tenants, index);
        free(index);
    }
}

static uint32_t user_hash(const struct tenant *tenant, const char *user_id, uint32_t lane)
{
    CHECK(strlen(user_id) < USER_ID_SIZE);
    return table_hash(user_id, strlen(user_id)) ^
           table_hash(tenant->index->id, strlen(tenant->index->id)) * (2 * lane + 1);
}

static struct user *find_user(const struct book *book, const struct tenant *tenant,
                              const char *user_id, uint32_t lane)
{
    struct table_search search = table_search(&book->user_places, user_hash(tenant, user_id, lane));
    uint32_t number;
    while ((number = table_next(&book->user_places, &search))) {
        struct user *user = pool_at(&book->users, number);
        if (user->tenant == tenant && user->lane == lane && strcmp(user->name, user_id) == 0)
            return user;
    }
    return NULL;
}

struct user *book_user(const struct book *book, const char *tenant_id, const char *user_id,
                       uint32_t lane)
{
    struct tenant_index *found = NULL;
    HASH_FIND_STR(book->tenants, tenant_id, found);
    return found ? find_user(book, &found->tenant, user_id, lane) : NULL;
}

static struct user *user_of(struct book *book, const char *tenant_id, const char *user_id,
                            uint32_t lane)
{
    struct tenant *tenant = book_tenant(book, tenant_id);
    struct user *user = find_user(book, tenant, user_id, lane);
    if (user)
        return user;
    book->users.size = sizeof(struct user);
    uint32_t number = pool_take(&book->users);
    user = pool_at(&book->users, number);
    user->number = number;
    user->lane = lane;
    user->tenant = tenant;
    user->name = strdup(user_id);
    CHECK(user->name);
    tenant->users++;
    table_add(&book->user_places, user_hash(tenant, user_id, lane), number);
    book->user_count++;
    return user;
}

static void drop_user(struct book *book, struct user *user)
{
    CHECK(user->occupied == 0 && user->waiting == 0);
    while (user->turns) {
        struct turn *turn = user->turns;
        user->turns = turn->next;
        queue_drop_turn(turn);
        if (turn != &user->first)
            free(turn);
    }
    user->tenant->users--;
    table_remove(&book->user_places, user_hash(user->tenant, user->name, user->lane), user->number);
    free(user->name);
    pool_give(&book->users, user->number);
    book->user_count--;
}

static struct turn *turn_of(struct user *user, enum service_class service_class)
{
    for (struct turn *turn = user->turns; turn; turn = turn->next)
        if (turn->service_class == service_class)
            return turn;
    struct turn *turn = user->turns ? calloc(1, sizeof(*turn)) : &user->first;
    CHECK(turn);
    *turn = (struct turn){.user = user, .service_class = service_class, .next = user->turns};
    user->turns = turn;
    return turn;
}

static uint32_t job_hash(const char *job_id)
{
    return table_hash(job_id, strlen(job_id));
}

struct job *book_job(const struct book *book, const char *job_id)
{
    struct table_search search = table_search(&book->job_places, job_hash(job_id));
    uint32_t number;
    while ((number = table_next(&book->job_places, &search))) {
        struct job *job = pool_at(&book->jobs, number);
        if (strcmp(job->id, job_id) == 0)
            return job;
    }
    return NULL;
}

static struct job *job_at(const struct book *book, uint32_t number)
{
    return number ? pool_at(&book->jobs, number) : NULL;
}

/* Behind all others. */
static void line_up(struct book *book, struct job *job, enum job_line which)
{
    struct line_end *line = &book->lines[which];
    struct job *newest = job_at(book, line->newest);
    job->lines[which] = (struct line_place){.older = line->newest};
    *(newest ? &newest->lines[which].newer : &line->oldest) = job->number;
    line->newest = job->number;
}

static void leave_line(struct book *book, const struct job *job, enum job_line which)
{
    struct line_end *line = &book->lines[which];
    struct line_place place = job->lines[which];
    struct job *older = job_at(book, place.older), *newer = job_at(book, place.newer);
    *(older ? &older->lines[which].newer : &line->oldest) = place.newer;
    *(newer ? &newer->lines[which].older : &line->newest) = place.older;
}

void book_await_service(struct book *book, struct job *job)
{
    CHECK(!job->is_unserved);
    job->is_unserved = true;
    line_up(book, job, LINE_UNSERVED);
}

bool book_end_waiting(struct book *book, struct job *job)
{
    bool was_unserved = job->is_unserved;
    if (was_unserved)
        leave_line(book, job, LINE_UNSERVED);
    job->is_unserved = false;
    return was_unserved;
}

const struct job *book_longest_unserved(const struct book *book)
{
    return job_at(book, book->lines[LINE_UNSERVED].oldest);
}

struct job *book_add_job(struct book *book, const struct job_facts *facts, struct instant now)
{
    CHECK(!book_job(book, facts->job_id) && strlen(facts->job_id) < JOB_ID_SIZE);
    book->jobs.size = sizeof(struct job);
    uint32_t number = pool_take(&book->jobs);
    struct job *job = pool_at(&book->jobs, number);
    strcpy(job->id, facts->job_id);
    job->number = number;
    line_up(book, job, LINE_ALL);
    job->order = ++book->last_order;
    job->heard = now;
    job->service_class = facts->service_class;
    job->is_healing = facts->is_healing;
    job->deadline = facts->deadline_left_ms ? instant_plus_ms(now, facts->deadline_left_ms)
                                            : (struct instant){INT64_MAX};
    uint32_t lane = book_lane_of(facts->service_class);
    job->user = user_of(book, facts->tenant_id, facts->user_id, lane);
    job->user->jobs++;
    table_add(&book->job_places, job_hash(job->id), number);
    book->job_count++;
    return job;
}

void book_drop_job(struct book *book, struct job *job)
{
    CHECK(job && job->in_hand == 0);
    for (uint32_t i = 0; i < job->chunk_count; i++) {
        struct chunk *chunk = job->chunks[i];
        CHECK(!heap_has(&chunk->node) && !chunk->flight && !chunk->is_occupying);
        if (chunk != &job->first)
            free(chunk);
    }
    if (job->chunks != &job->only)
        free((void *)job->chunks);
    if (--job->user->jobs == 0)
        drop_user(book, job->user);
    (void)book_end_waiting(book, job);
    if (heap_has(&job->over))
        heap_remove(&book->over, &job->over);
    table_remove(&book->job_places, job_hash(job->id), job->number);
    leave_line(book, job, LINE_ALL);
    pool_give(&book->jobs, job->number);
    book->job_count--;
}

/* Where `number` stands, or belongs, in the job's ordered chunks. */
static uint32_t place_of(const struct job *job, uint32_t number)
{
    uint32_t low = 0, high = job->chunk_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (job->chunks[middle]->facts.number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct chunk *book_chunk(const struct job *job, uint32_t number)
{
    /* Unless one was split, each stands where its number says. */
    bool is_usual = number < job->chunk_count && job->chunks[number]->facts.number == number;
    uint32_t place = is_usual ? number : place_of(job, number);
    bool is_there = place < job->chunk_count && job->chunks[place]->facts.number == number;
    return is_there ? job->chunks[place] : NULL;
}

/* Most jobs have one chunk: it and its place are in the job itself. */
static void make_room(struct job *job)
{
    if (!job->chunks) {
        job->chunks = &job->only;
        job->chunk_capacity = 1;
    }
    if (job->chunk_count < job->chunk_capacity)
        return;
    job->chunk_capacity *= 2;
    void *before = job->chunks == &job->only ? NULL : (void *)job->chunks;
    struct chunk **chunks = reallocarray(before, job->chunk_capacity, sizeof(struct chunk *));
    CHECK(chunks);
    chunks[0] = before ? chunks[0] : job->only;
    job->chunks = chunks;
}

struct chunk *book_add_chunk(struct job *job, uint32_t number)
{
    uint32_t place = place_of(job, number);
    make_room(job);
    memmove((void *)&job->chunks[place + 1], (void *)&job->chunks[place],
            (job->chunk_count - place) * sizeof(struct chunk *));
    struct chunk *chunk = job->chunk_count == 0 ? &job->first : calloc(1, sizeof(*chunk));
    CHECK(chunk);
    chunk->job = job;
    chunk->turn = turn_of(job->user, job->service_class);
    chunk->facts.number = number;
    chunk->facts.status = CHUNK_DONE; /* until its row is applied */
    job->chunks[place] = chunk;
    job->chunk_count++;
    return chunk;
}

void book_each_job(const struct book *book, void (*visit)(void *context, struct job *job),
                   void *context)
{
    for (uint32_t at = book->lines[LINE_ALL].oldest; at;) {
        struct job *job = job_at(book, at);
        at = job->lines[LINE_ALL].newer;
        visit(context, job);
    }
}

void book_free(struct book *book)
{
    while (book->lines[LINE_ALL].oldest)
        book_drop_job(book, job_at(book, book->lines[LINE_ALL].oldest));
    CHECK(book->user_count == 0);
    drop_tenants(book);
    heap_free(&book->over);
    table_free(&book->job_places);
    table_free(&book->user_places);
    pool_free(&book->jobs);
    pool_free(&book->users);
    *book = (struct book){0};
}
