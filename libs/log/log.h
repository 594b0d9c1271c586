/* One line on stderr per event: logfmt on a terminal, JSON otherwise.
 *
 *   log_open("store", "store-7f", LOG_LEVEL_INFO, LOG_FORMAT_AUTO);
 *   log_info("chunk.committed", LOG_TEXT("job", job_id), LOG_INT("chunk", 3));
 *
 * A line is `ts level service instance event key=value ...`. The event is a constant of the code.
 * Levels by meaning: error = somebody must act; warn = it healed itself but count it; info = life
 * of the process and of jobs; debug = each message. Never post texts, prompts or keys.
 * Whoever handles an error logs it, once; libraries do not log. Values are escaped and cut at 500
 * bytes. Any thread; one write(2) per line.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

/* Once, before there are threads. service and instance are copied, cut at 64 bytes. */
void log_open(const char *service, const char *instance, enum log_level least,
              enum log_format format);

bool log_level_parse(const char *name, enum log_level *level);    /* debug info warn error */
bool log_format_parse(const char *name, enum log_format *format); /* auto logfmt json */

enum log_field_type { LOG_FIELD_END, LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_DOUBLE };

struct log_field {
    const char *key;
    enum log_field_type type;
    const char *text; /* NULL is written as empty */
    int64_t integer;
    double real;
};

#define LOG_TEXT(name, value)                                                                      \
    ((struct log_field){.key = (name), .type = LOG_FIELD_TEXT, .text = (value)})
#define LOG_INT(name, value)                                                                       \
    ((struct log_field){.key = (name), .type = LOG_FIELD_INT, .integer = (int64_t)(value)})
#define LOG_DOUBLE(name, value)                                                                    \
    ((struct log_field){.key = (name), .type = LOG_FIELD_DOUBLE, .real = (value)})
/* Two fields in one: error=<kind> reason=<message>; for a pointer to a struct error. */
#define LOG_WHY(why)                                                                               \
    LOG_TEXT("error", error_kind_name((why)->kind)), LOG_TEXT("reason", (why)->message)
#define LOG_END_ ((struct log_field){.type = LOG_FIELD_END})

#define log_debug(...) LOG_WRITE_(LOG_LEVEL_DEBUG, __VA_ARGS__, LOG_END_)
#define log_info(...) LOG_WRITE_(LOG_LEVEL_INFO, __VA_ARGS__, LOG_END_)
#define log_warn(...) LOG_WRITE_(LOG_LEVEL_WARN, __VA_ARGS__, LOG_END_)
#define log_error(...) LOG_WRITE_(LOG_LEVEL_ERROR, __VA_ARGS__, LOG_END_)
#define LOG_WRITE_(level, event, ...)                                                              \
    log_write((level), (event), (const struct log_field[]){__VA_ARGS__})

void log_write(enum log_level level, const char *event, const struct log_field *fields);
