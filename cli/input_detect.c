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

struct delimiters {
    size_t count;
    bool is_open; /* the line ends within quotes */
};

static struct delimiters count_delimiters(const char *line, size_t length, char delimiter)
{
    struct delimiters found = {0};
    for (size_t i = 0; i < length; i++) {
        if (line[i] == '"')
            found.is_open = !found.is_open;
        else if (!found.is_open && line[i] == delimiter)
            found.count++;
    }
    return found;
}

/* The most frequent one outside of quotes; comma if none is there. */
static char detect_delimiter(const char *line, size_t length)
{
    char best = ',';
    size_t most = 0;
    for (size_t d = 0; d < sizeof DELIMITERS; d++) {
        size_t count = count_delimiters(line, length, DELIMITERS[d]).count;
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

bool detect_is_separator_line(const char *line, size_t length)
{
    enum { SIGN = sizeof "sep=" - 1 };
    return length == SIGN + 1 && strncasecmp(line, "sep=", SIGN) == 0;
}

/* Does the line name a column that bears the text? */
static bool names_text(const char *line, size_t length, char delimiter)
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
            if (detect_is_text_name(name))
                return true;
        }
        from = to + 1;
    }
    return false;
}

/* A post that begins "Post, ..." is no header: the line behind it would have as many columns. */
static bool is_csv(const char *bytes, size_t length, char delimiter)
{
    size_t line = first_line(bytes, length);
    if (detect_is_separator_line(bytes, line))
        return true;
    if (!names_text(bytes, line, delimiter))
        return false;
    const char *end = memchr(bytes, '\n', length);
    if (end == NULL)
        return true;
    size_t rest = length - (size_t)(end + 1 - bytes), next = first_line(end + 1, rest);
    struct delimiters found = count_delimiters(end + 1, next, delimiter);
    return next == 0 || found.is_open ||
           found.count >= count_delimiters(bytes, line, delimiter).count;
}

/* ---- JSON ---- */

static size_t behind_blanks(const char *bytes, size_t length, size_t at)
{
    while (at < length && memchr(" \t\r\n", bytes[at], 4))
        at++;
    return at;
}

/* Is there a string, and behind it one of the characters, as far as the bytes go? */
static bool may_be_string(const char *bytes, size_t length, size_t at, const char *before)
{
    if (bytes[at] != '"')
        return false;
    for (at++; at < length && bytes[at] != '"'; at++)
        at += bytes[at] == '\\';
    at = behind_blanks(bytes, length, at + 1);
    return at >= length || memchr(before, bytes[at], strlen(before)) != NULL;
}

static bool may_be_object(const char *bytes, size_t length, size_t at)
{
    if (bytes[at] != '{')
        return false;
    at = behind_blanks(bytes, length, at + 1);
    return at == length || bytes[at] == '}' || may_be_string(bytes, length, at, ":");
}

/* Of objects or strings: no other array holds posts. */
static bool may_be_array(const char *bytes, size_t length)
{
    if (bytes[0] != '[')
        return false;
    size_t at = behind_blanks(bytes, length, 1);
    if (at < length && bytes[at] == ']')
        return behind_blanks(bytes, length, at + 1) == length;
    return at == length || may_be_object(bytes, length, at) ||
           may_be_string(bytes, length, at, ",]");
}

static bool is_archive(const char *bytes, size_t length)
{
    static const char NEW[] = "window.YTD", OLD[] = "Grailbird.data";
    return (length >= sizeof NEW - 1 && memcmp(bytes, NEW, sizeof NEW - 1) == 0) ||
           (length >= sizeof OLD - 1 && memcmp(bytes, OLD, sizeof OLD - 1) == 0);
}

/* A first line that is a whole JSON object means JSONL; and so does one that is damaged, if the
 * next begins an object too and this one does not look as if it went on there. */
static enum input_format detect_objects(const char *bytes, size_t length)
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

/* ---- all of it ---- */

static bool has_ending(const char *name, const char *ending)
{
    size_t length = name ? strlen(name) : 0, wanted = strlen(ending);
    return length > wanted && strcasecmp(name + length - wanted, ending) == 0;
}

/* What the name tells, which a damaged first line does not. */
static enum input_format format_of_name(const char *name)
{
    static const struct {
        const char *ending;
        enum input_format format;
    } ENDINGS[] = {{".jsonl", INPUT_JSONL},
                   {".ndjson", INPUT_JSONL},
                   {".csv", INPUT_CSV},
                   {".tsv", INPUT_CSV},
                   {".txt", INPUT_PLAIN}};
    for (size_t i = 0; i < sizeof ENDINGS / sizeof ENDINGS[0]; i++) {
        if (has_ending(name, ENDINGS[i].ending))
            return ENDINGS[i].format;
    }
    return INPUT_AUTO;
}

enum input_format detect_format(const char *bytes, size_t length,
                                const struct input_options *options, char *delimiter)
{
    size_t blanks = behind_blanks(bytes, length, 0);
    bytes += blanks;
    length -= blanks;
    size_t line = first_line(bytes, length);
    *delimiter = has_ending(options->name, ".tsv") ? '\t' : detect_delimiter(bytes, line);
    if (options->format != INPUT_AUTO)
        return options->format;
    if (length == 0)
        return INPUT_PLAIN;
    if (options->has_no_header)
        return INPUT_CSV;
    enum input_format named = format_of_name(options->name);
    if (named != INPUT_AUTO)
        return named;
    if (may_be_object(bytes, length, 0))
        return detect_objects(bytes, length);
    if (has_ending(options->name, ".json") || may_be_array(bytes, length) ||
        is_archive(bytes, length))
        return INPUT_JSON;
    return options->text_column || is_csv(bytes, length, *delimiter) ? INPUT_CSV : INPUT_PLAIN;
}
