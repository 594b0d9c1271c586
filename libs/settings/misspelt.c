#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "settings/settings.h"

#define PREFIX "TP_"

enum { NAME_MAX_BYTES = 64, NEAR = 2 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters to insert, drop or change to get from one name to the other (Levenshtein). */
static size_t distance(const char *from, size_t from_length, const char *to)
{
    size_t to_length = strnlen(to, NAME_MAX_BYTES);
    size_t row[NAME_MAX_BYTES + 1];
    for (size_t j = 0; j <= to_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= from_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= to_length; j++) {
            size_t changed = diagonal + (from[i - 1] != to[j - 1]);
            diagonal = row[j];
            row[j] = least(changed, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[to_length];
}

/* The nearest setting, at most NEAR letters away; NULL if there is none. 0 letters is itself. */
static const struct setting *nearest(const struct setting *table, size_t count, const char *name,
                                     size_t length, size_t *letters)
{
    const struct setting *found = NULL;
    *letters = NEAR + 1;
    for (size_t i = 0; i < count; i++) {
        size_t away = distance(name, length, table[i].name);
        if (away < *letters) {
            *letters = away;
            found = &table[i];
        }
    }
    return found;
}

/* The name of a secret's file variable stands for the secret. */
static size_t length_without_file(const char *name, size_t length)
{
    static const char suffix[] = "_FILE";
    size_t end = sizeof suffix - 1;
    bool has_suffix = length > end && memcmp(name + length - end, suffix, end) == 0;
    return has_suffix ? length - end : length;
}

static void look_at(const char *variable, const struct setting *table, size_t count,
                    struct text *warnings)
{
    size_t length = strcspn(variable, "=");
    if (strncmp(variable, PREFIX, sizeof PREFIX - 1) != 0 || length > NAME_MAX_BYTES)
        return;
    size_t letters;
    const struct setting *meant = nearest(table, count, variable, length, &letters);
    const char *ending = "";
    size_t stem = length_without_file(variable, length);
    if (meant == NULL && stem < length) {
        meant = nearest(table, count, variable, stem, &letters);
        ending = "_FILE";
        if (meant != NULL && meant->type != SETTING_SECRET) {
            text_format(warnings, "%.*s: %s is no secret, it is not read from a file\n",
                        (int)length, variable, meant->name);
            return;
        }
    }
    if (meant != NULL && letters > 0)
        text_format(warnings, "%.*s: is not a setting, did you mean %s%s?\n", (int)length, variable,
                    meant->name, ending);
}

void settings_suggest(const struct setting *table, size_t count, struct text *warnings)
{
    for (char **variable = environ; *variable != NULL; variable++)
        look_at(*variable, table, count, warnings);
}
