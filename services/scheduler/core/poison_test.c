/* Rule 6: the poison post. */
#include "chain_for_test.h"

struct poison_part {
    uint32_t first, count;
};

struct poison {
    struct bench bench;
    struct poison_part parts[64];
    uint32_t part_count, bad_post, failing, good, embedded, events;
    bool is_done;
};

static bool has_poison(const struct poison *p, uint32_t chunk)
{
    const struct poison_part *part = &p->parts[chunk];
    return p->bad_post >= part->first && p->bad_post < part->first + part->count;
}

static struct chunk_facts part_facts(const struct poison *p, uint32_t chunk, uint32_t depth)
{
    struct chunk_facts facts = ready(chunk);
    facts.depth = depth;
    facts.open_posts = p->parts[chunk].count;
    facts.text_bytes = facts.open_posts * 100;
    facts.last_class = depth > 0 ? OUTCOME_BAD_REQUEST : OUTCOME_NONE;
    return facts;
}

static void split_in_store(struct poison *p, const struct batch_item *item,
                           struct batch_answer *answer, uint32_t depth)
{
    struct poison_part *whole = &p->parts[item->id.chunk_number];
    uint32_t half = whole->count / 2, part = p->part_count;
    p->parts[part] = (struct poison_part){whole->first, half};
    p->parts[part + 1] = (struct poison_part){whole->first + half, whole->count - half};
    p->part_count += 2;
    answer->result = RESULT_SPLIT;
    answer->chunk = done(item->id.chunk_number);
    answer->chunk.version = 100;
    answer->part_count = 2;
    answer->parts[0] = part_facts(p, part, depth + 1);
    answer->parts[1] = part_facts(p, part + 1, depth + 1);
}

/* The call as the LLM and the store see it: one poison post fails all that are with it. */
static struct chunk_facts call(struct poison *p, const struct batch_item *item,
                               struct chunk_facts chunk)
{
    uint32_t number = item->id.chunk_number;
    chunk.attempt++;
    chunk.version = chunk.attempt * 2 + 1;
    if (item->mode == MODE_EMBEDDED) {
        p->embedded++;
        p->is_done = true;
        chunk.status = CHUNK_DONE;
        return chunk;
    }
    assert_int_equal(ask_now(&p->bench, attempt_of(1, number, chunk.attempt), "hands"), 1);
    bool is_bad = has_poison(p, number);
    p->failing += is_bad;
    p->good += !is_bad;
    hear(&p->bench, attempt_of(1, number, chunk.attempt),
         is_bad ? OUTCOME_BAD_REQUEST : OUTCOME_NONE, 0);
    chunk.last_class = is_bad ? OUTCOME_BAD_REQUEST : OUTCOME_NONE;
    chunk.tries += is_bad;
    chunk.status = is_bad ? CHUNK_READY : CHUNK_DONE;
    chunk.open_posts = is_bad ? chunk.open_posts : 0;
    return chunk;
}

static void isolate(struct poison *p)
{
    struct bench *b = &p->bench;
    struct chunk_facts rows[64];
    p->parts[0] = (struct poison_part){0, 100};
    p->part_count = 1;
    rows[0] = part_facts(p, 0, 0);
    struct job_facts job = {.job_id = job_id(1),
                            .tenant_id = "acme",
                            .user_id = "ann",
                            .service_class = CLASS_STANDARD,
                            .chunks = rows,
                            .chunk_count = 1};
    tell(b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
    p->events = 1;
    while (!p->is_done) {
        while (b->item_count == 0)
            pass(b, 250);
        hush(b);
        assert_int_equal(b->item_count, 1);
        struct batch_item item = b->items[0];
        uint32_t number = item.id.chunk_number;
        struct batch_answer answer = {.job_status = JOB_PROCESSING};
        if (item.operation == BATCH_SPLIT) {
            split_in_store(p, &item, &answer, rows[number].depth);
            rows[answer.parts[0].number] = answer.parts[0];
            rows[answer.parts[1].number] = answer.parts[1];
            answer_batch(b, &answer);
            continue;
        }
        answer = granted(&item, rows[number].attempt + 1);
        answer.chunk.depth = rows[number].depth;
        answer.chunk.tries = rows[number].tries;
        answer.chunk.open_posts = rows[number].open_posts;
        answer_batch(b, &answer);
        rows[number] = call(p, &item, rows[number]);
        happen(b, 1, "ann", ++p->events, JOB_PROCESSING, &rows[number]);
    }
}

static void rule_6_a_poison_post_is_isolated_in_10_failing_and_7_good_calls(void **state)
{
    (void)state;
    for (uint32_t bad_post = 0; bad_post < 100; bad_post++) {
        struct poison p = {.bad_post = bad_post};
        begin(&p.bench, chain_of(1));
        isolate(&p);
        assert_int_equal(p.embedded, 1);
        assert_true(p.failing <= 10 && p.good <= 7);
        struct scheduler_figures figures;
        scheduler_figures(p.bench.core, &figures);
        assert_int_equal(figures.endpoints[0].breaker, BREAKER_CLOSED);
        assert_int_equal(figures.degraded_grants, 0); /* nothing to be healed */
        close_bench(&p.bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_6_a_poison_post_is_isolated_in_10_failing_and_7_good_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
