#include "window.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/check.h"

enum { FIRST_CAPACITY = 64 };

void window_free(struct window *window)
{
    free(window->calls);
    *window = (struct window){0};
}

static void forget(struct window *window, int64_t now_ms)
{
    while (window->first < window->count &&
           window->calls[window->first].at_ms <= now_ms - WINDOW_MS)
        window->tokens -= window->calls[window->first++].tokens;
}

static void make_room(struct window *window)
{
    if (window->count < window->capacity)
        return;
    window->capacity = window->capacity > 0 ? 2 * window->capacity : FIRST_CAPACITY;
    struct window_call *longer = realloc(window->calls, window->capacity * sizeof *window->calls);
    CHECK(longer != NULL);
    window->calls = longer;
}

int64_t window_calls(const struct window *window)
{
    return (int64_t)(window->count - window->first);
}

void window_add(struct window *window, int64_t now_ms, int64_t tokens)
{
    forget(window, now_ms);
    make_room(window);
    window->calls[window->count++] = (struct window_call){now_ms, tokens};
    window->tokens += tokens;
    if (window_calls(window) > window->peak_calls)
        window->peak_calls = window_calls(window);
    if (window->tokens > window->peak_tokens)
        window->peak_tokens = window->tokens;
}

int64_t window_wait_ms(struct window *window, const struct window_limits *limits, int64_t tokens,
                       int64_t now_ms)
{
    forget(window, now_ms);
    int64_t calls_left = window_calls(window), tokens_left = window->tokens, wait_ms = 0;
    for (size_t i = window->first; i < window->count; i++) {
        bool has_room = (limits->calls == 0 || calls_left < limits->calls) &&
                        (limits->tokens == 0 || tokens_left + tokens <= limits->tokens);
        if (has_room)
            return wait_ms;
        calls_left--;
        tokens_left -= window->calls[i].tokens;
        wait_ms = window->calls[i].at_ms + WINDOW_MS - now_ms;
    }
    return wait_ms;
}
