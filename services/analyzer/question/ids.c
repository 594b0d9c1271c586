#include "ids.h"

#include <stdbool.h>

#include "base/check.h"
#include "base/splitmix.h"
#include "messages/messages.h"

static bool is_near_another(uint32_t id, const uint32_t *ids, size_t count)
{
    bool is_near = false;
    for (size_t i = 0; i < count; i++)
        is_near |= ids[i] + 1 >= id && ids[i] <= id + 1;
    return is_near;
}

void ids_draw(uint64_t seed, size_t count, uint32_t *ids)
{
    CHECK(count <= CHUNK_MAX_POSTS); /* else the draws might not end */
    for (size_t i = 0; i < count;) {
        ids[i] =
            POST_ID_LEAST + (uint32_t)(splitmix_next(&seed) % (POST_ID_MOST - POST_ID_LEAST + 1));
        i += !is_near_another(ids[i], ids, i);
    }
}
