#include "endpoints/endpoints.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "json/json.h"

enum {
    FILE_MAX_BYTES = 64 * 1024,
    ARENA_BYTES = 1 << 20, /* strings of the file and the keys */
    TEXT_MAX_BYTES = 1000,
    PLACE_SIZE = 64,
    MAX_PER_MINUTE = 1000 * 1000,
    MAX_IN_FLIGHT = 10000,
    MAX_CONNECTIONS = 1000,
};
static const int64_t MAX_TOKENS_PER_MINUTE = INT64_C(1000000000000);
static const double NANOS_PER_USD_PER_MILLION = 1000, MICROS_PER_USD = 1e6;

/* Where we are in the file, and what is wrong with it. */
struct reader {
    const char *setting;
    struct arena *arena;
    struct text *faults;
    char place[PLACE_SIZE]; /* "endpoints[1]", or "" */
};

__attribute__((format(printf, 3, 4))) static bool fault(struct reader *reader, const char *member,
                                                        const char *format, ...)
{
    char words[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    bool has_both = reader->place[0] != '\0' && member[0] != '\0';
    text_format(reader->faults, "%s: %s%s%s: %s\n", reader->setting, reader->place,
                has_both ? "." : "", member, words);
    return false;
}

/* A member's name as it stands in the file, fit for a line on a terminal. */
static void show_name(const char *name, char shown[PLACE_SIZE])
{
    snprintf(shown, PLACE_SIZE, "%s", name);
    for (char *c = shown; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
            *c = '?';
}

/* `known` is a list of names with blanks around each. */
static bool knows_all(struct reader *reader, const json_t *object, const char *known)
{
    bool is_good = true;
    for (void *at = json_object_iter((json_t *)(uintptr_t)object); at != NULL;
         at = json_object_iter_next((json_t *)(uintptr_t)object, at)) {
        char wanted[PLACE_SIZE + 2], shown[PLACE_SIZE];
        const char *name = json_object_iter_key(at);
        snprintf(wanted, sizeof wanted, " %s ", name);
        if (strchr(name, ' ') == NULL && strstr(known, wanted) != NULL)
            continue;
        show_name(name, shown);
        is_good = fault(reader, shown, "is not known; known are%s", known);
    }
    return is_good;
}

static bool has_control_character(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7F)
            return true;
    return false;
}

/* fallback NULL: it must be there. */
static bool read_text(struct reader *reader, const json_t *object, const char *name,
                      const char *fallback, const char **value)
{
    const json_t *found = json_object_get(object, name);
    *value = fallback != NULL ? fallback : "";
    if (found == NULL)
        return fallback != NULL || fault(reader, name, "is missing");
    if (!json_is_string(found) || json_string_length(found) == 0 ||
        json_string_length(found) > TEXT_MAX_BYTES ||
        has_control_character(json_string_value(found)))
        return fault(reader, name, "must be a text of 1 to %d bytes without control characters",
                     TEXT_MAX_BYTES);
    *value = arena_string(reader->arena, json_string_value(found));
    return true;
}

/* 0 if it is not there. */
static bool read_count(struct reader *reader, const json_t *object, const char *name, int64_t most,
                       int64_t *value)
{
    struct error why;
    if (json_int(object, name, 0, 0, most, value, &why))
        return true;
    return fault(reader, name, "must be a whole number from 0 to %lld; 0 = none", (long long)most);
}

static bool read_usd(struct reader *reader, const json_t *object, const char *name, double most,
                     double *value)
{
    const json_t *found = json_object_get(object, name);
    *value = 0;
    if (found == NULL)
        return true;
    *value = json_number_value(found);
    if (json_is_number(found) && *value >= 0 && *value <= most)
        return true;
    *value = 0;
    return fault(reader, name, "must be a number of dollars from 0 to %.0f", most);
}

uint32_t endpoint_nanos_of_usd_per_million(double usd)
{
    CHECK(usd >= 0 && usd <= ENDPOINT_MAX_USD_PER_MILLION);
    /* 0.15 dollars are 150 billionths, though 0.15 * 1000 is a little more in binary. */
    double thousandths = round(usd * NANOS_PER_USD_PER_MILLION * 1000);
    return (uint32_t)ceil(thousandths / 1000);
}

uint64_t endpoint_micros_of_usd(double usd)
{
    CHECK(usd >= 0 && usd <= ENDPOINT_MAX_USD_PER_DAY);
    return (uint64_t)round(usd * MICROS_PER_USD);
}

static bool read_limits(struct reader *reader, const json_t *limits, struct endpoint *endpoint)
{
    if (limits == NULL)
        return true;
    if (!json_is_object(limits))
        return fault(reader, "limits", "must be an object");
    struct reader inside = *reader;
    snprintf(inside.place, sizeof inside.place, "%.40s.limits", reader->place);
    int64_t requests, tokens, calls;
    double usd;
    bool is_good = knows_all(&inside, limits,
                             " requests_per_minute tokens_per_minute calls_in_flight usd_per_day ");
    is_good &= read_count(&inside, limits, "requests_per_minute", MAX_PER_MINUTE, &requests);
    is_good &= read_count(&inside, limits, "tokens_per_minute", MAX_TOKENS_PER_MINUTE, &tokens);
    is_good &= read_count(&inside, limits, "calls_in_flight", MAX_IN_FLIGHT, &calls);
    is_good &= read_usd(&inside, limits, "usd_per_day", ENDPOINT_MAX_USD_PER_DAY, &usd);
    endpoint->requests_per_minute = (uint32_t)requests;
    endpoint->tokens_per_minute = (uint64_t)tokens;
    endpoint->calls_in_flight = (uint32_t)calls;
    endpoint->micros_per_day = endpoint_micros_of_usd(usd);
    return is_good;
}

static bool name_is_valid(const char *name)
{
    size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                 "0123456789-_");
    return length > 0 && length <= ENDPOINT_NAME_MAX_BYTES && name[length] == '\0';
}

