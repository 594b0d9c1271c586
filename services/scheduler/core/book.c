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

void book_name_user(const struct book *book, const struct user *user, const char **tenant_id,
                    const char **user_id)
{
    *tenant_id = book_tenant_id(user->tenant);
    *user_id = texts_at(&book->names, user->name);
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

/* All its turns are of classes that share it. */
static uint32_t lane_of(const struct user *user)
{
    return book_lane_of(user->first.service_class);
}

static struct user *find_user(const struct book *book, const struct tenant *tenant,
                              const char *user_id, uint32_t lane)
{
    struct table_search search = table_search(&book->user_places, user_hash(tenant, user_id, lane));
    uint32_t number;
    while ((number = table_next(&book->user_places, &search))) {
        struct user *user = pool_at(&book->users, number);
        if (user->tenant == tenant && lane_of(user) == lane &&
            strcmp(texts_at(&book->names, user->name), user_id) == 0)
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
                            enum service_class service_class)
{
    struct tenant *tenant = book_tenant(book, tenant_id);
    uint32_t lane = book_lane_of(service_class);
    struct user *user = find_user(book, tenant, user_id, lane);
    if (user)
        return user;
    book->users.size = sizeof(struct user);
    uint32_t number = pool_take(&book->users);
    user = pool_at(&book->users, number);
    user->first.service_class = service_class;
    user->tenant = tenant;
    user->name = texts_keep(&book->names, user_id);
    tenant->users++;
    table_add(&book->user_places, user_hash(tenant, user_id, lane), number);
    book->user_count++;
    return user;
}

static uint32_t number_of_user(const struct book *book, const struct user *user, uint32_t hash)
{
    struct table_search search = table_search(&book->user_places, hash);
    uint32_t number;
    while ((number = table_next(&book->user_places, &search)))
        if (pool_at(&book->users, number) == user)
            break;
    return number;
}

static void drop_later_turns(struct user *user)
{
    struct turn *turn = user->first.next;
    while (turn) {
        struct turn *next = turn->next;
        queue_drop_turn(turn);
        free(turn);
        turn = next;
    }
}

static void drop_user(struct book *book, struct user *user)
{
    CHECK(user->occupied == 0);
    drop_later_turns(user);
    queue_drop_turn(&user->first);
    user->tenant->users--;
    uint32_t hash = user_hash(user->tenant, texts_at(&book->names, user->name), lane_of(user));
    uint32_t number = number_of_user(book, user, hash);
    table_remove(&book->user_places, hash, number);
    texts_drop(&book->names, user->name);
    pool_give(&book->users, number);
    book->user_count--;
}

static struct turn *turn_of(struct user *user, enum service_class service_class)
{
    for (struct turn *turn = book_first_turn(user); turn; turn = book_turn_after(turn))
        if (turn->service_class == service_class)
            return turn;
    struct later_turn *later = calloc(1, sizeof(*later));
    CHECK(later);
    *later = (struct later_turn){
        .turn = {.service_class = service_class, .is_later = true, .next = user->first.next},
        .user = user};
    user->first.next = &later->turn;
    return &later->turn;
}

static uint32_t job_hash(const struct uuid *id)
{
    return table_hash(id->bytes, sizeof id->bytes);
}

struct job *book_job(const struct book *book, const char *job_id)
{
    struct uuid id;
    if (!uuid_parse(job_id, &id))
        return NULL;
    struct table_search search = table_search(&book->job_places, job_hash(&id));
    uint32_t number;
    while ((number = table_next(&book->job_places, &search))) {
        struct job *job = pool_at(&book->jobs, number);
        if (memcmp(&job->id, &id, sizeof id) == 0)
            return job;
    }
    return NULL;
}

static struct job *job_at(const struct book *book, uint32_t number)
{
    return number ? pool_at(&book->jobs, number) : NULL;
}

/* Known to whoever stands before it in the line. */
static uint32_t number_of_job(const struct book *book, const struct job *job)
{
    const struct job *older = job_at(book, job->older);
    return older ? older->newer : book->oldest;
}

/* Behind all others. */
static void line_up(struct book *book, struct job *job, uint32_t number)
{
    struct job *newest = job_at(book, book->newest);
    job->older = book->newest;
    *(newest ? &newest->newer : &book->oldest) = number;
    book->newest = number;
}

static void leave_line(struct book *book, const struct job *job)
{
    struct job *older = job_at(book, job->older), *newer = job_at(book, job->newer);
    *(older ? &older->newer : &book->oldest) = job->newer;
    *(newer ? &newer->older : &book->newest) = job->older;
}

void book_await_service(struct book *book, struct job *job)
{
    CHECK(!job->is_unserved);
    job->is_unserved = true;
    const struct job *longest = job_at(book, book->longest_unserved);
    if (!longest || job->order < longest->order)
        book->longest_unserved = number_of_job(book, job);
}

/* Who waits longest is moved on along the line, past each job once. */
bool book_end_waiting(struct book *book, struct job *job)
{
    bool was_unserved = job->is_unserved;
    job->is_unserved = false;
    if (was_unserved && job_at(book, book->longest_unserved) == job)
        while (job && !job->is_unserved)
            job = job_at(book, book->longest_unserved = job->newer);
    return was_unserved;
}

const struct job *book_longest_unserved(const struct book *book)
{
    return job_at(book, book->longest_unserved);
}

struct job *book_add_job(struct book *book, const struct job_facts *facts, struct instant now)
{
    book->jobs.size = sizeof(struct job);
    uint32_t number = pool_take(&book->jobs);
    struct job *job = pool_at(&book->jobs, number);
    CHECK(uuid_parse(facts->job_id, &job->id) && !book_job(book, facts->job_id));
    line_up(book, job, number);
    job->order = ++book->last_order & ((UINT64_C(1) << JOB_ORDER_BITS) - 1);
    job->heard = now;
    job->service_class = facts->service_class;
    job->is_healing = facts->is_healing;
    job->needs_llm = facts->needs_llm;
    job->deadline_ms = facts->deadline_left_ms;
    struct user *user = user_of(book, facts->tenant_id, facts->user_id, facts->service_class);
    user->jobs++;
    job->turn = turn_of(user, facts->service_class);
    table_add(&book->job_places, job_hash(&job->id), number);
    book->job_count++;
    return job;
}

void book_drop_job(struct book *book, struct job *job)
{
    CHECK(job && job->in_hand == 0);
    if (heap_has(&job->first.node))
        heap_remove(&book->over, &job->first.node);
    for (uint32_t i = 0; i < job->chunk_count; i++) {
        struct chunk *chunk = book_chunk_at(job, i);
        CHECK(chunk->place == PLACE_NOWHERE && !chunk->is_flying && !chunk->is_occupying);
        if (chunk != &job->first)
            free(chunk);
    }
    free((void *)job->chunks);
    struct user *user = book_user_of(job->turn);
    if (--user->jobs == 0)
        drop_user(book, user);
    (void)book_end_waiting(book, job);
    uint32_t number = number_of_job(book, job);
    table_remove(&book->job_places, job_hash(&job->id), number);
    leave_line(book, job);
    pool_give(&book->jobs, number);
    book->job_count--;
}

struct chunk *book_chunk_at(struct job *job, uint32_t place)
{
    CHECK(place < job->chunk_count);
    return job->chunks ? job->chunks[place] : &job->first;
}

/* Where `number` stands, or belongs, in the job's ordered chunks. */
static uint32_t place_of(struct job *job, uint32_t number)
{
    uint32_t low = 0, high = job->chunk_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (book_chunk_at(job, middle)->facts.number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_at(struct job *job, uint32_t place, uint32_t number)
{
    return place < job->chunk_count && book_chunk_at(job, place)->facts.number == number;
}

struct chunk *book_chunk(struct job *job, uint32_t number)
{
    /* Unless one was split, each stands where its number says. */
    uint32_t place = has_at(job, number, number) ? number : place_of(job, number);
    return has_at(job, place, number) ? book_chunk_at(job, place) : NULL;
}

/* The array has room for a power of two. */
static void make_room(struct job *job)
{
    uint32_t count = job->chunk_count;
    if (count == 0 || (count & (count - 1)) != 0)
        return;
    struct chunk **chunks =
        reallocarray((void *)job->chunks, (size_t)count * 2, sizeof(struct chunk *));
    CHECK(chunks);
    if (!job->chunks)
        chunks[0] = &job->first;
    job->chunks = chunks;
}

static struct chunk *new_chunk(struct job *job)
{
    if (job->chunk_count == 0)
        return &job->first;
    struct later_chunk *later = calloc(1, sizeof(*later));
    CHECK(later);
    later->chunk.is_later = true;
    later->job = job;
    return &later->chunk;
}

struct chunk *book_add_chunk(struct job *job, uint32_t number)
{
    CHECK(number < 1u << CHUNK_NUMBER_BITS);
    uint32_t place = place_of(job, number), count = job->chunk_count;
    struct chunk *chunk = new_chunk(job);
    make_room(job);
    if (count > 0) {
        memmove((void *)&job->chunks[place + 1], (void *)&job->chunks[place],
                (count - place) * sizeof(struct chunk *));
        job->chunks[place] = chunk;
    }
    chunk->facts.number = number & ((1u << CHUNK_NUMBER_BITS) - 1);
    chunk->facts.status = CHUNK_DONE; /* until its row is applied */
    job->chunk_count++;
    return chunk;
}

static uint8_t at_most_255(uint32_t count)
{
    return (uint8_t)(count < UINT8_MAX ? count : UINT8_MAX);
}

void book_keep_row(struct chunk *chunk, const struct chunk_facts *facts)
{
    bool is_flying = facts->status == CHUNK_IN_FLIGHT;
    if (facts->attempt != chunk->facts.attempt)
        chunk->is_staked = chunk->is_patient = false;
    chunk->facts = (struct kept_facts){
        .version = facts->version,
        .attempt = facts->attempt,
        .open_posts = facts->open_posts,
        .text_bytes = facts->text_bytes,
        .due_in_ms = is_flying ? facts->lease_left_ms : facts->retry_in_ms,
        .number = chunk->facts.number,
        .tries = at_most_255(facts->tries),
        .depth = at_most_255(facts->depth),
        .status = facts->status,
        .last_class = facts->last_class,
        .mode = facts->mode,
    };
}

struct chunk_facts book_row_of(const struct chunk *chunk)
{
    const struct kept_facts *kept = &chunk->facts;
    bool is_flying = kept->status == CHUNK_IN_FLIGHT;
    return (struct chunk_facts){
        .number = kept->number,
        .version = kept->version,
        .attempt = kept->attempt,
        .lane = chunk->lane,
        .tries = kept->tries,
        .depth = kept->depth,
        .open_posts = kept->open_posts,
        .text_bytes = kept->text_bytes,
        .retry_in_ms = is_flying ? 0 : kept->due_in_ms,
        .lease_left_ms = is_flying ? kept->due_in_ms : 0,
        .status = kept->status,
        .last_class = kept->last_class,
        .mode = kept->mode,
    };
}

void book_each_job(const struct book *book, void (*visit)(void *context, struct job *job),
                   void *context)
{
    for (uint32_t at = book->oldest; at;) {
        struct job *job = job_at(book, at);
        at = job->newer;
        visit(context, job);
    }
}

void book_free(struct book *book)
{
    while (book->oldest)
        book_drop_job(book, job_at(book, book->oldest));
    CHECK(book->user_count == 0);
    drop_tenants(book);
    heap_free(&book->over);
    table_free(&book->job_places);
    table_free(&book->user_places);
    pool_free(&book->jobs);
    pool_free(&book->users);
    texts_free(&book->names);
    *book = (struct book){0};
}
