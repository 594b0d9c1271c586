/* A Redis of a test's own, on a free port, that keeps nothing on disk and ends with the test.
 *
 *   struct cache_place place;  pid_t redis = test_redis_start(&place);  ... test_redis_stop(redis);
 *
 * It may take a moment until it answers.
 */
#pragma once

#include <sys/types.h>

#include "cache.h"

pid_t test_redis_start(struct cache_place *place);
void test_redis_stop(pid_t redis);
