#include "figures.h"

#include <stdlib.h>

static int by_time(const void *a_, const void *b_)
{
    const int64_t *a = a_, *b = b_;
    return *a < *b ? -1 : *a > *b;
}

static double at(const int64_t *times_us, size_t count, size_t percent)
{
    size_t place = (count * percent + 99) / 100;
    return (double)times_us[place > 0 ? place - 1 : 0] / 1e6;
}

struct spread spread_of(int64_t *times_us, size_t count)
{
    struct spread spread = {0};
    if (count == 0)
        return spread;
    qsort(times_us, count, sizeof(times_us[0]), by_time);
    for (size_t i = 0; i < count; i++)
        spread.mean_s += (double)times_us[i] / 1e6 / (double)count;
    spread.p50_s = at(times_us, count, 50);
    spread.p90_s = at(times_us, count, 90);
    spread.p99_s = at(times_us, count, 99);
    return spread;
}
