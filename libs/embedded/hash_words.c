/* Run by the build: prints the word lists as the C source of their vocabularies.
 *
 * Exit 1, and a line on stderr, if a list has a word twice or two words that hash alike. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "words.h"

enum { LEAST_SLOTS = 8 };

struct table {
    const char *name;
    struct vocabulary_slot *slots;
    size_t count;
};

static size_t words_in(const char *line)
{
    size_t words = 0;
    for (const char *at = line; at != NULL; at = strchr(at + 1, ' '))
        words++;
    return words;
}

static size_t words_of(const struct word_list *list)
{
    size_t words = 0;
    for (size_t i = 0; i < list->count; i++)
        words += list->are_bits ? words_in(list->words[i].word) : 1;
    for (size_t i = 0; i < list->line_count; i++)
        words += words_in(list->lines[i]);
    return words;
}

static size_t slots_for(size_t words)
{
    size_t slots = LEAST_SLOTS;
    while (slots < 2 * words)
        slots *= 2;
    return slots;
}

static void put(const struct table *table, const char *word, size_t length, int value)
{
    uint32_t mask = (uint32_t)table->count - 1;
    const struct vocabulary vocabulary = {table->slots, mask};
    uint64_t hash = hash_bytes(HASH_BEGIN, word, length);
    if (vocabulary_has(&vocabulary, hash)) {
        fprintf(stderr, "%s: \"%.*s\" stands there twice, or hashes like another word\n",
                table->name, (int)length, word);
        exit(1);
    }
    uint32_t at = vocabulary_place(hash);
    while (table->slots[at & mask].key != 0)
        at++;
    table->slots[at & mask] = (struct vocabulary_slot){vocabulary_key(hash), value};
}

/* Gives a word more bits; false if it does not stand there yet. */
static bool add_bits(const struct table *table, const char *word, size_t length, int bits)
{
    uint32_t mask = (uint32_t)table->count - 1;
    uint64_t hash = hash_bytes(HASH_BEGIN, word, length);
    for (uint32_t at = vocabulary_place(hash); table->slots[at & mask].key != 0; at++) {
        if (table->slots[at & mask].key == vocabulary_key(hash)) {
            table->slots[at & mask].value |= bits;
            return true;
        }
    }
    return false;
}

static void put_bits(const struct table *table, const char *line, int bits)
{
    while (*line != '\0') {
        size_t length = strcspn(line, " ");
        if (!add_bits(table, line, length, bits))
            put(table, line, length, bits);
        line += length + (line[length] == ' ');
    }
}

static void put_line(const struct table *table, const char *line)
{
    while (*line != '\0') {
        size_t length = strcspn(line, " ");
        put(table, line, length, 1);
        line += length + (line[length] == ' ');
    }
}

static void print_vocabulary(const char *name, const struct word_list *list)
{
    struct table table = {.name = name, .count = slots_for(words_of(list))};
    table.slots = calloc(table.count, sizeof *table.slots);
    CHECK(table.slots != NULL);
    for (size_t i = 0; i < list->count; i++) {
        const struct word *word = &list->words[i];
        if (list->are_bits)
            put_bits(&table, word->word, word->value);
        else
            put(&table, word->word, strlen(word->word), word->value);
    }
    for (size_t i = 0; i < list->line_count; i++)
        put_line(&table, list->lines[i]);
    printf("static const struct vocabulary_slot %s_SLOTS[] = {\n", name);
    for (size_t i = 0; i < table.count; i++)
        printf("{0x%xu, %d},\n", table.slots[i].key, table.slots[i].value);
    printf("};\nconst struct vocabulary %s = {%s_SLOTS, %zu};\n\n", name, name, table.count - 1);
    free(table.slots);
}

int main(void)
{
    printf("#include \"vocabulary.h\"\n\n");
#define PRINT(name) print_vocabulary(#name, &name##_WORDS);
    VOCABULARIES(PRINT)
#undef PRINT
    return 0;
}
