/* Talk on stderr; stdout is for data alone. One thread. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "progress.h"

struct console {
    bool is_quiet, is_json; /* --quiet, --json */
    bool is_terminal;       /* stderr is one: progress is drawn in place */
    bool has_colour;
    bool is_drawn; /* a progress line stands on the terminal */
    char last_state[24], last_reason[32];
};

/* A line for the person; nothing if quiet. */
void console_say(struct console *console, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "tweetpulse: what"; always. Returns the exit code that goes with it. */
int console_fail(struct console *console, const struct error *why);

/* Draws over the last drawing, or off a terminal tells changes of state and of what it waits for.
 */
void console_draw(struct console *console, const struct progress *progress);
/* Leaves what is drawn and begins a new line. */
void console_end_drawing(struct console *console);
