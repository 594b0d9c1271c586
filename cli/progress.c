#include "progress.h"

#include <stdbool.h>

#include "base/scoped.h"

enum { BAR_MIN = 10, BAR_MAX = 40 };

void progress_add_number(struct text *out, int64_t number)
{
    SCOPED(text_free) struct text digits = {0};
    text_format(&digits, "%lld", (long long)number);
    for (size_t i = 0; i < digits.length; i++) {
        if (i > 0 && (digits.length - i) % 3 == 0 && digits.chars[i - 1] != '-')
            text_add_char(out, ',');
        text_add_char(out, digits.chars[i]);
    }
}

static void add_bar(struct text *out, size_t columns, int64_t done, int64_t total)
{
    size_t inner = columns - 2;
    size_t filled = total > 0 ? (size_t)((int64_t)inner * done / total) : 0;
    text_add_char(out, '[');
    for (size_t i = 0; i < inner; i++)
        text_add_char(out, i < filled ? '=' : i == filled ? '>' : ' ');
    text_add(out, "]  ");
}

/* Between characters: an operator's message may be in any language. */
static void cut(struct text *out, size_t width)
{
    if (out->length <= width)
        return;
    while (width > 0 && ((unsigned char)out->chars[width] & 0xC0U) == 0x80U)
        width--;
    out->length = width;
    out->chars[width] = '\0';
}

static void add_seconds_left(struct text *out, int64_t seconds)
{
    if (seconds >= 3600)
        text_format(out, "  %d h %02d min left", (int)(seconds / 3600), (int)(seconds / 60 % 60));
    else if (seconds >= 60)
        text_format(out, "  %d min %02d s left", (int)(seconds / 60), (int)(seconds % 60));
    else
        text_format(out, "  %d s left", (int)seconds);
}

/* "queued  position 3, about 40 s (90 %: 65 s): no analyzer is there" */
static bool render_waiting(const struct progress *progress, size_t width, struct text *out)
{
    if (!progress->waiting || !*progress->waiting || progress->processed + progress->failed > 0)
        return false;
    text_format(out, "%s  %s", progress->state, progress->waiting);
    cut(out, width);
    return true;
}

void progress_render(const struct progress *progress, size_t width, struct text *out)
{
    int64_t done = progress->processed + progress->failed;
    if (render_waiting(progress, width, out))
        return;
    SCOPED(text_free) struct text head = {0};
    SCOPED(text_free) struct text figures = {0};
    SCOPED(text_free) struct text left = {0};
    text_format(&head, "%s  ", progress->state);
    progress_add_number(&figures, done);
    text_add(&figures, " of ");
    progress_add_number(&figures, progress->total);
    if (progress->total > 0)
        text_format(&figures, "  %d%%", (int)(100 * done / progress->total));
    if (progress->failed > 0)
        text_format(&figures, "  %d failed", (int)progress->failed);
    if (done > 0 && progress->elapsed_ms >= 1000 && done < progress->total) {
        text_format(&left, "  %d/s", (int)(1000 * done / progress->elapsed_ms));
        add_seconds_left(&left, (progress->total - done) * progress->elapsed_ms / done / 1000);
    }

    size_t used = head.length + figures.length;
    bool has_left = used + left.length <= width;
    used += has_left ? left.length : 0;
    text_add(out, head.chars);
    if (used + BAR_MIN + 2 <= width) {
        size_t room = width - used - 2;
        add_bar(out, room < BAR_MAX ? room : BAR_MAX, done, progress->total);
    }
    text_add(out, figures.chars);
    if (has_left && left.length > 0)
        text_add(out, left.chars);
    cut(out, width);
}
