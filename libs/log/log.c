#include "log/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "log/line.h"

enum { NAME_SIZE = 65 };

/* Set once by log_open() before there are threads; what logs earlier has no name yet. */
static struct {
    char service[NAME_SIZE], instance[NAME_SIZE];
    enum log_level least;
    bool is_json;
} sink = {.least = LOG_LEVEL_INFO, .is_json = true};

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static const char *const format_names[] = {"auto", "logfmt", "json"};

static bool find_name(const char *const *names, size_t count, const char *name, size_t *index)
{
    for (*index = 0; *index < count; ++*index) {
        if (strcmp(names[*index], name) == 0)
            return true;
    }
    return false;
}

bool log_level_parse(const char *name, enum log_level *level)
{
    size_t index;
    if (!find_name(level_names, sizeof level_names / sizeof level_names[0], name, &index))
        return false;
    *level = (enum log_level)index;
    return true;
}

bool log_format_parse(const char *name, enum log_format *format)
{
    size_t index;
    if (!find_name(format_names, sizeof format_names / sizeof format_names[0], name, &index))
        return false;
    *format = (enum log_format)index;
    return true;
}

void log_open(const char *service, const char *instance, enum log_level least,
              enum log_format format)
{
    snprintf(sink.service, sizeof sink.service, "%s", service);
    snprintf(sink.instance, sizeof sink.instance, "%s", instance);
    sink.least = least;
    sink.is_json =
        format == LOG_FORMAT_JSON || (format == LOG_FORMAT_AUTO && !isatty(STDERR_FILENO));
}

static void add_text(struct log_line *line, const char *key, const char *value)
{
    struct log_field field = LOG_TEXT(key, value);
    line_add(line, &field);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
    if (level < sink.least)
        return;
    int saved_errno = errno;
    char now[CLOCK_TEXT_SIZE];
    clock_format_wall(clock_wall_ms(), now);
    struct log_line line;
    line_begin(&line, sink.is_json);
    add_text(&line, "ts", now);
    add_text(&line, "level", level_names[level]);
    add_text(&line, "service", sink.service);
    add_text(&line, "instance", sink.instance);
    add_text(&line, "event", event);
    for (const struct log_field *field = fields; field->type != LOG_FIELD_END; field++)
        line_add(&line, field);
    line_end(&line);
    /* A log that cannot be written has nowhere to say so. */
    while (write(STDERR_FILENO, line.chars, line.length) < 0 && errno == EINTR)
        continue;
    errno = saved_errno;
}
