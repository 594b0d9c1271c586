#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "heap.h"

enum { NODES = 500 };

static void the_least_comes_out_first(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct heap_node nodes[NODES] = {0};
    for (uint32_t i = 0; i < NODES; i++)
        heap_add(&heap, &nodes[i], (uint64_t)i * 7919 % NODES);
    for (uint64_t least = 0; least < NODES; least++) {
        assert_int_equal(heap_first_key(&heap), least);
        heap_remove(&heap, heap_first(&heap));
    }
    assert_null(heap_first(&heap));
    heap_free(&heap);
}

static void a_node_can_be_taken_out_anywhere_and_moved(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct heap_node nodes[NODES] = {0};
    for (uint32_t i = 0; i < NODES; i++)
        heap_add(&heap, &nodes[i], i);
    for (uint32_t i = 0; i < NODES; i += 2)
        heap_remove(&heap, &nodes[i]);
    for (uint32_t i = 1; i < NODES; i += 2)
        heap_set(&heap, &nodes[i], NODES - i);
    assert_false(heap_has(&nodes[0]));
    assert_true(heap_has(&nodes[1]));
    uint64_t last = 0;
    for (uint32_t left = NODES / 2; left > 0; left--) {
        assert_true(heap_first_key(&heap) >= last);
        last = heap_first_key(&heap);
        heap_remove(&heap, heap_first(&heap));
    }
    assert_int_equal(heap.count, 0);
    heap_free(&heap);
}

static void only_what_is_due_is_taken(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct heap_node early = {0}, late = {0};
    heap_add(&heap, &late, 20);
    heap_add(&heap, &early, 10);
    assert_null(heap_take_until(&heap, 9));
    assert_ptr_equal(heap_take_until(&heap, 10), &early);
    assert_null(heap_take_until(&heap, 19));
    heap_free(&heap);
    assert_false(heap_has(&late));
}

/* Nobody is before its parent, everybody knows its place, and nothing is beyond the array. */
static void assert_in_order(const struct heap *heap)
{
    assert_true(heap->count <= heap->capacity);
    for (uint32_t i = 0; i < heap->count; i++) {
        const struct heap_entry *entry = heap_at(heap, i);
        const struct heap_entry *parent = heap_at(heap, i > 0 ? (i - 1) / 4 : 0);
        assert_int_equal(entry->node->place, i + 1);
        assert_true(parent->key < entry->key ||
                    (parent->key == entry->key && parent->node->tie <= entry->node->tie));
    }
}

static void every_step_leaves_it_in_order(void **state)
{
    (void)state;
    enum { FEW = 200 };
    struct heap heap = {0};
    struct heap_node nodes[FEW] = {0};
    uint64_t random = 1;
    for (uint32_t step = 0; step < 20000; step++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        struct heap_node *node = &nodes[(random >> 33) % FEW];
        uint64_t key = (random >> 40) % 300;
        if (!heap_has(node))
            node->tie = step;
        if (!heap_has(node) || (random >> 60) % 2 == 0)
            heap_set(&heap, node, key);
        else
            heap_remove(&heap, node);
        assert_in_order(&heap);
    }
    heap_free(&heap);
}

/* The last child of the ninth is the 37th; the next one is a child of the tenth. */
static void what_sinks_changes_places_with_its_own_children_only(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct heap_node nodes[39] = {0};
    for (uint32_t place = 1; place <= 38; place++) {
        uint64_t key = place == 1 || place == 3 || place == 10 || place == 38 ? place : 500 + place;
        heap_add(&heap, &nodes[place], key);
        assert_int_equal(nodes[place].place, place);
    }
    heap_set(&heap, &nodes[9], 1000);
    assert_int_equal(nodes[34].place, 9);
    assert_in_order(&heap);
    heap_free(&heap);
}

static void an_empty_heap_has_no_array(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct heap_node node = {0};
    heap_add(&heap, &node, 10);
    assert_in_range(heap.capacity, 1, 2);
    heap_free(&heap);
    assert_false(heap_has(&node));
    assert_int_equal(heap.capacity, 0);
}

struct keys {
    const struct heap_node *first;
    uint32_t asked;
};

static uint64_t backwards(void *context, struct heap_node *node)
{
    struct keys *keys = context;
    keys->asked++;
    return NODES - (uint64_t)(node - keys->first);
}

static void all_keys_can_be_worked_out_anew(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct heap_node nodes[NODES] = {0};
    for (uint32_t i = 0; i < NODES; i++)
        heap_add(&heap, &nodes[i], i);
    heap_remove(&heap, &nodes[NODES - 1]); /* what stood behind the last is not looked at */
    struct keys keys = {nodes, 0};
    heap_set_all(&heap, backwards, &keys);
    assert_int_equal(keys.asked, NODES - 1);
    assert_in_order(&heap);
    for (uint32_t i = NODES - 1; i > 0; i--) {
        assert_ptr_equal(heap_first(&heap), &nodes[i - 1]);
        heap_remove(&heap, &nodes[i - 1]);
    }
    heap_free(&heap);
}

static void what_is_below_a_key_is_counted_or_estimated_when_long(void **state)
{
    (void)state;
    enum { MANY = 40000 };
    struct heap heap = {0};
    struct heap_node *nodes = calloc(MANY, sizeof *nodes);
    assert_non_null(nodes);
    for (uint32_t i = 0; i < NODES; i++)
        heap_add(&heap, &nodes[i], (uint64_t)i * 7919 % NODES);
    assert_int_equal(heap_sample_step(&heap), 1);
    assert_int_equal(heap_count_below(&heap, 0), 0);
    assert_int_equal(heap_count_below(&heap, 123), 123);
    for (uint32_t i = NODES; i < MANY; i++)
        heap_add(&heap, &nodes[i], (uint64_t)i * 7919 % MANY);
    assert_true(heap_sample_step(&heap) > 1);
    assert_in_range(heap_count_below(&heap, MANY / 2), MANY * 3 / 8, MANY * 5 / 8);
    heap_free(&heap);
    free(nodes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_comes_out_first),
        cmocka_unit_test(a_node_can_be_taken_out_anywhere_and_moved),
        cmocka_unit_test(only_what_is_due_is_taken),
        cmocka_unit_test(every_step_leaves_it_in_order),
        cmocka_unit_test(what_sinks_changes_places_with_its_own_children_only),
        cmocka_unit_test(an_empty_heap_has_no_array),
        cmocka_unit_test(all_keys_can_be_worked_out_anew),
        cmocka_unit_test(what_is_below_a_key_is_counted_or_estimated_when_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
