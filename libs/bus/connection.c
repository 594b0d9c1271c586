/* The connection's state, as everybody but the keeper sees it. */
#include <time.h>

#include "base/check.h"
#include "bus/parts.h"

void bus_lock(struct bus *bus)
{
    CHECK(pthread_mutex_lock(&bus->lock) == 0);
}

void bus_unlock(struct bus *bus)
{
    CHECK(pthread_mutex_unlock(&bus->lock) == 0);
}

bool bus_wait_turn(struct bus *bus, struct instant deadline)
{
    const int64_t second = 1000 * CLOCK_MS;
    struct timespec until = {.tv_sec = deadline.ns / second, .tv_nsec = deadline.ns % second};
    return pthread_cond_timedwait(&bus->turned, &bus->lock, &until) == 0;
}

natsConnection *bus_connection(struct bus *bus)
{
    bus_lock(bus);
    natsConnection *connection = bus->connection;
    bus_unlock(bus);
    return connection;
}

void bus_want_streams(struct bus *bus)
{
    bus_lock(bus);
    bus->wants_streams = true;
    pthread_cond_broadcast(&bus->turned);
    bus_unlock(bus);
}

bool bus_is_connected(struct bus *bus)
{
    bus_lock(bus);
    bool is_up = bus->is_up;
    bus_unlock(bus);
    return is_up;
}

bool bus_wait_connected(struct bus *bus, int64_t timeout_ms)
{
    struct instant deadline = instant_plus_ms(clock_now(), timeout_ms);
    bus_lock(bus);
    while (!bus->is_up && bus_wait_turn(bus, deadline))
        continue;
    bool is_up = bus->is_up;
    bus_unlock(bus);
    return is_up;
}
