#include "web/framing.h"

#include <string.h>
#include <strings.h>

static bool refuse(struct framing_fault *fault, int status, const char *code, const char *detail)
{
    *fault = (struct framing_fault){status, code, detail};
    return false;
}

static bool is_name(const char *name)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    if (!*name)
        return false;
    for (const char *c = name; *c; c++) {
        bool is_letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        bool is_digit = *c >= '0' && *c <= '9';
        if (!is_letter && !is_digit && !strchr(others, *c))
            return false;
    }
    return true;
}

static bool is_value(const char *value)
{
    for (const char *c = value; *c; c++)
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
            return false;
    return true;
}

/* At most 15 digits: nothing overflows, and no body is that long. */
static bool read_length(const char *value, int64_t *length)
{
    size_t digits = strspn(value, "0123456789");
    if (digits == 0 || digits > 15 || value[digits] != '\0')
        return false;
    *length = 0;
    for (const char *c = value; *c; c++)
        *length = *length * 10 + (*c - '0');
    return true;
}

static int times(const struct field *fields, size_t count, const char *name)
{
    int found = 0;
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(fields[i].name, name) == 0)
            found++;
    return found;
}

bool framing_read(const struct field *fields, size_t count, struct framing *framing,
                  struct framing_fault *fault)
{
    *framing = (struct framing){0};
    if (count > FRAMING_MAX_FIELDS)
        return refuse(fault, 431, "too_many_headers", "a request may have 60 header fields");
    for (size_t i = 0; i < count; i++)
        if (!is_name(fields[i].name) || !is_value(fields[i].value))
            return refuse(fault, 400, "bad_header", "a header field is malformed");

    static const char *const SINGLE[] = {"Content-Length", "Transfer-Encoding", "Host",
                                         "Content-Type", "Authorization"};
    for (size_t i = 0; i < sizeof SINGLE / sizeof *SINGLE; i++)
        if (times(fields, count, SINGLE[i]) > 1)
            return refuse(fault, 400, "repeated_header",
                          "Content-Length, Transfer-Encoding, Host, Content-Type and "
                          "Authorization may each be given once");

    const char *length = field_find(fields, count, "Content-Length");
    const char *coding = field_find(fields, count, "Transfer-Encoding");
    if (length && coding)
        return refuse(fault, 400, "ambiguous_length",
                      "Content-Length and Transfer-Encoding exclude each other");
    if (coding && strcasecmp(coding, "chunked") != 0)
        return refuse(fault, 501, "unknown_coding", "the only known Transfer-Encoding is chunked");
    if (length && !read_length(length, &framing->length))
        return refuse(fault, 400, "bad_length", "Content-Length must be a decimal number");
    framing->is_chunked = coding != NULL;

    const char *expect = field_find(fields, count, "Expect");
    if (expect && strcasecmp(expect, "100-continue") != 0)
        return refuse(fault, 417, "unknown_expectation", "the only known Expect is 100-continue");
    framing->expects_continue = expect != NULL;
    return true;
}

const char *field_find(const struct field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(fields[i].name, name) == 0)
            return fields[i].value;
    return NULL;
}

bool field_has_word(const char *value, const char *word)
{
    size_t word_length = strlen(word);
    while (*value) {
        value += strspn(value, " \t,");
        size_t length = strcspn(value, " \t,");
        if (length == word_length && strncasecmp(value, word, length) == 0)
            return true;
        value += length;
    }
    return false;
}