static bool read_name(struct reader *reader, const json_t *object, struct endpoints *endpoints,
                      struct endpoint *endpoint)
{
    const char *name;
    if (!read_text(reader, object, "name", NULL, &name))
        return false;
    if (!name_is_valid(name))
        return fault(reader, "name", "must be 1 to %d of A-Z a-z 0-9 - _", ENDPOINT_NAME_MAX_BYTES);
    for (size_t i = 0; i < endpoints->count; i++)
        if (strcmp(endpoints->list[i].name, name) == 0)
            return fault(reader, "name", "\"%s\" is endpoints[%zu] already; give each its own",
                         name, i);
    strcpy(endpoint->name, name);
    return true;
}

bool endpoint_url_is_valid(const char *url)
{
    size_t length = strncasecmp(url, "http://", 7) == 0 ? 7 : 0;
    if (strncasecmp(url, "https://", 8) == 0)
        length = 8;
    return length > 0 && url[length] != '\0' && url[length] != '/';
}

static bool read_url(struct reader *reader, const json_t *object, struct endpoint *endpoint)
{
    if (!read_text(reader, object, "base_url", NULL, &endpoint->base_url))
        return false;
    return endpoint_url_is_valid(endpoint->base_url) ||
           fault(reader, "base_url", "must begin with http:// or https:// and name a server");
}

static bool read_max_tokens_field(struct reader *reader, const json_t *object,
                                  struct endpoint *endpoint)
{
    const char *field;
    if (!read_text(reader, object, "max_tokens_field", "max_tokens", &field))
        return false;
    endpoint->max_tokens_field = field;
    return strcmp(field, "max_tokens") == 0 || strcmp(field, "max_completion_tokens") == 0 ||
           fault(reader, "max_tokens_field", "must be max_tokens or max_completion_tokens");
}

