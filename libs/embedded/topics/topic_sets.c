#include "topic_sets.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "topic_table.h"
#include "json/json.h"

enum { ARENA_BYTES = 256 << 20, PLACE_SIZE = 160, NAME_SHOWN = 72, MOST_FAULTS = 20 };

struct topic_sets {
    struct arena *arena;
    struct topic_set *list;
    size_t count;
    bool is_of_everybody; /* the file names no tenants */
};

/* Where we are in the file, and what is wrong with it. */
struct reader {
    const char *setting;
    struct text *faults;
    size_t told;
    char place[PLACE_SIZE];
};

__attribute__((format(printf, 2, 3))) static bool fault(struct reader *reader, const char *format,
                                                        ...)
{
    if (reader->told++ == MOST_FAULTS)
        text_format(reader->faults, "%s: there are more faults\n", reader->setting);
    if (reader->told > MOST_FAULTS)
        return false;
    char words[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    text_format(reader->faults, "%s: %s%s%s\n", reader->setting, reader->place,
                reader->place[0] != '\0' ? ": " : "", words);
    return false;
}

/* A name as it stands in the file, fit for a line on a terminal. */
static void show_name(const char *name, char shown[NAME_SHOWN])
{
    snprintf(shown, NAME_SHOWN, "%s", name);
    for (char *c = shown; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
            *c = '?';
}

static bool is_name(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7F)
            return false;
    return length > 0 && length <= TOPIC_NAME_MAX_BYTES;
}

static void enter(struct reader *reader, const char *tenant, const char *topic)
{
    char first[NAME_SHOWN], second[NAME_SHOWN];
    show_name(tenant, first);
    show_name(topic, second);
    bool has_both = first[0] != '\0' && second[0] != '\0';
    snprintf(reader->place, PLACE_SIZE, "%s%s%s", first, has_both ? "." : "", second);
}

/* jansson walks only what may be changed; nothing is. */
static json_t *walked(const json_t *object)
{
    return (json_t *)(uintptr_t)object;
}

static bool read_words(struct reader *reader, const json_t *words, struct topic_set *set)
{
    if (!json_is_array(words) || json_array_size(words) == 0 ||
        json_array_size(words) > TOPICS_MAX_WORDS)
        return fault(reader, "must be a list of 1 to %d words", TOPICS_MAX_WORDS);
    bool is_good = true;
    for (size_t i = 0; i < json_array_size(words); i++) {
        const json_t *word = json_array_get(words, i);
        struct piece text = {json_string_value(word), json_string_length(word)};
        if (!json_is_string(word) || text.length == 0 || text.length > TOPIC_WORD_MAX_BYTES)
            is_good = fault(reader, "word %zu must be a text of 1 to %d bytes", i + 1,
                            TOPIC_WORD_MAX_BYTES);
        else if (!topic_set_add_word(set, set->topic_count, text))
            is_good = fault(reader,
                            "word %zu must be a word or a phrase of at most %d words and marks, no "
                            "link",
                            i + 1, TOPIC_WORD_MAX_TOKENS);
    }
    return is_good;
}

/* No more tokens than this are in its words: each has a byte. */
static size_t tokens_at_most(const json_t *topics)
{
    size_t tokens = 0;
    for (void *at = json_object_iter(walked(topics)); at != NULL;
         at = json_object_iter_next(walked(topics), at)) {
        const json_t *words = json_object_iter_value(at);
        for (size_t i = 0; i < json_array_size(words); i++) {
            size_t length = json_string_length(json_array_get(words, i));
            tokens += length < TOPIC_WORD_MAX_TOKENS ? length : TOPIC_WORD_MAX_TOKENS;
        }
    }
    return tokens;
}

static bool read_set(struct reader *reader, const char *tenant, const json_t *topics,
                     struct topic_sets *sets)
{
    enter(reader, tenant, "");
    if (!json_is_object(topics) || json_object_size(topics) == 0 ||
        json_object_size(topics) > TOPICS_MAX_OF_TENANT)
        return fault(reader, "must be an object of 1 to %d topics, each a list of words",
                     TOPICS_MAX_OF_TENANT);
    struct topic_set *set = &sets->list[sets->count++];
    *set = topic_set_new(arena_string(sets->arena, tenant), json_object_size(topics),
                         tokens_at_most(topics), sets->arena);
    bool is_good = true;
    for (void *at = json_object_iter(walked(topics)); at != NULL;
         at = json_object_iter_next(walked(topics), at)) {
        const char *name = json_object_iter_key(at);
        enter(reader, tenant, name);
        if (!is_name(name))
            is_good =
                fault(reader, "a topic's name must be 1 to %d bytes, none a control character",
                      TOPIC_NAME_MAX_BYTES);
        is_good &= read_words(reader, json_object_iter_value(at), set);
        set->names[set->topic_count++] = arena_string(sets->arena, name);
    }
    return is_good;
}

static bool names_no_tenants(const json_t *document)
{
    for (void *at = json_object_iter(walked(document)); at != NULL;
         at = json_object_iter_next(walked(document), at))
        if (!json_is_array(json_object_iter_value(at)))
            return false;
    return json_object_size(document) > 0;
}

static bool read_all(struct reader *reader, const json_t *document, struct topic_sets *sets)
{
    if (!json_is_object(document) || json_object_size(document) > TOPICS_MAX_TENANTS)
        return fault(reader,
                     "must be a JSON object of at most %d tenants, each an object of topics",
                     TOPICS_MAX_TENANTS);
    sets->list = arena_array(sets->arena, struct topic_set, json_object_size(document) + 1);
    sets->is_of_everybody = names_no_tenants(document);
    if (sets->is_of_everybody)
        return read_set(reader, "", document, sets);
    bool is_good = true;
    for (void *at = json_object_iter(walked(document)); at != NULL;
         at = json_object_iter_next(walked(document), at)) {
        const char *tenant = json_object_iter_key(at);
        enter(reader, tenant, "");
        if (!is_name(tenant))
            is_good =
                fault(reader, "a tenant's name must be 1 to %d bytes, none a control character",
                      TOPIC_NAME_MAX_BYTES);
        is_good &= read_set(reader, tenant, json_object_iter_value(at), sets);
    }
    return is_good;
}

bool topic_sets_parse(const char *setting, struct bytes file, struct topic_sets **sets,
                      struct text *faults)
{
    *sets = NULL;
    struct reader reader = {.setting = setting, .faults = faults};
    struct error why;
    SCOPED(json_free) json_t *document = NULL;
    if (file.length > TOPICS_FILE_MAX_BYTES)
        return fault(&reader, "the file is longer than %d KiB", TOPICS_FILE_MAX_BYTES / 1024);
    if (!json_parse((const char *)file.at, file.length, &document, &why))
        return fault(&reader, "%s", why.message);
    struct arena *arena = arena_open(ARENA_BYTES);
    struct topic_sets *read = arena_new(arena, sizeof *read);
    read->arena = arena;
    if (read_all(&reader, document, read))
        *sets = TAKE(read);
    topic_sets_close(&read);
    return *sets != NULL;
}

bool topic_sets_load(const char *setting, const char *path, struct topic_sets **sets,
                     struct text *faults)
{
    *sets = NULL;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        text_format(faults, "%s: cannot read \"%s\": %s\n", setting, path, strerror(errno));
        return false;
    }
    SCOPED(arena_close) struct arena *arena = arena_open(TOPICS_FILE_MAX_BYTES + 1);
    uint8_t *bytes = arena_new(arena, TOPICS_FILE_MAX_BYTES + 1);
    size_t length = fread(bytes, 1, TOPICS_FILE_MAX_BYTES + 1, file);
    bool is_read = !ferror(file);
    if (!is_read)
        text_format(faults, "%s: cannot read \"%s\": %s\n", setting, path, strerror(errno));
    fclose(file);
    return is_read && topic_sets_parse(setting, (struct bytes){bytes, length}, sets, faults);
}

void topic_sets_close(struct topic_sets **sets)
{
    if (*sets == NULL)
        return;
    struct arena *arena = (*sets)->arena;
    *sets = NULL;
    arena_close(&arena);
}

bool topic_sets_is_empty(const struct topic_sets *sets)
{
    return sets == NULL || sets->count == 0;
}

const struct topic_set *topic_sets_find(const struct topic_sets *sets, const char *tenant)
{
    if (sets == NULL)
        return NULL;
    if (sets->is_of_everybody || (tenant[0] == '\0' && sets->count == 1))
        return &sets->list[0];
    for (size_t i = 0; i < sets->count; i++)
        if (strcmp(sets->list[i].tenant, tenant) == 0)
            return &sets->list[i];
    return NULL;
}
