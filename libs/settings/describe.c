#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "settings/expectation.h"
#include "settings/settings.h"

bool setting_has_range(const struct setting *row)
{
    return row->min != 0 || row->max != 0;
}

static const char *type_name(enum setting_type type)
{
    switch (type) {
    case SETTING_TEXT:
        return "text";
    case SETTING_SECRET:
        return "secret";
    case SETTING_INT:
        return "int";
    case SETTING_DOUBLE:
        return "double";
    case SETTING_BOOL:
        return "bool";
    case SETTING_CHOICE:
        return "choice";
    }
    CHECK_UNREACHABLE();
}

static const char *kind_of_value(const struct setting *row)
{
    switch (row->type) {
    case SETTING_TEXT:
    case SETTING_SECRET:
        return "a text";
    case SETTING_INT:
        return "a whole number";
    case SETTING_DOUBLE:
        return "a number";
    case SETTING_BOOL:
        return "true or false (yes, no, on, off, 1, 0)";
    case SETTING_CHOICE:
        return "one of";
    }
    CHECK_UNREACHABLE();
}

static void add_number(double number, struct text *out)
{
    text_format(out, "%.15g", number);
}

static bool is_text(const struct setting *row)
{
    return row->type == SETTING_TEXT || row->type == SETTING_SECRET;
}

static void add_range(const struct setting *row, struct text *out)
{
    if (is_text(row) && row->min <= 0) {
        text_add(out, " of at most ");
    } else {
        text_add(out, is_text(row) ? " of " : " from ");
        add_number(row->min, out);
        text_add(out, " to ");
    }
    add_number(row->max, out);
    if (is_text(row))
        text_add(out, " bytes");
}

void setting_add_expectation(const struct setting *row, struct text *out)
{
    text_add(out, kind_of_value(row));
    if (row->type == SETTING_CHOICE)
        text_format(out, " %s", row->choices);
    if (row->unit != NULL && row->unit[0] != '\0')
        text_format(out, " of %s", row->unit);
    if (row->type != SETTING_CHOICE && row->type != SETTING_BOOL && setting_has_range(row))
        add_range(row, out);
}

void settings_describe(const struct setting *table, size_t count, struct text *out)
{
    for (size_t i = 0; i < count; i++) {
        const struct setting *row = &table[i];
        text_format(out, "  %s", row->name);
        if (row->type == SETTING_SECRET)
            text_format(out, " or %s_FILE", row->name);
        if (row->fallback == NULL)
            text_add(out, " (required)");
        else if (row->fallback[0] != '\0')
            text_format(out, " = %s", row->fallback);
        text_format(out, "\n      %s\n      ", row->help);
        setting_add_expectation(row, out);
        text_add_char(out, '\n');
    }
}

static void add_json_range(const struct setting *row, struct text *out)
{
    if (!setting_has_range(row))
        return;
    text_add(out, ",\"min\":");
    add_number(row->min, out);
    text_add(out, ",\"max\":");
    add_number(row->max, out);
}

static void add_json_choices(const struct setting *row, struct text *out)
{
    if (row->type != SETTING_CHOICE)
        return;
    text_add(out, ",\"choices\":[");
    for (const char *at = row->choices; *at != '\0';) {
        size_t length = strcspn(at, " ");
        text_add(out, at == row->choices ? "" : ",");
        text_add_json(out, at, length);
        at += length + strspn(at + length, " ");
    }
    text_add_char(out, ']');
}

void settings_describe_json(const struct setting *table, size_t count, struct text *out)
{
    text_add_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        const struct setting *row = &table[i];
        text_add(out, i == 0 ? "\n{" : ",\n{");
        text_add_json_member(out, "name", row->name);
        text_add_json_member(out, "type", type_name(row->type));
        if (row->fallback == NULL)
            text_add(out, ",\"default\":null");
        else
            text_add_json_member(out, "default", row->fallback);
        add_json_range(row, out);
        add_json_choices(row, out);
        text_add_json_member(out, "unit", row->unit != NULL ? row->unit : "");
        text_add_json_member(out, "help", row->help);
        text_add_char(out, '}');
    }
    text_add(out, "\n]\n");
}

/* A pipe would end the cell. */
static void add_cell(struct text *out, const char *words)
{
    for (; *words != '\0'; words++) {
        if (*words == '|')
            text_add_char(out, '\\');
        text_add_char(out, *words);
    }
}

void settings_describe_markdown(const struct setting *table, size_t count, struct text *out)
{
    for (size_t i = 0; i < count; i++) {
        const struct setting *row = &table[i];
        SCOPED(text_free) struct text value = {0};
        setting_add_expectation(row, &value);
        text_format(out, "| `%s` | ", row->name);
        add_cell(out, row->help);
        text_add(out, " | ");
        add_cell(out, value.chars);
        if (row->fallback == NULL)
            text_add(out, " | required |\n");
        else if (row->fallback[0] == '\0')
            text_add(out, " | empty |\n");
        else
            text_format(out, " | `%s` |\n", row->fallback);
    }
}

static void print_value(const struct setting *row, const void *settings, struct text *out)
{
    const char *at = (const char *)settings + row->offset;
    const char *text;
    int64_t integer;
    double real;
    switch (row->type) {
    case SETTING_TEXT:
    case SETTING_CHOICE:
        memcpy(&text, at, sizeof text);
        text_add(out, text);
        break;
    case SETTING_SECRET:
        memcpy(&text, at, sizeof text);
        text_add(out, text[0] == '\0' ? "" : "***");
        break;
    case SETTING_INT:
        memcpy(&integer, at, sizeof integer);
        text_format(out, "%lld", (long long)integer);
        break;
    case SETTING_DOUBLE:
        memcpy(&real, at, sizeof real);
        add_number(real, out);
        break;
    case SETTING_BOOL:
        text_add(out, *(const bool *)at ? "true" : "false");
        break;
    }
}

void settings_print(const struct setting *table, size_t count, const void *settings,
                    struct text *out)
{
    for (size_t i = 0; i < count; i++) {
        text_format(out, "%s=", table[i].name);
        print_value(&table[i], settings, out);
        text_add_char(out, '\n');
    }
}
