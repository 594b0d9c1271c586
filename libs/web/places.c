/* How many requests and streams there may be at once, and whether there is to be an end. */
#include "web/server.h"

enum { REFUSING_SHARE = 16 };

/* A sixteenth of the threads is kept for refusing: were all taken, further clients would wait for
 * an answer without a word. */
bool places_enter(struct web_server *server, int *count, int most)
{
    int threads = server->options.threads;
    pthread_mutex_lock(&server->lock);
    bool has_room =
        *count < most && server->active + server->streams < threads - threads / REFUSING_SHARE;
    if (has_room)
        ++*count;
    pthread_mutex_unlock(&server->lock);
    return has_room;
}

void places_leave(struct web_server *server, int *count)
{
    pthread_mutex_lock(&server->lock);
    --*count;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

bool web_is_draining(const struct web_server *server)
{
    return atomic_load(&server->is_draining);
}
