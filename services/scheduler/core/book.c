#include "book.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/check.h"
#include "sojourn.h"

struct job_index {
    UT_hash_handle hh;
    struct job job;
};

struct tenant_index {
    UT_hash_handle hh;
    struct tenant tenant;
    char id[TENANT_ID_SIZE];
};

/* Tenant, NUL, user and lane stand behind each other: one key, kept once. */
struct user_index {
    UT_hash_handle hh;
    struct user user;
    uint32_t key_length;
    char key[];
};

struct user_key {
    char bytes[TENANT_ID_SIZE + USER_ID_SIZE + sizeof(uint32_t)];
    uint32_t length;
};

static struct user_key user_key(const char *tenant_id, const char *user_id, uint32_t lane)
{
    struct user_key key = {0};
    size_t tenant = strlen(tenant_id) + 1, user = strlen(user_id) + 1;
    CHECK(tenant <= TENANT_ID_SIZE && user <= USER_ID_SIZE);
    memcpy(key.bytes, tenant_id, tenant);
    memcpy(key.bytes + tenant, user_id, user);
    memcpy(key.bytes + tenant + user, &lane, sizeof(lane));
    key.length = (uint32_t)(tenant + user + sizeof(lane));
    return key;
}

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
    *tenant_id = user->index->key;
    *user_id = user->index->key + strlen(user->index->key) + 1;
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

static struct user_index *find_user(const struct book *book, const struct user_key *key)
{
    struct user_index *found = NULL;
    HASH_FIND(hh, book->users, key->bytes, key->length, found);
    return found;
}

struct user *book_user(const struct book *book, const char *tenant_id, const char *user_id,
                       uint32_t lane)
{
    struct user_key key = user_key(tenant_id, user_id, lane);
    struct user_index *found = find_user(book, &key);
    return found ? &found->user : NULL;
}

static struct user *user_of(struct book *book, const char *tenant_id, const char *user_id,
                            uint32_t lane)
{
    struct user_key key = user_key(tenant_id, user_id, lane);
    struct user_index *found = find_user(book, &key);
    if (found)
        return &found->user;
    found = calloc(1, sizeof(*found) + key.length);
    CHECK(found);
    memcpy(found->key, key.bytes, key.length);
    found->key_length = key.length;
    found->user.index = found;
    found->user.tenant = book_tenant(book, tenant_id);
    found->user.tenant->users++;
    HASH_ADD_KEYPTR(hh, book->users, found->key, found->key_length, found);
    book->user_count++;
    return &found->user;
}

static void drop_user(struct book *book, struct user *user)
{
    CHECK(user->occupied == 0 && user->waiting == 0);
    while (user->turns) {
        struct turn *turn = user->turns;
        CHECK(!heap_has(&turn->node) && turn->ready.count == 0);
        user->turns = turn->next;
        sojourn_forget(turn);
        heap_free(&turn->ready);
        free(turn);
    }
    user->tenant->users--;
    struct user_index *index = user->index;
    HASH_DEL(book->users, index);
    free(index);
    book->user_count--;
}

static struct turn *turn_of(struct user *user, enum service_class service_class)
{
    for (struct turn *turn = user->turns; turn; turn = turn->next)
        if (turn->service_class == service_class)
            return turn;
    struct turn *turn = calloc(1, sizeof(*turn));
    CHECK(turn);
    *turn = (struct turn){.user = user, .service_class = service_class, .next = user->turns};
    user->turns = turn;
    return turn;
}

struct job *book_job(const struct book *book, const char *job_id)
{
    struct job_index *found = NULL;
    HASH_FIND_STR(book->jobs, job_id, found);
    return found ? &found->job : NULL;
}

struct job *book_add_job(struct book *book, const struct job_facts *facts, struct instant now)
{
    CHECK(!book_job(book, facts->job_id) && strlen(facts->job_id) < JOB_ID_SIZE);
    struct job_index *index = calloc(1, sizeof(*index));
    CHECK(index);
    struct job *job = &index->job;
    strcpy(job->id, facts->job_id);
    job->index = index;
    job->order = ++book->last_order;
    job->heard = now;
    job->service_class = facts->service_class;
    job->is_healing = facts->is_healing;
    job->deadline = facts->deadline_left_ms ? instant_plus_ms(now, facts->deadline_left_ms)
                                            : (struct instant){INT64_MAX};
    uint32_t lane = book_lane_of(facts->service_class);
    job->user = user_of(book, facts->tenant_id, facts->user_id, lane);
    job->user->jobs++;
    HASH_ADD_KEYPTR(hh, book->jobs, job->id, strlen(job->id), index);
    book->job_count++;
    return job;
}

void book_drop_job(struct book *book, struct job *job)
{
    CHECK(job->in_hand == 0);
    for (uint32_t i = 0; i < job->chunk_count; i++) {
        struct chunk *chunk = job->chunks[i];
        CHECK(!heap_has(&chunk->node) && !chunk->flight && !chunk->is_occupying);
        free(chunk);
    }
    free((void *)job->chunks);
    if (--job->user->jobs == 0)
        drop_user(book, job->user);
    if (heap_has(&job->unserved))
        heap_remove(&book->unserved, &job->unserved);
    if (heap_has(&job->over))
        heap_remove(&book->over, &job->over);
    struct job_index *index = job->index;
    HASH_DEL(book->jobs, index);
    free(index);
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

struct chunk *book_add_chunk(struct job *job, uint32_t number)
{
    uint32_t place = place_of(job, number);
    if (job->chunk_count == job->chunk_capacity) {
        job->chunk_capacity = job->chunk_capacity ? job->chunk_capacity * 2 : 1;
        void *grown =
            reallocarray((void *)job->chunks, job->chunk_capacity, sizeof(struct chunk *));
        CHECK(grown);
        job->chunks = grown;
    }
    memmove((void *)&job->chunks[place + 1], (void *)&job->chunks[place],
            (job->chunk_count - place) * sizeof(struct chunk *));
    struct chunk *chunk = calloc(1, sizeof(*chunk));
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
    struct job_index *index, *next;
    HASH_ITER (hh, book->jobs, index, next)
        visit(context, &index->job);
}

void book_free(struct book *book)
{
    struct job_index *index, *next;
    HASH_ITER (hh, book->jobs, index, next)
        book_drop_job(book, &index->job);
    CHECK(!book->users && book->user_count == 0);
    drop_tenants(book);
    heap_free(&book->unserved);
    heap_free(&book->over);
    *book = (struct book){0};
}
