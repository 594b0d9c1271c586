/* The last sixty seconds of calls, exactly: how many, with how many tokens, and the most there ever
 * were within any sixty seconds. Pure; one thread; time must not go back. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { WINDOW_MS = 60 * 1000 };

struct window_call {
    int64_t at_ms, tokens;
};

struct window {
    struct window_call *calls; /* since the last reset, in their order */
    size_t count, capacity;
    size_t first;   /* the oldest that is less than WINDOW_MS old */
    int64_t tokens; /* of those from `first` on */
    int64_t peak_calls, peak_tokens;
};

void window_free(struct window *window);
void window_add(struct window *window, int64_t now_ms, int64_t tokens);

/* 0 = no limit */
struct window_limits {
    int64_t calls, tokens;
};
/* How long until a call of that many tokens fits under the limits; 0 = now. One that never fits
 * waits for the window to be empty. */
int64_t window_wait_ms(struct window *window, const struct window_limits *limits, int64_t tokens,
                       int64_t now_ms);

int64_t window_calls(const struct window *window); /* as of the last of the two above */
