/* The end of the process: asked for by SIGTERM or SIGINT, and bounded in time.
 *
 * ending_open() comes before any other thread starts, so that all of them leave the signals to
 * the thread it starts. From the first signal on, drain_s later or at a second signal, the process
 * exits 1 whatever it is doing; ending_close() calls that off. Private to the library; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct ending;

struct ending *ending_open(int64_t drain_s);
void ending_close(struct ending **ending);

/* Sleeps until the end is asked for. */
void ending_wait(const struct ending *ending);
bool ending_is_asked(const struct ending *ending);

/* As a signal does, but without the bound in time: the program ends by itself. */
void ending_ask(struct ending *ending);
