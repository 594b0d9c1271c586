/* analyzer_load: keeps one analyzer busy, alone with a broker; dev/bench analyzer runs it.
 *
 *   analyzer_load --nats nats://127.0.0.1:4222 --chunks 1000 --posts 50 --bytes 300     JSON
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"
#include "base/scoped.h"
#include "load.h"

enum { CONNECT_MS = 10 * 1000, PATIENCE_MS = 60 * 1000 };

struct request {
    const char *nats;
    int64_t chunks, posts, bytes;
};

static int64_t count_of(const char *name, const char *argument, int64_t most,
                        const struct argp_state *state)
{
    int64_t count;
    if (!number_parse_int(argument, &count) || count < 1 || count > most)
        argp_error(state, "--%s: must be from 1 to %lld", name, (long long)most);
    return count;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case 'n':
        request->nats = argument;
        return 0;
    case 'c':
        request->chunks = count_of("chunks", argument, 1000000, state);
        return 0;
    case 'p':
        request->posts = count_of("posts", argument, 100, state);
        return 0;
    case 'b':
        request->bytes = count_of("bytes", argument, 2000, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char *argv[])
{
    static const struct argp_option OPTIONS[] = {
        {"nats", 'n', "URL", 0, "the broker", 0},
        {"chunks", 'c', "N", 0, "to dispatch (1000)", 0},
        {"posts", 'p', "N", 0, "in each (1)", 0},
        {"bytes", 'b', "N", 0, "of each post, 20 or more (140)", 0},
        {0},
    };
    static const struct argp ARGP = {
        OPTIONS, parse, NULL, "analyzer_load -- keeps one analyzer busy", NULL, NULL, NULL};
    struct request request = {
        .nats = "nats://127.0.0.1:4222", .chunks = 1000, .posts = 1, .bytes = 140};
    argp_parse(&ARGP, argc, argv, 0, NULL, &request);
    SCOPED(bus_close) struct bus *bus =
        bus_open(&(struct bus_options){.url = request.nats, .name = "analyzer_load"});
    struct error why;
    if (!bus_wait_connected(bus, CONNECT_MS) || !bus_provision(bus, &why)) {
        fprintf(stderr, "analyzer_load: the broker is not there: %s\n", request.nats);
        return EXIT_FAILURE;
    }
    const struct load load = {.chunks = (uint32_t)request.chunks,
                              .posts = (uint32_t)request.posts,
                              .post_bytes = (uint32_t)request.bytes,
                              .patience_ms = PATIENCE_MS};
    struct load_result result = load_run(bus, &load);
    printf("{\"chunks\": %u, \"posts_per_chunk\": %u, \"outcomes\": %u, \"good\": %u,"
           " \"seconds\": %.3f, \"first_s\": %.3f}\n",
           load.chunks, load.posts, result.outcomes, result.good, result.seconds, result.first_s);
    return result.good == load.chunks ? EXIT_SUCCESS : EXIT_FAILURE;
}