static bool read_endpoint(struct reader *reader, const json_t *object, struct endpoints *endpoints)
{
    static const char KNOWN[] = " name base_url api_key_file model max_tokens_field "
                                "prompt_usd_per_million completion_usd_per_million limits "
                                "connections ";
    struct endpoint *endpoint = &endpoints->list[endpoints->count];
    *endpoint = (struct endpoint){.api_key = ""};
    if (!json_is_object(object))
        return fault(reader, "", "must be an object");
    double prompt, completion;
    int64_t connections;
    bool is_good = knows_all(reader, object, KNOWN);
    is_good &= read_name(reader, object, endpoints, endpoint);
    is_good &= read_url(reader, object, endpoint);
    is_good &= read_text(reader, object, "api_key_file", "", &endpoint->api_key_file);
    is_good &= read_text(reader, object, "model", NULL, &endpoint->model);
    is_good &= read_max_tokens_field(reader, object, endpoint);
    is_good &=
        read_usd(reader, object, "prompt_usd_per_million", ENDPOINT_MAX_USD_PER_MILLION, &prompt);
    is_good &= read_usd(reader, object, "completion_usd_per_million", ENDPOINT_MAX_USD_PER_MILLION,
                        &completion);
    is_good &= read_limits(reader, json_object_get(object, "limits"), endpoint);
    is_good &= read_count(reader, object, "connections", MAX_CONNECTIONS, &connections);
    endpoint->connections = (uint32_t)connections;
    endpoint->prompt_nanos = endpoint_nanos_of_usd_per_million(prompt);
    endpoint->completion_nanos = endpoint_nanos_of_usd_per_million(completion);
    endpoints->count++;
    return is_good;
}

static bool read_all(struct reader *reader, const json_t *document, struct endpoints *endpoints)
{
    if (!json_is_object(document))
        return fault(reader, "the file", "must be a JSON object {\"endpoints\": [...]}");
    bool is_good = knows_all(reader, document, " endpoints ");
    const json_t *list = json_object_get(document, "endpoints");
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count < 1 || count > ENDPOINTS_MAX)
        return fault(reader, "endpoints", "must be a list of 1 to %d", ENDPOINTS_MAX);
    for (size_t i = 0; i < count; i++) {
        snprintf(reader->place, sizeof reader->place, "endpoints[%zu]", i);
        is_good &= read_endpoint(reader, json_array_get(list, i), endpoints);
    }
    return is_good;
}

static bool fault_of_file(const char *setting, const char *what, struct text *faults)
{
    text_format(faults, "%s: %s\n", setting, what);
    return false;
}

bool endpoints_parse(const char *setting, struct bytes file, struct endpoints *endpoints,
                     struct text *faults)
{
    *endpoints = (struct endpoints){0};
    struct error why;
    SCOPED(json_free) json_t *document = NULL;
    if (file.length > FILE_MAX_BYTES)
        return fault_of_file(setting, "the file is longer than 64 KiB", faults);
    if (!json_parse((const char *)file.at, file.length, &document, &why))
        return fault_of_file(setting, why.message, faults);
    endpoints->arena = arena_open(ARENA_BYTES);
    struct reader reader = {.setting = setting, .arena = endpoints->arena, .faults = faults};
    if (read_all(&reader, document, endpoints))
        return true;
    endpoints_close(endpoints);
    return false;
}

static bool fault_of_path(const char *setting, const char *path, struct text *faults)
{
    text_format(faults, "%s: cannot read \"%s\": %s\n", setting, path, strerror(errno));
    return false;
}

bool endpoints_load(const char *setting, const char *path, struct endpoints *endpoints,
                    struct text *faults)
{
    *endpoints = (struct endpoints){0};
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return fault_of_path(setting, path, faults);
    SCOPED(arena_close) struct arena *arena = arena_open(FILE_MAX_BYTES + 1);
    uint8_t *bytes = arena_new(arena, FILE_MAX_BYTES + 1);
    size_t length = fread(bytes, 1, FILE_MAX_BYTES + 1, file);
    bool is_read = !ferror(file) || fault_of_path(setting, path, faults);
    fclose(file);
    return is_read && endpoints_parse(setting, (struct bytes){bytes, length}, endpoints, faults);
}

void endpoints_single(const struct endpoint *only, struct endpoints *endpoints)
{
    *endpoints = (struct endpoints){.count = 1};
    endpoints->list[0] = *only;
}

void endpoints_close(struct endpoints *endpoints)
{
    arena_close(&endpoints->arena);
    *endpoints = (struct endpoints){0};
}

const struct endpoint *endpoints_find(const struct endpoints *endpoints, const char *name)
{
    for (size_t i = 0; i < endpoints->count; i++)
        if (name[0] == '\0' || strcmp(endpoints->list[i].name, name) == 0)
            return &endpoints->list[i];
    return NULL;
}
