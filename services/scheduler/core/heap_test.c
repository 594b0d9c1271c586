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
        cmocka_unit_test(what_is_below_a_key_is_counted_or_estimated_when_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
