/* What a sender must not get away with. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "messages/examples_for_test.h"

static struct arena *arena;

/* Refused, and the reason names the field. */
#define assert_refused(name, example, field)                                                       \
    do {                                                                                           \
        struct error why = {.message = ""};                                                        \
        const void *read_;                                                                         \
        assert_false(unpack_##name(arena, pack_##name(arena, &(example)), (void *)&read_, &why));  \
        assert_int_equal(why.kind, ERROR_INVALID);                                                 \
        if (strstr(why.message, field) == NULL)                                                    \
            fail_msg("\"%s\" does not name %s", why.message, field);                               \
    } while (0)

#define assert_taken(name, example)                                                                \
    do {                                                                                           \
        struct error why = {.message = ""};                                                        \
        const void *read_;                                                                         \
        if (!unpack_##name(arena, pack_##name(arena, &(example)), (void *)&read_, &why))           \
            fail_msg("%s", why.message);                                                           \
    } while (0)

static int begin(void **state)
{
    (void)state;
    examples_prepare();
    arena = arena_open(UNPACK_CAP_BYTES);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

static void another_schema_version_is_refused(void **state)
{
    (void)state;
    Tp__Heartbeat message = heartbeat;
    message.schema_version = 2;
    assert_refused(heartbeat, message, "heartbeat: schema_version");
}

static void ids_must_be_what_they_claim(void **state)
{
    (void)state;
    Tp__Dispatch message = dispatch;
    message.job_id = "../../etc/passwd";
    assert_refused(dispatch, message, "job_id");
    message = dispatch;
    message.tenant_id = "a.b";
    assert_refused(dispatch, message, "tenant_id");
    message.tenant_id = "";
    assert_refused(dispatch, message, "tenant_id");
    message = dispatch;
    message.user_id = "two\nlines";
    assert_refused(dispatch, message, "user_id");
    message.user_id = "c1\xC2\x85";
    assert_refused(dispatch, message, "user_id");
    message = dispatch;
    message.attempt = 0;
    assert_refused(dispatch, message, "attempt");
}

static void enums_must_be_known_and_set(void **state)
{
    (void)state;
    Tp__Dispatch message = dispatch;
    message.mode = TP__ANALYSIS_MODE__NO_MODE;
    assert_refused(dispatch, message, "mode");
    message.mode = (Tp__AnalysisMode)17;
    assert_refused(dispatch, message, "mode");
    message.mode = (Tp__AnalysisMode)-1;
    assert_refused(dispatch, message, "mode");
    Tp__JobStatus unknown[] = {TP__JOB_STATUS__QUEUED, (Tp__JobStatus)99};
    Tp__JobsQuery query = jobs_query;
    query.statuses = unknown;
    assert_refused(jobs_query, query, "statuses");
}

static void why_a_job_waits_has_a_reason_if_the_job_is_known(void **state)
{
    (void)state;
    Tp__WaitingAsk ask = waiting_ask;
    ask.job_id = "any";
    assert_refused(waiting_ask, ask, "job_id");
    Tp__WaitingReply reply = waiting_reply;
    reply.reason = TP__WAITING_REASON__NO_REASON;
    assert_refused(waiting_reply, reply, "reason");
    reply.is_known = 0;
    assert_taken(waiting_reply, reply);
    reply = waiting_reply;
    reply.reason = (Tp__WaitingReason)99;
    assert_refused(waiting_reply, reply, "reason");
    reply = waiting_reply;
    reply.calls = UINT32_MAX;
    assert_refused(waiting_reply, reply, "calls");
}

static void texts_must_be_utf8_without_nul(void **state)
{
    (void)state;
    static const char *const bad[] = {"\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                                      "cut \xE2\x82"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        Tp__Post spoilt = post;
        Tp__Post *list[] = {&spoilt};
        Tp__Dispatch message = dispatch;
        message.posts = list;
        spoilt.text = binary(bad[i]);
        assert_refused(dispatch, message, "posts[0]: text");
        spoilt = post;
        spoilt.id = bad[i];
        assert_refused(dispatch, message, "posts: id");
    }
    Tp__Post spoilt = post;
    Tp__Post *list[] = {&spoilt};
    Tp__Dispatch message = dispatch;
    message.posts = list;
    spoilt.text = (ProtobufCBinaryData){.len = 3, .data = (uint8_t[]){'a', 0, 'b'}};
    assert_refused(dispatch, message, "posts[0]: text");
    spoilt.text.len = 0;
    assert_refused(dispatch, message, "posts[0]: text");
}

/* protobuf-c alone would hand out the id "k". */
static void a_string_with_a_nul_is_refused_not_cut(void **state)
{
    (void)state;
    struct bytes packed = pack_authenticate_reply(arena, &authenticate_reply);
    uint8_t *bytes = (uint8_t *)arena_bytes(arena, packed.at, packed.length);
    uint8_t *key_id = memmem(bytes, packed.length, "k1", 2);
    assert_non_null(key_id);
    key_id[1] = 0;
    const Tp__AuthenticateReply *read;
    struct error why;
    assert_false(
        unpack_authenticate_reply(arena, (struct bytes){bytes, packed.length}, &read, &why));
    assert_non_null(strstr(why.message, "key_id"));
}

static void numbers_must_be_finite_and_in_bounds(void **state)
{
    (void)state;
    double bad[] = {NAN, INFINITY, -0.1, 1.1};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        Tp__PostResult spoilt = result;
        Tp__PostResult *list[] = {&spoilt};
        Tp__Outcome message = outcome;
        message.results = list;
        spoilt.confidence = bad[i];
        assert_refused(outcome, message, "confidence");
    }
    Tp__ResultsQuery query = results_query;
    query.limit = 1001;
    assert_refused(results_query, query, "limit");
    query.limit = 0;
    assert_refused(results_query, query, "limit");
    query.limit = 1000;
    assert_taken(results_query, query);
}

static void usage_is_asked_for_in_a_bounded_time(void **state)
{
    (void)state;
    const int64_t DAY = INT64_C(24) * 3600 * 1000;
    Tp__UsageQuery query = usage_query;
    query.to_ms = query.from_ms - 1;
    assert_refused(usage_query, query, "to_ms");
    query.to_ms = query.from_ms + 401 * DAY;
    assert_refused(usage_query, query, "to_ms");
    query.to_ms = query.from_ms + 400 * DAY;
    assert_taken(usage_query, query);
    query.from_ms = -1;
    assert_refused(usage_query, query, "from_ms");
    query = usage_query;
    query.group = TP__USAGE_GROUP__NO_USAGE_GROUP;
    assert_refused(usage_query, query, "group");
    query = usage_query;
    query.limit = 1001;
    assert_refused(usage_query, query, "limit");
}

static void what_was_compared_must_hold_together(void **state)
{
    (void)state;
    Tp__AuditQuery query = audit_query;
    query.from_ms = -1;
    assert_refused(audit_query, query, "from_ms");
    Tp__AuditThird third = audit_third;
    Tp__AuditThird *thirds[] = {&third, &third, &third};
    Tp__AuditLine line = audit_line;
    Tp__AuditLine *lines[] = {&line};
    Tp__AuditReply reply = audit_reply;
    line.thirds = thirds;
    reply.lines = lines;
    assert_taken(audit_reply, reply);
    third.agreed = third.posts + 1;
    assert_refused(audit_reply, reply, "agreed");
    third = audit_third;
    line.n_thirds = 2;
    assert_refused(audit_reply, reply, "thirds");
    line.n_thirds = 3;
    line.names_overlap = 1.01;
    assert_refused(audit_reply, reply, "names_overlap");
    line.names_overlap = 1;
    line.score_distance = 0.0 / 0.0;
    assert_refused(audit_reply, reply, "score_distance");
}

static void a_chunk_holds_at_most_its_hundred_posts(void **state)
{
    (void)state;
    Tp__Post *many[CHUNK_MAX_POSTS + 1];
    for (size_t i = 0; i < sizeof many / sizeof many[0]; i++)
        many[i] = &post;
    Tp__Dispatch message = dispatch;
    message.posts = many;
    message.n_posts = CHUNK_MAX_POSTS;
    assert_taken(dispatch, message);
    message.n_posts++;
    assert_refused(dispatch, message, "posts");
    message.n_posts = 0;
    assert_refused(dispatch, message, "posts");
}

static void a_chunk_holds_at_most_its_bytes_of_text(void **state)
{
    (void)state;
    Tp__Post large = post;
    Tp__Post *list[9];
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        list[i] = &large;
    large.text.data = arena_new(arena, POST_MAX_TEXT_BYTES);
    memset(large.text.data, 'x', POST_MAX_TEXT_BYTES);
    large.text.len = POST_MAX_TEXT_BYTES;
    Tp__Dispatch message = dispatch;
    message.posts = list;
    message.n_posts = CHUNK_MAX_TEXT_BYTES / POST_MAX_TEXT_BYTES;
    assert_taken(dispatch, message);
    message.n_posts++;
    assert_refused(dispatch, message, "bytes of text");
}

static void parts_that_others_rely_on_may_not_be_missing(void **state)
{
    (void)state;
    Tp__Outcome without_usage = outcome;
    without_usage.usage = NULL;
    assert_refused(outcome, without_usage, "usage");
    Tp__JobEvent without_job = job_event;
    without_job.job = NULL;
    assert_refused(job_event, without_job, "job");
    Tp__JobReply empty_reply = job_reply;
    empty_reply.job = NULL;
    assert_refused(job_reply, empty_reply, "job");
    Tp__BatchItemReply ungranted = item_reply;
    Tp__BatchItemReply *list[] = {&ungranted};
    Tp__BatchReply reply = batch_reply;
    reply.items = list;
    ungranted.dispatch = NULL;
    assert_refused(batch_reply, reply, "items[0]: dispatch");
    ungranted.result = TP__BATCH_RESULT__GONE;
    ungranted.chunk = NULL;
    assert_taken(batch_reply, reply);
}

static void what_is_embedded_is_checked_like_what_travels_alone(void **state)
{
    (void)state;
    Tp__Dispatch spoilt = dispatch;
    Tp__BatchItemReply item = item_reply;
    Tp__BatchItemReply *list[] = {&item};
    Tp__BatchReply reply = batch_reply;
    reply.items = list;
    item.dispatch = &spoilt;
    spoilt.tenant_id = "*";
    assert_refused(batch_reply, reply, "items[0]: dispatch: tenant_id");
}

static void series_of_telemetry_must_be_consistent(void **state)
{
    (void)state;
    Tp__MetricSeries spoilt = series;
    Tp__MetricSeries *list[] = {&spoilt};
    Tp__Telemetry message = telemetry;
    message.series = list;
    spoilt.n_counts = 2;
    assert_refused(telemetry, message, "series[0]: counts");
    spoilt = series;
    spoilt.n_label_values = 0;
    assert_refused(telemetry, message, "series[0]: label_values");
}

static void endpoints_are_named_by_short_tokens(void **state)
{
    (void)state;
    static const char *const bad[] = {"two words", "a/b", "*", "123456789012345678901234567890123"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        Tp__Dispatch message = dispatch_2;
        message.endpoint = bad[i];
        assert_refused(dispatch, message, "endpoint");
        Tp__Outcome told = outcome_2;
        told.endpoint = bad[i];
        assert_refused(outcome, told, "endpoint");
        Tp__BatchItem item = batch_item_2;
        Tp__BatchItem *list[] = {&item};
        Tp__Batch spoilt = batch_2;
        spoilt.items = list;
        item.endpoint = bad[i];
        assert_refused(batch, spoilt, "items[0]: endpoint");
    }
}

static void limits_and_money_are_bounded(void **state)
{
    (void)state;
    Tp__ServerLimits late = server_limits;
    Tp__Outcome told = outcome_2;
    told.server_limits = &late;
    late.tokens_reset_ms = UINT32_MAX;
    assert_refused(outcome, told, "server_limits: tokens_reset_ms");
    Tp__BatchItem item = batch_item_2;
    Tp__BatchItem *items[] = {&item};
    Tp__Batch dear = batch_2;
    dear.items = items;
    item.prompt_nanos = UINT64_C(1) << 32;
    assert_refused(batch, dear, "items[0]: prompt_nanos");
    item = batch_item_2;
    item.reserved_micros = UINT64_MAX;
    assert_refused(batch, dear, "items[0]: reserved_micros");
    Tp__CallRecord record = call_2;
    Tp__CallRecord *records[] = {&record};
    Tp__SnapshotReply page = snapshot_reply_2;
    page.calls = records;
    record.micros = UINT64_MAX;
    assert_refused(snapshot_reply, page, "calls[0]: micros");
    Tp__EndedCall ended = ended_call;
    Tp__EndedCall *ends[] = {&ended};
    page = snapshot_reply_2;
    page.ended = ends;
    ended.endpoint = "no endpoint";
    assert_refused(snapshot_reply, page, "ended[0]: endpoint");
    Tp__SpendRecord spend = spends_of_tenant;
    Tp__SpendRecord *list[] = {&spend};
    page = snapshot_reply_2;
    page.n_spends = 1;
    page.spends = list;
    spend.micros = UINT64_MAX;
    assert_refused(snapshot_reply, page, "spends[0]: micros");
    spend = spends_of_tenant;
    spend.endpoint = "main";
    assert_refused(snapshot_reply, page, "spends[0]: must be of");
}

static void a_control_must_say_whom_it_is_about_and_stay_in_bounds(void **state)
{
    (void)state;
    Tp__Limits high = limits;
    Tp__Control spoilt = control;
    Tp__ControlChanged message = control_changed;
    message.control = &spoilt;
    spoilt.scope = TP__CONTROL_SCOPE__NO_SCOPE;
    assert_refused(control_changed, message, "control: scope");
    spoilt.scope = TP__CONTROL_SCOPE__ENDPOINT;
    assert_refused(control_changed, message, "control: name");
    spoilt.scope = TP__CONTROL_SCOPE__USER;
    assert_refused(control_changed, message, "control: name");
    spoilt.name = USER;
    assert_taken(control_changed, message);
    spoilt.state = TP__CONTROL_STATE__REDUCED;
    assert_refused(control_changed, message, "control: state");
    spoilt = control;
    spoilt.weight = NAN;
    assert_refused(control_changed, message, "weight");
    spoilt.weight = 1001;
    assert_refused(control_changed, message, "control: weight");
    spoilt = control;
    spoilt.burst = 65;
    assert_refused(control_changed, message, "control: burst");
    spoilt = control;
    spoilt.limits = &high;
    high.micros_per_day = UINT64_MAX;
    assert_refused(control_changed, message, "control: limits: micros_per_day");
    high = limits;
    high.tokens_per_minute = UINT64_MAX;
    assert_refused(control_changed, message, "control: limits: tokens_per_minute");
    message.control = NULL;
    assert_refused(control_changed, message, "control: missing");
    Tp__HealAsk ask = heal_ask;
    ask.most_posts = 0;
    assert_refused(heal_ask, ask, "most_posts");
}

static void cache_keys_have_their_length(void **state)
{
    (void)state;
    Tp__CacheFind ask = cache_find;
    ProtobufCBinaryData short_key = {.len = CACHE_KEY_BYTES - 1, .data = cache_keys[0].data};
    ask.keys = &short_key;
    assert_refused(cache_find, ask, "keys[0]: bytes of cache_key");
    ask.n_keys = 0;
    assert_refused(cache_find, ask, "keys");
    ProtobufCBinaryData many[CHUNK_MAX_POSTS + 1];
    for (size_t i = 0; i < CHUNK_MAX_POSTS + 1; i++)
        many[i] = cache_keys[0];
    ask = cache_find;
    ask.n_keys = CHUNK_MAX_POSTS;
    ask.keys = many;
    assert_taken(cache_find, ask);
    ask.n_keys = CHUNK_MAX_POSTS + 1;
    assert_refused(cache_find, ask, "keys");

    Tp__PostResult cut = result_2;
    Tp__PostResult *cut_list[] = {&cut};
    Tp__Outcome told = outcome_3;
    told.results = cut_list;
    cut.cache_key = short_key;
    assert_refused(outcome, told, "results[0]: bytes of cache_key");
}

static void only_a_claimant_claims_watches_and_releases(void **state)
{
    (void)state;
    Tp__CacheFind ask = cache_find_2;
    ask.claimant = "";
    assert_refused(cache_find, ask, "claim_ms");
    ask.claim_ms = 0;
    assert_refused(cache_find, ask, "watched");
    ask.n_watched = 0;
    assert_refused(cache_find, ask, "released");
    ask = cache_find_2;
    ask.claim_ms = 3600001;
    assert_refused(cache_find, ask, "claim_ms");
    ask = cache_find_2;
    ask.claimant = "one\ntwo";
    assert_refused(cache_find, ask, "claimant");

    ProtobufCBinaryData many[CHUNK_MAX_POSTS + 1];
    for (size_t i = 0; i < CHUNK_MAX_POSTS + 1; i++)
        many[i] = cache_keys[0];
    ask = cache_find_2;
    ask.watched = ask.released = many;
    ask.n_watched = CHUNK_MAX_POSTS - 1;
    ask.n_released = CHUNK_MAX_POSTS;
    assert_taken(cache_find, ask);
    ask.n_watched = CHUNK_MAX_POSTS;
    assert_refused(cache_find, ask, "watched");
    ask.n_watched = 1;
    ask.n_released = CHUNK_MAX_POSTS + 1;
    assert_refused(cache_find, ask, "released");
    ask.n_released = 1;
    many[0].len = CACHE_KEY_BYTES - 1;
    assert_refused(cache_find, ask, "watched[0]: bytes of cache_key");
}

static void finds_and_claims_have_their_order(void **state)
{
    (void)state;
    Tp__CachedResult *twice[] = {&cached_result, &cached_result};
    Tp__CacheFound found = cache_found;
    found.n_results = 2;
    found.results = twice;
    assert_refused(cache_found, found, "results[1]: nth");
    Tp__CachedResult spoilt = cached_result;
    Tp__CachedResult *list[] = {&spoilt};
    found = cache_found;
    found.results = list;
    spoilt.nth = CHUNK_MAX_POSTS;
    assert_refused(cache_found, found, "results[0]: nth");
    spoilt = cached_result;
    spoilt.result = NULL;
    assert_refused(cache_found, found, "results[0]: result: missing");
    uint32_t wrong[] = {3, 3};
    found = cache_found_2;
    found.n_claimed = 2;
    found.claimed = wrong;
    assert_refused(cache_found, found, "claimed[1]: must grow");
    wrong[1] = CHUNK_MAX_POSTS;
    found = cache_found_2;
    found.flying = wrong;
    assert_refused(cache_found, found, "flying[1]: must grow");
}

static void a_message_over_the_limit_is_not_even_looked_at(void **state)
{
    (void)state;
    uint8_t *bytes = calloc(1, MESSAGE_MAX_BYTES + 1);
    const Tp__Heartbeat *read;
    struct error why;
    assert_false(
        unpack_heartbeat(arena, (struct bytes){bytes, MESSAGE_MAX_BYTES + 1}, &read, &why));
    assert_non_null(strstr(why.message, "at most"));
    assert_int_equal(arena_used(arena), 0);
    free(bytes);
}

/* Field 10 of an outcome, a result, without contents: two bytes that unpack to a large struct. */
static void a_million_bytes_of_empty_parts_stay_within_the_cap(void **state)
{
    (void)state;
    uint8_t *bytes = calloc(1, MESSAGE_MAX_BYTES);
    for (size_t i = 0; i < MESSAGE_MAX_BYTES; i += 2)
        bytes[i] = 0x52;
    const Tp__Outcome *read;
    struct error why;
    assert_false(unpack_outcome(arena, (struct bytes){bytes, MESSAGE_MAX_BYTES}, &read, &why));
    assert_int_equal(why.kind, ERROR_INVALID);
    assert_non_null(strstr(why.message, "too large in memory"));
    assert_true(arena_used(arena) <= UNPACK_CAP_BYTES);
    free(bytes);
}

static void lengths_beyond_the_end_are_refused(void **state)
{
    (void)state;
    static const uint8_t cases[][12] = {
        {0x08, 0x01, 0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F}, /* a string of 4 GiB */
        {0x08, 0x01, 0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01},
        {0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
        {0x0B, 0x0C}, /* a group */
        {0x00, 0x00}, /* field 0 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const Tp__Heartbeat *read;
        struct error why;
        assert_false(
            unpack_heartbeat(arena, (struct bytes){cases[i], sizeof cases[i]}, &read, &why));
        assert_int_equal(why.kind, ERROR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(another_schema_version_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(ids_must_be_what_they_claim, begin, end),
        cmocka_unit_test_setup_teardown(enums_must_be_known_and_set, begin, end),
        cmocka_unit_test_setup_teardown(why_a_job_waits_has_a_reason_if_the_job_is_known, begin,
                                        end),
        cmocka_unit_test_setup_teardown(texts_must_be_utf8_without_nul, begin, end),
        cmocka_unit_test_setup_teardown(a_string_with_a_nul_is_refused_not_cut, begin, end),
        cmocka_unit_test_setup_teardown(numbers_must_be_finite_and_in_bounds, begin, end),
        cmocka_unit_test_setup_teardown(usage_is_asked_for_in_a_bounded_time, begin, end),
        cmocka_unit_test_setup_teardown(what_was_compared_must_hold_together, begin, end),
        cmocka_unit_test_setup_teardown(a_chunk_holds_at_most_its_hundred_posts, begin, end),
        cmocka_unit_test_setup_teardown(a_chunk_holds_at_most_its_bytes_of_text, begin, end),
        cmocka_unit_test_setup_teardown(parts_that_others_rely_on_may_not_be_missing, begin, end),
        cmocka_unit_test_setup_teardown(what_is_embedded_is_checked_like_what_travels_alone, begin,
                                        end),
        cmocka_unit_test_setup_teardown(series_of_telemetry_must_be_consistent, begin, end),
        cmocka_unit_test_setup_teardown(endpoints_are_named_by_short_tokens, begin, end),
        cmocka_unit_test_setup_teardown(limits_and_money_are_bounded, begin, end),
        cmocka_unit_test_setup_teardown(a_control_must_say_whom_it_is_about_and_stay_in_bounds,
                                        begin, end),
        cmocka_unit_test_setup_teardown(cache_keys_have_their_length, begin, end),
        cmocka_unit_test_setup_teardown(only_a_claimant_claims_watches_and_releases, begin, end),
        cmocka_unit_test_setup_teardown(finds_and_claims_have_their_order, begin, end),
        cmocka_unit_test_setup_teardown(a_message_over_the_limit_is_not_even_looked_at, begin, end),
        cmocka_unit_test_setup_teardown(a_million_bytes_of_empty_parts_stay_within_the_cap, begin,
                                        end),
        cmocka_unit_test_setup_teardown(lengths_beyond_the_end_are_refused, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
