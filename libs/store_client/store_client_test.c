#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bus/broker_for_test.h"
#include "messages/subjects.h"
#include "store_client/store_client.h"

#define JOB "019ab9c2-7f00-7abc-8def-0123456789ab"

enum { PATIENCE_MS = 30000 };

static struct test_broker broker;
static struct bus *bus;

/* A store that knows one job, of tenant acme. */
static void answer_cancel(void *context, struct bus_message *message)
{
    (void)context;
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    const Tp__CancelJob *asked;
    struct error why;
    if (!unpack_cancel_job(arena, bus_body(message), &asked, &why)) {
        bus_reply_error(bus, message, &why);
        return;
    }
    if (strcmp(asked->tenant_id, "acme") != 0) {
        error_set(&why, ERROR_NOT_FOUND, "no such job");
        bus_reply_error(bus, message, &why);
        return;
    }
    Tp__Progress progress = TP__PROGRESS__INIT;
    Tp__JobView job = TP__JOB_VIEW__INIT;
    job.job_id = asked->job_id;
    job.tenant_id = asked->tenant_id;
    job.user_id = "u1";
    job.service_class = TP__SERVICE_CLASS__STANDARD;
    job.status = TP__JOB_STATUS__CANCELLED;
    job.progress = &progress;
    Tp__JobReply reply = TP__JOB_REPLY__INIT;
    reply.schema_version = SCHEMA_VERSION;
    reply.job = &job;
    bus_reply(bus, message, pack_job_reply(arena, &reply));
}

static void answer_nonsense(void *context, struct bus_message *message)
{
    (void)context;
    bus_reply(bus, message, (struct bytes){(const uint8_t *)"?", 1});
}

static bool cancel(const char *tenant_id, struct arena *arena, const Tp__JobReply **reply,
                   struct error *why)
{
    Tp__CancelJob question = TP__CANCEL_JOB__INIT;
    question.tenant_id = tenant_id;
    question.job_id = JOB;
    return store_cancel(bus, &question, PATIENCE_MS, NULL, arena, reply, why);
}

static void a_question_is_answered_with_a_checked_message(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    struct bus_subscription *store;
    const Tp__JobReply *reply;
    struct error why;
    assert_true(bus_subscribe(bus, RPC_STORE_CANCEL, "store", answer_cancel, NULL, &store, &why));
    if (!cancel("acme", arena, &reply, &why))
        fail_msg("%s", why.message);
    assert_string_equal(reply->job->job_id, JOB);
    assert_int_equal(reply->job->status, TP__JOB_STATUS__CANCELLED);
    bus_unsubscribe(&store);
}

static void the_stores_errors_come_through(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    struct bus_subscription *store;
    const Tp__JobReply *reply;
    struct error why;
    assert_false(cancel("acme", arena, &reply, &why));
    assert_int_equal(why.kind, ERROR_UNAVAILABLE);
    assert_true(bus_subscribe(bus, RPC_STORE_CANCEL, "store", answer_cancel, NULL, &store, &why));
    assert_false(cancel("other", arena, &reply, &why));
    assert_int_equal(why.kind, ERROR_NOT_FOUND);
    assert_string_equal(why.message, "no such job");
    assert_false(cancel("not a tenant", arena, &reply, &why));
    assert_int_equal(why.kind, ERROR_INVALID);
    bus_unsubscribe(&store);
}

static void an_answer_that_is_none_is_an_error(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    struct bus_subscription *store;
    const Tp__JobReply *reply;
    struct error why;
    assert_true(bus_subscribe(bus, RPC_STORE_CANCEL, "store", answer_nonsense, NULL, &store, &why));
    assert_false(cancel("acme", arena, &reply, &why));
    assert_int_equal(why.kind, ERROR_INTERNAL);
    bus_unsubscribe(&store);
}

static int start(void **state)
{
    (void)state;
    test_broker_start(&broker);
    bus = test_broker_connect(&broker);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    bus_close(&bus);
    test_broker_stop(&broker);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_is_answered_with_a_checked_message),
        cmocka_unit_test(the_stores_errors_come_through),
        cmocka_unit_test(an_answer_that_is_none_is_an_error),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
