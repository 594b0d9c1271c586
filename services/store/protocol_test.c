/* The protocol's steps until a chunk is granted, against a real Postgres, one promise a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "desk_for_test.h"

static enum error_kind refused(const struct world *world, const void *answer)
{
    assert_null(answer);
    return world->why.kind;
}

/* ---- 1 submit ---- */

static void a_submitted_job_is_visible_with_chunks_posts_and_first_event(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 3, 10);
    const Tp__JobView *seen = view(world, job);
    assert_int_equal(seen->status, TP__JOB_STATUS__QUEUED);
    assert_int_equal(seen->progress->total_posts, 30);
    assert_int_equal(seen->progress->total_chunks, 3);
    assert_int_equal(seen->event_number, 1);
    assert_int_equal(seen->n_tasks, 2);
    assert_int_equal(world->desk.made.count, 1);
    const Tp__JobEvent *event = world->desk.made.list[0];
    assert_string_equal(event->kind, "submitted");
    assert_int_equal(event->job->n_chunks, 3);
    assert_int_equal(event->job->chunks[1]->open_posts, 10);
    assert_int_equal(event->job->chunks[1]->status, TP__CHUNK_STATUS__READY);
}

static void the_same_key_and_body_answer_the_same_job(void **state)
{
    struct world *world = *state;
    Tp__SubmitJob *job = job_of(world, "ann", 1, 2);
    job->idempotency_key = "k1";
    const Tp__SubmitJobReply *first = submit(world, job);
    assert_false(first->is_replay);
    job->job_id = fresh_job_id(world);
    const Tp__SubmitJobReply *again = submit(world, job);
    assert_true(again->is_replay);
    assert_string_equal(again->job_id, first->job_id);
    assert_int_equal(sql_number(world, "select count(*) from analysis_jobs"), 1);
}

static void the_same_key_with_another_body_is_a_conflict(void **state)
{
    struct world *world = *state;
    Tp__SubmitJob *job = job_of(world, "ann", 1, 2);
    job->idempotency_key = "k1";
    assert_non_null(submit(world, job));
    job->job_id = fresh_job_id(world);
    job->body_hash.data[0] ^= 1;
    assert_int_equal(refused(world, submit(world, job)), ERROR_CONFLICT);
}

static void the_same_call_again_makes_no_second_job(void **state)
{
    struct world *world = *state;
    Tp__SubmitJob *job = job_of(world, "ann", 1, 2);
    assert_non_null(submit(world, job));
    assert_non_null(submit(world, job));
    assert_int_equal(sql_number(world, "select count(*) from posts"), 2);
}

static void send_part(struct world *world, const char *upload, uint32_t number, Tp__Post **posts,
                      size_t count)
{
    Tp__SubmitPart part = TP__SUBMIT_PART__INIT;
    part.schema_version = SCHEMA_VERSION;
    part.upload_id = upload;
    part.part_number = number;
    part.posts = posts;
    part.n_posts = count;
    struct bytes reply;
    assert_true(
        answer_part(&world->desk, pack_submit_part(world->desk.arena, &part), &reply, &world->why));
}

static void parts_become_one_job_and_are_gone_after_it(void **state)
{
    struct world *world = *state;
    Tp__SubmitJob *job = job_of(world, "ann", 4, 10);
    job->upload_id = fresh_job_id(world);
    job->part_count = 2;
    send_part(world, job->upload_id, 1, job->posts + 20, 15);
    assert_int_equal(sql_number(world, "select count(*) from posts"), 0);
    Tp__Post **all = job->posts;
    job->posts = all + 35;
    job->n_posts = 5;
    assert_int_equal(refused(world, submit(world, job)), ERROR_UNAVAILABLE);
    send_part(world, job->upload_id, 0, all, 20);
    send_part(world, job->upload_id, 0, all, 20); /* a repeat changes nothing */
    const Tp__SubmitJobReply *reply = submit(world, job);
    assert_non_null(reply);
    assert_int_equal(reply->job->progress->total_chunks, 4);
    assert_int_equal(sql_number(world, "select count(*) from posts"), 40);
    assert_int_equal(sql_number(world, "select count(*) from upload_parts"), 0);
}

static void posts_that_do_not_add_up_are_refused_and_leave_nothing(void **state)
{
    struct world *world = *state;
    Tp__SubmitJob *job = job_of(world, "ann", 1, 5);
    job->posts[4]->seq = 7;
    assert_int_equal(refused(world, submit(world, job)), ERROR_INVALID);
    assert_int_equal(sql_number(world, "select count(*) from posts"), 0);
    assert_int_equal(sql_number(world, "select count(*) from chunks"), 0);
}

