#include "window.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { FIRST_CAPACITY = 8 };

void window_open(struct window *window, int64_t length_ms, int64_t bucket_ms)
{
    CHECK(length_ms >= 0 && bucket_ms > 0);
    *window = (struct window){.length_ns = length_ms * CLOCK_MS, .bucket_ns = bucket_ms * CLOCK_MS};
}

void window_close(struct window *window)
{
    free(window->buckets);
    window->buckets = NULL;
    window->first = window->end = window->capacity = 0;
    window->sum = 0;
}

/* Rounds down below zero too. */
static int64_t number_of(const struct window *window, struct instant when)
{
    int64_t number = when.ns / window->bucket_ns;
    return number * window->bucket_ns > when.ns ? number - 1 : number;
}

static struct instant leaves(const struct window *window, const struct window_bucket *bucket)
{
    return (struct instant){(bucket->number + 1) * window->bucket_ns + window->length_ns};
}

/* The place of the first bucket with that number or a later one. */
static uint32_t place_of(const struct window *window, int64_t number)
{
    uint32_t low = window->first, high = window->end;
    if (low < high && window->buckets[high - 1].number < number)
        return high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (window->buckets[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_bucket(const struct window *window, uint32_t place, int64_t number)
{
    return place < window->end && window->buckets[place].number == number;
}

/* Moves everything to the front if that frees half of the array; else the array grows. */
static void make_room(struct window *window)
{
    uint32_t count = window->end - window->first;
    if (window->end < window->capacity)
        return;
    if (count > window->capacity / 2 || window->capacity == 0) {
        window->capacity = window->capacity ? window->capacity * 2 : FIRST_CAPACITY;
        window->buckets =
            reallocarray(window->buckets, window->capacity, sizeof(window->buckets[0]));
        CHECK(window->buckets);
    }
    memmove(window->buckets, window->buckets + window->first, count * sizeof(window->buckets[0]));
    window->first = 0;
    window->end = count;
}

void window_add(struct window *window, struct instant when, uint64_t amount)
{
    if (amount == 0)
        return;
    int64_t number = number_of(window, when);
    make_room(window);
    uint32_t place = place_of(window, number);
    if (!has_bucket(window, place, number)) {
        struct window_bucket *bucket = &window->buckets[place];
        memmove(bucket + 1, bucket, (window->end - place) * sizeof(*bucket));
        *bucket = (struct window_bucket){.number = number};
        window->end++;
    }
    window->buckets[place].amount += amount;
    window->sum += amount;
}

void window_settle(struct window *window, struct instant when, uint64_t taken, uint64_t used)
{
    int64_t number = number_of(window, when);
    uint32_t place = place_of(window, number);
    if (taken == 0) {
        window_add(window, when, used);
        return;
    }
    if (!has_bucket(window, place, number))
        return;
    struct window_bucket *bucket = &window->buckets[place];
    CHECK(bucket->amount >= taken);
    bucket->amount = bucket->amount - taken + used;
    window->sum = window->sum - taken + used;
}

uint64_t window_sum(struct window *window, struct instant now)
{
    while (window->first < window->end &&
           !instant_is_before(now, leaves(window, &window->buckets[window->first])))
        window->sum -= window->buckets[window->first++].amount;
    if (window->first == window->end)
        window_close(window);
    return window->sum;
}

uint64_t window_peek(const struct window *window, struct instant now)
{
    uint64_t sum = window->sum;
    for (uint32_t i = window->first; i < window->end; i++) {
        if (instant_is_before(now, leaves(window, &window->buckets[i])))
            break;
        sum -= window->buckets[i].amount;
    }
    return sum;
}

uint64_t window_at(const struct window *window, struct instant when)
{
    int64_t number = number_of(window, when);
    uint32_t place = place_of(window, number);
    return has_bucket(window, place, number) ? window->buckets[place].amount : 0;
}

struct instant window_frees(const struct window *window, uint64_t amount)
{
    uint64_t left = 0;
    for (uint32_t i = window->first; i < window->end; i++) {
        left += window->buckets[i].amount;
        if (left >= amount)
            return leaves(window, &window->buckets[i]);
    }
    return (struct instant){INT64_MAX};
}
