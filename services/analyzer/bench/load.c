#include "load.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "messages/messages.h"
#include "messages/subjects.h"

enum {
    LEASE_MS = 120 * 1000,
    LIFE_MS = 1200,
    STORE_TIMEOUT_MS = 10 * 1000,
    AT_ONCE = 64, /* dispatches on their way to the broker */
    OUTCOMES_AT_ONCE = 32,
    POST_MAX_BYTES = 2000,
};

struct hall {
    struct bus *bus;
    const struct load *load;
    atomic_int storing;
};

/* ---- the leader and the store ---- */

static void permit(void *context, struct bus_message *message)
{
    struct hall *hall = context;
    SCOPED(arena_close) struct arena *arena = arena_open(64 * 1024);
    const Tp__PermitAsk *ask;
    struct error why;
    CHECK(unpack_permit_ask(arena, bus_body(message), &ask, &why));
    Tp__PermitAnswer answer = TP__PERMIT_ANSWER__INIT;
    answer.schema_version = SCHEMA_VERSION;
    answer.job_id = ask->job_id;
    answer.chunk_number = ask->chunk_number;
    answer.attempt = ask->attempt;
    answer.ask_number = ask->ask_number;
    answer.verdict = TP__VERDICT__PERMITTED;
    answer.epoch = 1;
    answer.lease_left_ms = LEASE_MS;
    answer.life_ms = LIFE_MS;
    CHECK(bus_reply(hall->bus, message, pack_permit_answer(arena, &answer)));
}

static void find_nothing(void *context, struct bus_message *message)
{
    struct hall *hall = context;
    SCOPED(arena_close) struct arena *arena = arena_open(64 * 1024);
    Tp__CacheFound found = TP__CACHE_FOUND__INIT;
    found.schema_version = SCHEMA_VERSION;
    CHECK(bus_reply(hall->bus, message, pack_cache_found(arena, &found)));
}

/* ---- dispatches ---- */

static void hear_stored(void *context, const struct error *why)
{
    struct hall *hall = context;
    CHECK(why == NULL);
    atomic_fetch_sub(&hall->storing, 1);
}

/* Some plain words, as long as asked for, that begin with what no other post begins with. */
static void write_post(struct arena *arena, uint32_t number, uint32_t bytes, Tp__Post *post)
{
    static const char WORDS[] = "The new office in Berlin opened today and everybody loved the "
                                "coffee, though #parking was a mess again. ";
    char *text = arena_new(arena, POST_MAX_BYTES + 1);
    size_t length = (size_t)snprintf(text, POST_MAX_BYTES, "Note %u: ", number);
    while (length < bytes)
        length += (size_t)snprintf(text + length, POST_MAX_BYTES + 1 - length, "%s", WORDS);
    tp__post__init(post);
    post->id = arena_format(arena, "p%u", number);
    post->text.data = (uint8_t *)text;
    post->text.len = bytes;
}

static void dispatch(struct hall *hall, const char *job_id, uint32_t chunk_number)
{
    const struct load *load = hall->load;
    SCOPED(arena_close) struct arena *arena = arena_open(4 << 20);
    Tp__Dispatch message = TP__DISPATCH__INIT;
    message.schema_version = SCHEMA_VERSION;
    message.job_id = arena_string(arena, job_id);
    message.chunk_number = chunk_number;
    message.attempt = 1;
    message.epoch = 1;
    message.tenant_id = arena_string(arena, "tenant");
    message.user_id = arena_format(arena, "user-%u", chunk_number % 100);
    message.service_class = TP__SERVICE_CLASS__STANDARD;
    message.mode = TP__ANALYSIS_MODE__BY_LLM;
    message.lease_ms = LEASE_MS;
    message.posts = arena_array(arena, Tp__Post *, load->posts);
    for (uint32_t i = 0; i < load->posts; i++) {
        message.posts[i] = arena_new(arena, sizeof *message.posts[i]);
        write_post(arena, chunk_number * load->posts + i, load->post_bytes, message.posts[i]);
        message.posts[i]->seq = i;
    }
    message.n_posts = load->posts;
    char subject[SUBJECT_SIZE];
    subject_work(message.service_class, subject);
    while (atomic_load(&hall->storing) >= AT_ONCE)
        usleep(200);
    atomic_fetch_add(&hall->storing, 1);
    bus_store_async(hall->bus, subject, pack_dispatch(arena, &message), NULL, NULL,
                    STORE_TIMEOUT_MS, hear_stored, hall);
}

/* ---- outcomes ---- */

static void count(const struct hall *hall, struct bus_message *message, struct load_result *result)
{
    SCOPED(arena_close) struct arena *arena = arena_open(UNPACK_CAP_BYTES);
    const Tp__Outcome *outcome;
    struct error why;
    CHECK(unpack_outcome(arena, bus_body(message), &outcome, &why));
    result->outcomes++;
    result->good +=
        outcome->outcome_class == TP__OUTCOME_CLASS__OK && outcome->n_results == hall->load->posts;
    bus_ack(hall->bus, message);
}

struct load_result load_run(struct bus *bus, const struct load *load)
{
    CHECK(load->post_bytes >= 20 && load->post_bytes <= POST_MAX_BYTES);
    struct hall hall = {.bus = bus, .load = load};
    struct load_result result = {0};
    struct bus_subscription *permits, *finds;
    struct bus_pull *outcomes;
    struct error why;
    CHECK(bus_subscribe(bus, RPC_SCHEDULER_PERMIT, NULL, permit, &hall, &permits, &why));
    CHECK(bus_subscribe(bus, RPC_STORE_CACHE_FIND, NULL, find_nothing, &hall, &finds, &why));
    CHECK(bus_pull_open(bus, STREAM_RESULTS, CONSUMER_RESULTS, &outcomes, &why));
    char job_id[UUID_TEXT_SIZE];
    uuid_new(job_id);
    struct instant begin = clock_now(), heard = begin;
    uint32_t sent = 0;
    while (result.outcomes < load->chunks &&
           instant_ms_between(heard, clock_now()) < load->patience_ms) {
        if (sent < load->chunks)
            dispatch(&hall, job_id, sent++);
        SCOPED(bus_message_free) struct bus_message *message =
            bus_pull_next(outcomes, OUTCOMES_AT_ONCE, sent < load->chunks ? 0 : 100);
        if (message == NULL)
            continue;
        count(&hall, message, &result);
        heard = clock_now();
        result.seconds = (double)(heard.ns - begin.ns) / 1e9;
        if (result.outcomes == 1)
            result.first_s = result.seconds;
    }
    while (atomic_load(&hall.storing) > 0)
        usleep(1000);
    bus_pull_close(&outcomes);
    bus_unsubscribe(&finds);
    bus_unsubscribe(&permits);
    return result;
}
