#include "bus/remains.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { MOST_KEPT = 32, MOST_BYTES = 256 * 1024 };

struct remains {
    pthread_mutex_t lock;
    natsMsg *kept[MOST_KEPT];
    size_t count, bytes;
};

struct remains *remains_new(void)
{
    struct remains *remains = calloc(1, sizeof *remains);
    CHECK(remains != NULL);
    CHECK(pthread_mutex_init(&remains->lock, NULL) == 0);
    return remains;
}

static void destroy_all(natsMsg **messages, size_t count)
{
    for (size_t i = 0; i < count; i++)
        natsMsg_Destroy(messages[i]);
}

void remains_free(struct remains **remains)
{
    if (*remains == NULL)
        return;
    destroy_all((*remains)->kept, (*remains)->count);
    CHECK(pthread_mutex_destroy(&(*remains)->lock) == 0);
    free(*remains);
    *remains = NULL;
}

void remains_add(struct remains *remains, natsMsg *message)
{
    if (message == NULL)
        return;
    natsMsg *full[MOST_KEPT];
    size_t count = 0;
    CHECK(pthread_mutex_lock(&remains->lock) == 0);
    remains->kept[remains->count++] = message;
    remains->bytes += (size_t)natsMsg_GetDataLength(message);
    if (remains->count == MOST_KEPT || remains->bytes > MOST_BYTES) {
        count = remains->count;
        memcpy(full, remains->kept, count * sizeof full[0]);
        remains->count = remains->bytes = 0;
    }
    CHECK(pthread_mutex_unlock(&remains->lock) == 0);
    destroy_all(full, count);
}