static void full_queues_are_refused_but_a_repeat_is_not(void **state)
{
    struct world *world = *state;
    world->limits.jobs_of_user = 1;
    Tp__SubmitJob *job = job_of(world, "ann", 1, 1);
    job->idempotency_key = "k";
    assert_non_null(submit(world, job));
    assert_int_equal(refused(world, submit(world, job_of(world, "ann", 1, 1))), ERROR_BUSY);
    assert_non_null(submit(world, job_of(world, "bob", 1, 1)));
    atomic_store(&world->limits.unfinished, world->limits.jobs);
    assert_int_equal(refused(world, submit(world, job_of(world, "eve", 1, 1))), ERROR_UNAVAILABLE);
    assert_true(submit(world, job)->is_replay);
    atomic_store(&world->limits.unfinished, 0);
    world->limits.jobs_of_user = 100000;
}

/* ---- 9 the lease ---- */

static void one_holder_leads_and_every_change_is_a_new_epoch(void **state)
{
    struct world *world = *state;
    const Tp__LeaseReply *a = take_lease(world, "a", 60000, false);
    assert_true(a->is_held);
    assert_true(a->left_ms > 50000);
    uint64_t epoch = a->epoch;
    assert_false(take_lease(world, "b", 60000, false)->is_held);
    assert_int_equal(take_lease(world, "a", 60000, false)->epoch, epoch);
    assert_false(take_lease(world, "a", 0, true)->is_held);
    const Tp__LeaseReply *b = take_lease(world, "b", 60000, false);
    assert_true(b->is_held);
    assert_int_equal(b->epoch, epoch + 1);
}

static void a_lapsed_lease_is_a_new_epoch_even_for_its_holder(void **state)
{
    struct world *world = *state;
    uint64_t epoch = take_lease(world, "a", 60000, false)->epoch;
    sql_do(world, "update leases set expires_at = clock_timestamp()");
    assert_int_equal(take_lease(world, "a", 60000, false)->epoch, epoch + 1);
}

/* ---- 3 grants ---- */

static void a_grant_brings_the_dispatch_and_starts_the_job(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 2, 3);
    lead(world, "leader");
    const Tp__BatchItemReply *reply = grant(world, job, 1);
    assert_int_equal(reply->result, TP__BATCH_RESULT__GRANTED);
    assert_int_equal(reply->job_status, TP__JOB_STATUS__PROCESSING);
    assert_int_equal(reply->chunk->status, TP__CHUNK_STATUS__IN_FLIGHT);
    assert_int_equal(reply->chunk->attempt, 1);
    assert_true(reply->chunk->lease_left_ms > 25000);
    const Tp__Dispatch *dispatch = reply->dispatch;
    assert_int_equal(dispatch->attempt, 1);
    assert_int_equal(dispatch->epoch, world->epoch);
    assert_string_equal(dispatch->user_id, "ann");
    assert_int_equal(dispatch->n_posts, 3);
    assert_int_equal(dispatch->posts[0]->seq, 3);
    assert_string_equal(dispatch->posts[0]->id, "p4");
    assert_memory_equal(dispatch->posts[0]->text.data, "text 3 ", 7);
    assert_string_equal(world->desk.made.list[1]->kind, "started");
    assert_int_equal(sql_number(world, "select reserved_tokens from llm_calls"), 1000);
}

static void a_second_chunk_of_a_user_is_busy_but_another_lane_is_not(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 3, 2);
    const char *other = submitted(world, "bob", 1, 2);
    lead(world, "leader");
    assert_int_equal(grant(world, job, 0)->result, TP__BATCH_RESULT__GRANTED);
    assert_int_equal(grant(world, job, 1)->result, TP__BATCH_RESULT__BUSY);
    assert_int_equal(grant(world, job, 0)->result, TP__BATCH_RESULT__GONE);
    assert_int_equal(grant(world, other, 0)->result, TP__BATCH_RESULT__GRANTED);
    Tp__BatchItem *burst = item_of(world, TP__BATCH_OPERATION__GRANT, job, 1);
    burst->lane = 1;
    assert_int_equal(run_item(world, burst)->result, TP__BATCH_RESULT__GRANTED);
    assert_int_equal(grant(world, fresh_job_id(world), 0)->result, TP__BATCH_RESULT__GONE);
}

static void of_two_grants_of_one_user_racing_one_is_busy(void **state)
{
    struct world *world = *state;
    const char *a = submitted(world, "ann", 1, 1), *b = submitted(world, "ann", 1, 1);
    PGconn *rival = PQconnectdb(world->postgres.url);
    PQclear(PQexec(rival, "set search_path = tweetpulse"));
    static const char grants[] =
        "select (line).result from grant_chunk(1, $1, 0, 1::smallint, false,"
        " row('main', 10, 0, 0, 0, false)::call_terms, 1000, 0)";
    sql_do(world, "begin");
    PGresult *first = PQexecParams(world->peek, grants, 1, NULL, &a, NULL, NULL, 0);
    assert_string_equal(PQgetvalue(first, 0, 0), "1");
    assert_int_equal(PQsendQueryParams(rival, grants, 1, NULL, &b, NULL, NULL, 0), 1);
    sql_do(world, "commit");
    PGresult *second = PQgetResult(rival);
    assert_string_equal(PQgetvalue(second, 0, 0), "2");
    PQclear(first);
    PQclear(second);
    PQfinish(rival);
    assert_int_equal(sql_number(world, "select count(*) from in_flight"), 1);
}

