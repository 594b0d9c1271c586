#include "console.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/scoped.h"
#include "outcome.h"

void console_say(struct console *console, const char *format, ...)
{
    if (console->is_quiet)
        return;
    console_end_drawing(console);
    va_list values;
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
}

int console_fail(struct console *console, const struct error *why)
{
    console_end_drawing(console);
    const char *red = console->has_colour ? "\033[31m" : "";
    fprintf(stderr, "%stweetpulse:%s %s\n", red, *red ? "\033[0m" : "", why->message);
    return end_of_error(why);
}

static size_t columns_of_terminal(void)
{
    struct winsize size = {0};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col - 1U : 79;
}

void console_draw(struct console *console, const struct progress *progress)
{
    if (console->is_quiet)
        return;
    bool is_waiting = progress->reason && progress->processed + progress->failed == 0;
    const char *reason = is_waiting ? progress->reason : "";
    SCOPED(text_free) struct text line = {0};
    if (console->is_terminal) {
        progress_render(progress, columns_of_terminal(), &line);
        fprintf(stderr, "\r%s\033[K", line.chars);
        console->is_drawn = true;
    } else if (strcmp(progress->state, console->last_state) != 0 ||
               strcmp(reason, console->last_reason) != 0) {
        progress_render(progress, 200, &line);
        fprintf(stderr, "%s\n", line.chars);
    }
    snprintf(console->last_state, sizeof console->last_state, "%s", progress->state);
    snprintf(console->last_reason, sizeof console->last_reason, "%s", reason);
}

void console_end_drawing(struct console *console)
{
    if (console->is_drawn)
        fputc('\n', stderr);
    console->is_drawn = false;
}
