/* No post is asked for by two calls of this replica at once. Pure.
 *
 *   single_flight_board(flights, key, crew)        at a call, for each of its posts
 *   single_flight_land() or _lose()                what came of it
 *   single_flight_next()                           tells those who wait; until it has no more
 *   single_flight_close(flights, key, crew, &kept) its outcome is stored
 *
 * Whoever boards is known by two values that mean nothing here: a crew, and the post of it.
 *
 *  1 A key flies with the first who boards it. Who boards it later waits, and only while it flies.
 *  2 A flight that has landed brings its result to all who wait, in the order in which they came.
 *    Until it is closed, whoever boards it has the result at once.
 *  3 A flight that is lost brings its loss to all who wait; the key is free then, so that the first
 *    of them may fly it.
 *  4 Who leaves is told nothing more of that flight.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kept.h"
#include "messages/messages.h"

struct single_flight;

struct single_flight *single_flight_new(void);
void single_flight_free(struct single_flight **flights);

enum boarding {
    BOARDING_FLIES, /* ask for it */
    BOARDING_WAITS,
    BOARDING_LANDED, /* *result is there; lent until the next call */
};

struct passenger {
    void *crew;
    size_t nth;
};

enum boarding single_flight_board(struct single_flight *flights, const uint8_t key[CACHE_KEY_BYTES],
                                  const struct passenger *passenger, const Tp__PostResult **result);

/* The crew must be flying the key. Copies. */
void single_flight_land(struct single_flight *flights, const uint8_t key[CACHE_KEY_BYTES],
                        const void *crew, const Tp__PostResult *result);
void single_flight_lose(struct single_flight *flights, const uint8_t key[CACHE_KEY_BYTES],
                        const void *crew);

struct arrival {
    struct passenger passenger;
    const Tp__PostResult *result; /* NULL = lost; lent until the next call */
};

/* The next who waited and is to be told, or false. */
bool single_flight_next(struct single_flight *flights, struct arrival *arrival);

/* Ends a flight of that crew that has landed, and hands its result over. All who waited must have
 * been told. */
void single_flight_close(struct single_flight *flights, const uint8_t key[CACHE_KEY_BYTES],
                         const void *crew, struct kept **kept);

/* Rule 4, of one who waits. */
void single_flight_leave(struct single_flight *flights, const uint8_t key[CACHE_KEY_BYTES],
                         const struct passenger *passenger);

size_t single_flight_count(const struct single_flight *flights);
