#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/number.h"
#include "settings/expectation.h"
#include "settings/settings.h"

enum { SECRET_FILE_MAX_BYTES = 64 * 1024, FILE_VARIABLE_SIZE = 80, QUOTED_MAX_BYTES = 60 };

static void *member(void *settings, const struct setting *row)
{
    return (char *)settings + row->offset;
}

static bool is_in_range(const struct setting *row, double value)
{
    return !setting_has_range(row) || (value >= row->min && value <= row->max);
}

static bool has_control_character(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7F)
            return true;
    }
    return false;
}

/* An empty default means "off" and stays allowed whatever the least length is. */
static bool store_text(const struct setting *row, const char *value, void *settings)
{
    bool is_off = value[0] == '\0' && row->fallback != NULL && row->fallback[0] == '\0';
    if (has_control_character(value) || (!is_off && !is_in_range(row, (double)strlen(value))))
        return false;
    *(const char **)member(settings, row) = value;
    return true;
}

static bool store_int(const struct setting *row, const char *value, void *settings)
{
    int64_t number;
    if (!number_parse_int(value, &number) || !is_in_range(row, (double)number))
        return false;
    *(int64_t *)member(settings, row) = number;
    return true;
}

static bool store_double(const struct setting *row, const char *value, void *settings)
{
    double number;
    if (!number_parse_double(value, &number) || !is_in_range(row, number))
        return false;
    *(double *)member(settings, row) = number;
    return true;
}

static bool store_bool(const struct setting *row, const char *value, void *settings)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(words[i], value) == 0) {
            *(bool *)member(settings, row) = i % 2 == 1;
            return true;
        }
    }
    return false;
}

static bool store_choice(const struct setting *row, const char *value, void *settings)
{
    size_t length = strlen(value);
    for (const char *at = row->choices; *at != '\0';) {
        size_t choice = strcspn(at, " ");
        if (choice == length && memcmp(at, value, length) == 0) {
            *(const char **)member(settings, row) = value;
            return true;
        }
        at += choice + strspn(at + choice, " ");
    }
    return false;
}

static bool store_value(const struct setting *row, const char *value, void *settings)
{
    switch (row->type) {
    case SETTING_TEXT:
    case SETTING_SECRET:
        return store_text(row, value, settings);
    case SETTING_INT:
        return store_int(row, value, settings);
    case SETTING_DOUBLE:
        return store_double(row, value, settings);
    case SETTING_BOOL:
        return store_bool(row, value, settings);
    case SETTING_CHOICE:
        return store_choice(row, value, settings);
    }
    CHECK_UNREACHABLE();
}

/* Quotes what was given, cut and without control characters: faults are lines on a terminal. */
static void add_quoted(struct text *faults, const char *value)
{
    size_t length = strnlen(value, QUOTED_MAX_BYTES);
    text_add_char(faults, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)value[i];
        text_add_char(faults, c < ' ' || c == 0x7F ? '?' : value[i]);
    }
    text_add(faults, value[length] == '\0' ? "\"" : "...\"");
}

static bool fault(struct text *faults, const struct setting *row, const char *name,
                  const char *value)
{
    text_format(faults, "%s: ", name);
    if (value == NULL) {
        text_add(faults, "is missing");
    } else if (row->type == SETTING_SECRET) {
        text_format(faults, "is refused (%zu bytes, not shown)", strlen(value));
    } else {
        text_add(faults, "is ");
        add_quoted(faults, value);
    }
    text_add(faults, ", must be ");
    setting_add_expectation(row, faults);
    if (value != NULL && has_control_character(value))
        text_add(faults, " without control characters");
    text_add_char(faults, '\n');
    return false;
}

/* The contents of a secret's file, owned by the caller; NULL and a fault if it cannot be read. */
static char *read_secret(const char *variable, const char *path, struct text *faults)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        text_format(faults, "%s: cannot read \"%s\": %s\n", variable, path, strerror(errno));
        return NULL;
    }
    char *secret = calloc(1, SECRET_FILE_MAX_BYTES + 1);
    CHECK(secret != NULL);
    size_t length = fread(secret, 1, SECRET_FILE_MAX_BYTES, file);
    bool is_whole = !ferror(file) && fgetc(file) == EOF && strlen(secret) == length;
    fclose(file);
    if (!is_whole) {
        text_format(faults, "%s: \"%s\" is unreadable, holds a NUL byte or is over %d bytes\n",
                    variable, path, SECRET_FILE_MAX_BYTES);
        free(secret);
        return NULL;
    }
    if (length > 0 && secret[length - 1] == '\n')
        secret[--length] = '\0';
    if (length > 0 && secret[length - 1] == '\r')
        secret[--length] = '\0';
    char *fitted = realloc(secret, length + 1);
    CHECK(fitted != NULL);
    return fitted;
}

static bool load_secret_file(const struct setting *row, const char *variable, void *settings,
                             struct text *faults)
{
    if (getenv(row->name) != NULL) {
        text_format(faults, "%s and %s: are both set, must be one of them\n", row->name, variable);
        return false;
    }
    SCOPED(free_chars) char *secret = read_secret(variable, getenv(variable), faults);
    if (secret == NULL)
        return false;
    if (!store_text(row, secret, settings))
        return fault(faults, row, variable, secret);
    TAKE(secret); /* lives as long as the process, like the environment */
    return true;
}

static bool load_row(const struct setting *row, void *settings, struct text *faults)
{
    char file_variable[FILE_VARIABLE_SIZE];
    snprintf(file_variable, sizeof file_variable, "%s_FILE", row->name);
    if (row->type == SETTING_SECRET && getenv(file_variable) != NULL)
        return load_secret_file(row, file_variable, settings, faults);
    const char *value = getenv(row->name);
    if (value != NULL)
        return store_value(row, value, settings) || fault(faults, row, row->name, value);
    if (row->fallback == NULL)
        return fault(faults, row, row->name, NULL);
    CHECK(store_value(row, row->fallback, settings));
    return true;
}

bool settings_load(const struct setting *table, size_t count, void *settings, struct text *faults)
{
    bool is_faultless = true;
    for (size_t i = 0; i < count; i++)
        is_faultless &= load_row(&table[i], settings, faults);
    return is_faultless;
}