static void a_repeated_number_gets_the_same_answer_and_a_lower_one_none(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 2, 2);
    lead(world, "leader");
    Tp__BatchItem *items[] = {item_of(world, TP__BATCH_OPERATION__GRANT, job, 0),
                              item_of(world, TP__BATCH_OPERATION__GRANT, job, 1)};
    const Tp__BatchReply *first = batch(world, "leader", 5, items, 2);
    const Tp__BatchReply *again = batch(world, "leader", 5, items, 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(first->items[i]->result, again->items[i]->result);
    assert_int_equal(again->items[0]->dispatch->attempt, 1);
    assert_int_equal(again->items[0]->dispatch->n_posts, 2);
    assert_int_equal(sql_number(world, "select count(*) from llm_calls"), 1);
    assert_int_equal(batch(world, "leader", 4, items, 2)->status, TP__BATCH_STATUS__OLD);
}

static void an_old_leader_is_fenced(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 2);
    lead(world, "leader");
    uint64_t old = world->epoch;
    lead(world, "standby");
    world->epoch = old;
    Tp__BatchItem *item = item_of(world, TP__BATCH_OPERATION__GRANT, job, 0);
    assert_int_equal(batch(world, "leader", 1, &item, 1)->status, TP__BATCH_STATUS__FENCED);
    assert_int_equal(sql_number(world, "select count(*) from in_flight"), 0);
    sql_do(world, "update leases set expires_at = clock_timestamp()");
    world->epoch = old + 1;
    assert_int_equal(batch(world, "standby", 1, &item, 1)->status, TP__BATCH_STATUS__FENCED);
}

static void what_does_not_fit_one_message_is_busy_until_the_next_batch(void **state)
{
    enum { JOBS = 5, BYTES = 250000 };
    struct world *world = *state;
    Tp__BatchItem *items[JOBS];
    for (int i = 0; i < JOBS; i++) {
        char *user = arena_format(world->desk.arena, "user%d", i);
        const char *job = submitted(world, user, 1, 10);
        sql_do(world, "update posts set text = repeat('x', %d) where job_id = '%s'", BYTES / 10,
               job);
        sql_do(world, "update chunks set dispatch_bytes = %d where job_id = '%s'", BYTES + 240,
               job);
        items[i] = item_of(world, TP__BATCH_OPERATION__GRANT, job, 0);
    }
    lead(world, "leader");
    const Tp__BatchReply *reply = batch(world, "leader", 1, items, JOBS);
    assert_non_null(reply);
    assert_int_equal(reply->items[2]->result, TP__BATCH_RESULT__GRANTED);
    assert_int_equal(reply->items[3]->result, TP__BATCH_RESULT__BUSY);
    reply = batch(world, "leader", 2, items + 3, 2);
    assert_int_equal(reply->items[1]->result, TP__BATCH_RESULT__GRANTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FRESH_WORLD(a_submitted_job_is_visible_with_chunks_posts_and_first_event),
        WITH_FRESH_WORLD(the_same_key_and_body_answer_the_same_job),
        WITH_FRESH_WORLD(the_same_key_with_another_body_is_a_conflict),
        WITH_FRESH_WORLD(the_same_call_again_makes_no_second_job),
        WITH_FRESH_WORLD(parts_become_one_job_and_are_gone_after_it),
        WITH_FRESH_WORLD(posts_that_do_not_add_up_are_refused_and_leave_nothing),
        WITH_FRESH_WORLD(full_queues_are_refused_but_a_repeat_is_not),
        WITH_FRESH_WORLD(one_holder_leads_and_every_change_is_a_new_epoch),
        WITH_FRESH_WORLD(a_lapsed_lease_is_a_new_epoch_even_for_its_holder),
        WITH_FRESH_WORLD(a_grant_brings_the_dispatch_and_starts_the_job),
        WITH_FRESH_WORLD(a_second_chunk_of_a_user_is_busy_but_another_lane_is_not),
        WITH_FRESH_WORLD(of_two_grants_of_one_user_racing_one_is_busy),
        WITH_FRESH_WORLD(a_repeated_number_gets_the_same_answer_and_a_lower_one_none),
        WITH_FRESH_WORLD(an_old_leader_is_fenced),
        WITH_FRESH_WORLD(what_does_not_fit_one_message_is_busy_until_the_next_batch),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
