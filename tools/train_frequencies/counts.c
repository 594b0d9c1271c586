#include "counts.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "embedded/profile/manner.h"
#include "json/json.h"

enum { LINE_MAX_BYTES = 64 * 1024, ARENA_BYTES = 64 << 20 };

static void add_post(struct counts *counts, struct piece text, struct arena *arena)
{
    static struct bag bag;
    struct tokens tokens = tokens_cut(tokens_clean(text, arena), arena);
    for (size_t i = 0; i < tokens.count; i++) {
        if (tokens.items[i].kind != TOKEN_WORD && tokens.items[i].kind != TOKEN_HASHTAG)
            continue;
        counts->words[frequency_bucket_of_word(tokens.items[i].hash)]++;
        counts->word_total++;
    }
    manner_features(&tokens, &bag);
    for (size_t i = 0; i < bag.count; i++)
        counts->features[bag.features[i]]++;
    counts->feature_total += bag.count;
    counts->posts++;
}

static bool add_line(struct counts *counts, const char *line, size_t length, struct error *why)
{
    SCOPED(json_free) json_t *document = NULL;
    if (!json_parse(line, length, &document, why))
        return false;
    const json_t *text = json_object_get(document, "text");
    if (!json_is_string(text))
        return error_set(why, ERROR_INVALID, "has no text");
    SCOPED(arena_close) struct arena *arena = arena_open(ARENA_BYTES);
    add_post(counts, (struct piece){json_string_value(text), json_string_length(text)}, arena);
    return true;
}

bool counts_add_file(struct counts *counts, const char *path, struct error *why)
{
    static char line[LINE_MAX_BYTES];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(why, ERROR_NOT_FOUND, "cannot read \"%s\": %s", path, strerror(errno));
    bool is_good = true;
    for (int number = 1; is_good && fgets(line, sizeof line, file) != NULL; number++)
        if (number % 2 == 1 && !add_line(counts, line, strlen(line), why))
            is_good = error_prefix(why, "%s, line %d", path, number);
    fclose(file);
    return is_good;
}

/* As if each bucket had been seen half a time more. */
static int eighths(uint32_t count, uint64_t total, size_t buckets)
{
    double share = (count + 0.5) / ((double)total + 0.5 * (double)buckets);
    double bits = -log2(share) * (double)FREQUENCY_STEPS;
    return bits > UINT8_MAX ? UINT8_MAX : (int)lround(bits);
}

void counts_write(const struct counts *counts, FILE *out)
{
    for (size_t i = 0; i < FREQUENCY_WORDS; i++)
        fputc(eighths(counts->words[i], counts->word_total, FREQUENCY_WORDS), out);
    for (size_t i = 0; i < FREQUENCY_FEATURES; i++)
        fputc(eighths(counts->features[i], counts->feature_total, FREQUENCY_FEATURES), out);
}
