#include "order.h"

#include <stdbool.h>

/* splitmix64: any seed will do, neighbours too. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

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
        swap(&order[i - 1], &order[next_random(&seed) % i]);
    for (size_t i = 0; i < count; i++)
        is_other = is_other || order[i] != i;
    if (!is_other && count > 1)
        swap(&order[0], &order[count - 1]);
}
