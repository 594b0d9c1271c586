#include "order.h"

#include <stdbool.h>

#include "base/splitmix.h"

static void swap(size_t *a, size_t *b)
{
    size_t kept = *a;
    *a = *b;
    *b = kept;
}

void order_draw(uint64_t seed, size_t count, size_t *order)
{
    bool is_other = false;
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = count; i > 1; i--)
        swap(&order[i - 1], &order[splitmix_next(&seed) % i]);
    for (size_t i = 0; i < count; i++)
        is_other = is_other || order[i] != i;
    if (!is_other && count > 1)
        swap(&order[0], &order[count - 1]);
}
