/* Settings of a program, from the environment, by one table.
 *
 * A row is name (= environment variable), type, default, range, unit, help, and where the value
 * goes in the program's settings struct. --help, --print-settings and docs/operating.md come from
 * the table. A secret may come as NAME_FILE, naming a file that holds it (one trailing newline is
 * dropped). A text whose default is empty may be set empty whatever its least length. All faults
 * are reported together, each naming its variable. Strings are lent by the environment, or made
 * once for a secret's file, and live as long as the process. One thread, at the start.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/scoped.h"
#include "base/text.h"

enum setting_type {
    SETTING_TEXT,   /* const char *; min and max are lengths in bytes */
    SETTING_SECRET, /* const char *; like TEXT, also as NAME_FILE, and never printed */
    SETTING_INT,    /* int64_t; min and max are values, in `unit` */
    SETTING_DOUBLE, /* double */
    SETTING_BOOL,   /* bool: true false 1 0 yes no on off */
    SETTING_CHOICE, /* const char *; `choices` is a space-separated list */
};

struct setting {
    const char *name; /* "TP_DB_WORKERS" */
    enum setting_type type;
    size_t offset;        /* of the member in the settings struct */
    const char *fallback; /* the default as text; NULL = required; "" = empty or off */
    double min, max;      /* both 0: no limit */
    const char *unit;     /* "ms", "bytes", "" */
    const char *help;     /* one sentence without a full stop */
    const char *choices;
};

/* Fills `settings` from the environment. On false, `faults` has one line per fault:
 * "TP_X: is \"abc\", must be a whole number of ms from 1 to 60000". */
MUST_USE bool settings_load(const struct setting *table, size_t count, void *settings,
                            struct text *faults);

/* One line for each TP_ variable of the environment that is not in the table but nearly is: what is
 * probably misspelt. Other programs' settings share the environment, so these are no faults. */
void settings_suggest(const struct setting *table, size_t count, struct text *warnings);

/* The table for people (--help), for machines (one JSON array), and for docs (Markdown rows of
 * name, meaning, value, default). */
void settings_describe(const struct setting *table, size_t count, struct text *out);
void settings_describe_json(const struct setting *table, size_t count, struct text *out);
void settings_describe_markdown(const struct setting *table, size_t count, struct text *out);

/* NAME=value lines of what is in force; secrets as "***". */
void settings_print(const struct setting *table, size_t count, const void *settings,
                    struct text *out);
