#include "input_detect.h"

#include <string.h>
#include <strings.h>

#include "json/json.h"

static const char DELIMITERS[] = {',', ';', '\t', '|'};

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++) {
        if (strcasecmp(name, *names) == 0)
            return true;
    }
    return false;
}

bool detect_is_text_name(const char *name)
{
    static const char *const NAMES[] = {"text", "full_text", "tweet", "content",
                                        "body", "message",   "post",  NULL};
    return is_one_of(name, NAMES);
}

bool detect_is_id_name(const char *name)
{
    static const char *const NAMES[] = {"id", "id_str", "tweet_id", "post_id", NULL};
    return is_one_of(name, NAMES);
}

/* The most frequent one outside of quotes; comma if none is there. */
static char detect_delimiter(const char *line, size_t length)
{
    char best = ',';
    size_t most = 0;
    for (size_t d = 0; d < sizeof DELIMITERS; d++) {
        size_t count = 0;
        bool quoted = false;
        for (size_t i = 0; i < length; i++) {
            if (line[i] == '"')
                quoted = !quoted;
            else if (!quoted && line[i] == DELIMITERS[d])
                count++;
        }
        if (count > most) {
            most = count;
            best = DELIMITERS[d];
        }
    }
    return best;
}

static size_t first_line(const char *bytes, size_t length)
{
    const char *end = memchr(bytes, '\n', length);
    size_t line = end ? (size_t)(end - bytes) : length;
    return line > 0 && bytes[line - 1] == '\r' ? line - 1 : line;
}

/* Does the header name a column that bears the text? */
static bool is_csv_header(const char *line, size_t length, char delimiter, const char *column)
{
    size_t from = 0;
    while (from <= length) {
        const char *end = memchr(line + from, delimiter, length - from);
        size_t to = end ? (size_t)(end - line) : length;
        size_t begin = from, stop = to;
        while (begin < stop && memchr(" \"", line[begin], 2))
            begin++;
        while (stop > begin && memchr(" \"", line[stop - 1], 2))
            stop--;
        char name[100];
        if (stop - begin < sizeof name) {
            memcpy(name, line + begin, stop - begin);
            name[stop - begin] = '\0';
            if (column ? strcmp(name, column) == 0 : detect_is_text_name(name))
                return true;
        }
        from = to + 1;
    }
    return false;
}

/* A first line that is a whole JSON object means JSONL; and so does one that is damaged, if the
 * next begins an object too and this one does not look as if it went on there. */
static enum input_format detect_json(const char *bytes, size_t length)
{
    SCOPED(json_free) json_t *object = NULL;
    struct error why;
    size_t first = first_line(bytes, length);
    if (json_parse(bytes, first, &object, &why))
        return INPUT_JSONL;
    const char *next = memchr(bytes, '\n', length);
    bool is_object_next = next != NULL && next + 1 < bytes + length && next[1] == '{';
    return is_object_next && !memchr("[,", bytes[first - 1], 2) ? INPUT_JSONL : INPUT_JSON;
}

enum input_format detect_format(const char *bytes, size_t length, const char *text_column,
                                char *delimiter)
{
    static const char ARCHIVE[] = "window.YTD", OLD_ARCHIVE[] = "Grailbird.data";
    while (length > 0 && memchr(" \t\r\n", *bytes, 4)) {
        bytes++;
        length--;
    }
    if (length == 0)
        return INPUT_PLAIN;
    if (*bytes == '[' || strncmp(bytes, ARCHIVE, sizeof ARCHIVE - 1) == 0 ||
        strncmp(bytes, OLD_ARCHIVE, sizeof OLD_ARCHIVE - 1) == 0) {
        return INPUT_JSON;
    }
    if (*bytes == '{')
        return detect_json(bytes, length);

    size_t line = first_line(bytes, length);
    *delimiter = detect_delimiter(bytes, line);
    return is_csv_header(bytes, line, *delimiter, text_column) ? INPUT_CSV : INPUT_PLAIN;
}
