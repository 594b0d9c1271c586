#include "single_flight.h"

#include <stdlib.h>
#include <string.h>

/* The keys are hashes: their first bytes are as good as any other hash of them. */
#define HASH_FUNCTION(key, length, hash) memcpy(&(hash), key, sizeof(hash))
#include <uthash.h>
#include <utlist.h>

#include "base/check.h"

/* Who waits for a flight, or is to be told of it. */
struct waiting {
    struct waiting *prev, *next;
    struct passenger passenger;
    struct flight *landed; /* of one to be told; NULL = lost */
};

struct flight {
    UT_hash_handle hh;
    uint8_t key[CACHE_KEY_BYTES];
    void *crew;
    struct kept *kept; /* NULL while it flies */
    struct waiting *waiting;
};

struct single_flight {
    struct flight *flights;
    struct waiting *arrivals; /* to be told */
};

struct single_flight *single_flight_new(void)
{
    struct single_flight *flights = calloc(1, sizeof *flights);
    CHECK(flights != NULL);
    return flights;
}

static void drop_all(struct waiting **list)
{
    struct waiting *waiting, *next;
    DL_FOREACH_SAFE(*list, waiting, next)
    free(waiting);
    *list = NULL;
}

static void flight_end(struct single_flight *flights, struct flight *flight)
{
    HASH_DEL(flights->flights, flight);
    drop_all(&flight->waiting);
    kept_free(&flight->kept);
    free(flight);
}

void single_flight_free(struct single_flight **flights)
{
    if (*flights == NULL)
        return;
    struct flight *flight, *next;
    HASH_ITER (hh, (*flights)->flights, flight, next)
        flight_end(*flights, flight);
    drop_all(&(*flights)->arrivals);
    free(*flights);
    *flights = NULL;
}

static struct flight *find(const struct single_flight *flights, const uint8_t key[CACHE_KEY_BYTES])
{
    struct flight *flight;
    HASH_FIND(hh, flights->flights, key, CACHE_KEY_BYTES, flight);
    return flight;
}

static struct flight *find_of(const struct single_flight *flights,
                              const uint8_t key[CACHE_KEY_BYTES], const void *crew)
{
    struct flight *flight = find(flights, key);
    CHECK(flight != NULL && flight->crew == crew);
    return flight;
}

static void take_off(struct single_flight *flights, const uint8_t key[CACHE_KEY_BYTES], void *crew)
{
    struct flight *flight = calloc(1, sizeof *flight);
    CHECK(flight != NULL);
    memcpy(flight->key, key, sizeof flight->key);
    flight->crew = crew;
    HASH_ADD(hh, flights->flights, key, sizeof flight->key, flight);
}

enum boarding single_flight_board(struct single_flight *flights, const uint8_t key[CACHE_KEY_BYTES],
                                  const struct passenger *passenger, const Tp__PostResult **result)
{
    struct flight *flight = find(flights, key);
    if (flight == NULL) {
        take_off(flights, key, passenger->crew);
        return BOARDING_FLIES;
    }
    if (flight->kept != NULL) {
        *result = kept_result(flight->kept);
        return BOARDING_LANDED;
    }
    struct waiting *waiting = calloc(1, sizeof *waiting);
    CHECK(waiting != NULL);
    waiting->passenger = *passenger;
    DL_APPEND(flight->waiting, waiting);
    return BOARDING_WAITS;
}

static void tell_all(struct single_flight *flights, struct flight *flight, struct flight *landed)
{
    struct waiting *waiting;
    DL_FOREACH(flight->waiting, waiting)
    waiting->landed = landed;
    DL_CONCAT(flights->arrivals, flight->waiting);
    flight->waiting = NULL;
}

void single_flight_land(struct single_flight *flights, const uint8_t key[CACHE_KEY_BYTES],
                        const void *crew, const Tp__PostResult *result)
{
    struct flight *flight = find_of(flights, key, crew);
    CHECK(flight->kept == NULL);
    flight->kept = kept_new(result);
    tell_all(flights, flight, flight);
}

void single_flight_lose(struct single_flight *flights, const uint8_t key[CACHE_KEY_BYTES],
                        const void *crew)
{
    struct flight *flight = find_of(flights, key, crew);
    CHECK(flight->kept == NULL);
    tell_all(flights, flight, NULL);
    flight_end(flights, flight);
}

bool single_flight_next(struct single_flight *flights, struct arrival *arrival)
{
    struct waiting *first = flights->arrivals;
    if (first == NULL)
        return false;
    *arrival = (struct arrival){.passenger = first->passenger};
    if (first->landed != NULL)
        arrival->result = kept_result(first->landed->kept);
    DL_DELETE(flights->arrivals, first);
    free(first);
    return true;
}

void single_flight_close(struct single_flight *flights, const uint8_t key[CACHE_KEY_BYTES],
                         const void *crew, struct kept **kept)
{
    struct flight *flight = find_of(flights, key, crew);
    CHECK(flight->kept != NULL && flights->arrivals == NULL);
    *kept = TAKE(flight->kept);
    flight_end(flights, flight);
}

static void drop(struct waiting **list, const struct passenger *passenger)
{
    struct waiting *waiting, *next;
    DL_FOREACH_SAFE(*list, waiting, next)
    {
        if (waiting->passenger.crew != passenger->crew || waiting->passenger.nth != passenger->nth)
            continue;
        DL_DELETE(*list, waiting);
        free(waiting);
    }
}

void single_flight_leave(struct single_flight *flights, const uint8_t key[CACHE_KEY_BYTES],
                         const struct passenger *passenger)
{
    struct flight *flight = find(flights, key);
    if (flight != NULL)
        drop(&flight->waiting, passenger);
    drop(&flights->arrivals, passenger);
}

size_t single_flight_count(const struct single_flight *flights)
{
    return HASH_COUNT(flights->flights);
}
