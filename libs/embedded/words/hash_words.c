/* Run by the build: prints the word lists as the C source of their vocabularies, and a table of all
 * their words that tells which lists have them.
 *
 * Exit 1, and a line on stderr, if a list has a word twice or two words that hash alike. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "words.h"

enum { LEAST_SLOTS = 8, MOST_LISTS = 30, OF_ROW = 4 };

struct table {
    const char *name;
    struct vocabulary_slot *slots;
    size_t count;
    bool are_bits; /* a word that stands twice has the bits of both */
};

/* What each list says of a word. */
struct entry {
    uint32_t bits;
    int numbers[MOST_LISTS];
};

/* What tells where every word is: filled by each list in turn. */
struct rows {
    struct vocabulary_row *items; /* with places in `entries` */
    size_t count;
    struct entry *entries; /* the first is of no word */
    size_t entry_count;
    uint32_t lists; /* so far */
};

typedef void visit_function(void *context, const char *word, size_t length, int value);

static void visit_line(const char *line, int value, visit_function *visit, void *context)
{
    while (*line != '\0') {
        size_t length = strcspn(line, " ");
        visit(context, line, length, value);
        line += length + (line[length] == ' ');
    }
}

static void visit_words(const struct word_list *list, visit_function *visit, void *context)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct word *word = &list->words[i];
        if (list->are_lines)
            visit_line(word->word, word->value, visit, context);
        else
            visit(context, word->word, strlen(word->word), word->value);
    }
    for (size_t i = 0; i < list->line_count; i++)
        visit_line(list->lines[i], 1, visit, context);
}

static void count_word(void *context, const char *word, size_t length, int value)
{
    (void)word;
    (void)length;
    (void)value;
    size_t *count = context;
    (*count)++;
}

static size_t slots_for(size_t words)
{
    size_t slots = LEAST_SLOTS;
    while (slots < 2 * words)
        slots *= 2;
    return slots;
}

/* ---- a vocabulary ---- */

/* The slot of a word, or the empty one where it belongs. */
static struct vocabulary_slot *slot_of(const struct table *table, uint64_t hash)
{
    uint32_t mask = (uint32_t)table->count - 1, at = vocabulary_place(hash);
    while (table->slots[at & mask].key != 0 && table->slots[at & mask].key != vocabulary_key(hash))
        at++;
    return &table->slots[at & mask];
}

static void put(void *context, const char *word, size_t length, int value)
{
    const struct table *table = context;
    uint64_t hash = hash_bytes(HASH_BEGIN, word, length);
    struct vocabulary_slot *slot = slot_of(table, hash);
    if (slot->key != 0 && !table->are_bits) {
        fprintf(stderr, "%s: \"%.*s\" stands there twice, or hashes like another word\n",
                table->name, (int)length, word);
        exit(1);
    }
    *slot = (struct vocabulary_slot){vocabulary_key(hash), slot->value | value};
}

static void print_vocabulary(const char *name, const struct word_list *list, uint32_t bit)
{
    size_t words = 0;
    visit_words(list, count_word, &words);
    struct table table = {.name = name, .count = slots_for(words), .are_bits = list->are_bits};
    table.slots = calloc(table.count, sizeof *table.slots);
    CHECK(table.slots != NULL);
    visit_words(list, put, &table);
    printf("static const struct vocabulary_slot %s_SLOTS[] = {\n", name);
    for (size_t i = 0; i < table.count; i++)
        printf("{0x%xu, %d},\n", table.slots[i].key, table.slots[i].value);
    printf("};\nconst struct vocabulary %s = {%s_SLOTS, %zu, 0x%xu};\n\n", name, name,
           table.count - 1, bit);
    free(table.slots);
}

/* ---- where every word is ---- */

/* The entry of a word, an empty one for a new word. */
static struct entry *entry_of(struct rows *rows, uint64_t hash)
{
    for (size_t at = vocabulary_place(hash);; at++) {
        struct vocabulary_row *row = &rows->items[at & (rows->count - 1)];
        for (int i = 0; i < OF_ROW; i++) {
            if (row->keys[i] == 0) {
                row->keys[i] = vocabulary_key(hash);
                row->entries[i] = (uint32_t)rows->entry_count++;
            }
            if (row->keys[i] == vocabulary_key(hash))
                return &rows->entries[row->entries[i]];
        }
    }
}

static void add_number(void *context, const char *word, size_t length, int value)
{
    struct rows *rows = context;
    struct entry *entry = entry_of(rows, hash_bytes(HASH_BEGIN, word, length));
    entry->bits |= UINT32_C(1) << rows->lists;
    entry->numbers[rows->lists] |= value; /* of a list of bits a word may have several */
}

static void add_begin(void *context, const char *word, size_t length, int value)
{
    (void)value;
    const char *blank = memchr(word, ' ', length);
    if (blank != NULL)
        entry_of(context, hash_bytes(HASH_BEGIN, word, (size_t)(blank - word)))->bits |=
            VOCABULARY_BEGINS;
}

static void print_vocabulary_of_posts(const char *name, const struct word_list *list,
                                      struct rows *rows)
{
    CHECK(rows->lists < MOST_LISTS);
    print_vocabulary(name, list, UINT32_C(1) << rows->lists);
    visit_words(list, add_number, rows);
    visit_words(list, add_begin, rows);
    rows->lists++;
}

static void print_four(vocabulary_four numbers)
{
    printf("{0x%xu, 0x%xu, 0x%xu, 0x%xu},", numbers[0], numbers[1], numbers[2], numbers[3]);
}

/* The entries, with where each begins told to the rows. */
static void print_entries(struct rows *rows)
{
    size_t *begins = calloc(rows->entry_count, sizeof *begins), count = 0;
    CHECK(begins != NULL);
    printf("const int32_t VOCABULARY_ENTRIES[] = {\n");
    for (size_t i = 0; i < rows->entry_count; i++) {
        const struct entry *entry = &rows->entries[i];
        begins[i] = count++;
        printf("0x%x,", entry->bits);
        for (uint32_t list = 0; list < rows->lists; list++) {
            if ((entry->bits >> list & 1) != 0) {
                printf("%d,", entry->numbers[list]);
                count++;
            }
        }
        printf("\n");
    }
    printf("};\n");
    for (size_t i = 0; i < rows->count; i++)
        for (int k = 0; k < OF_ROW; k++)
            rows->items[i].entries[k] = (uint32_t)begins[rows->items[i].entries[k]];
    free(begins);
}

static void print_rows(const struct rows *rows)
{
    printf("const uint32_t VOCABULARY_ROWS_MASK = %zu;\n", rows->count - 1);
    printf("const struct vocabulary_row VOCABULARY_ROWS[] = {\n");
    for (size_t i = 0; i < rows->count; i++) {
        printf("{");
        print_four(rows->items[i].keys);
        print_four(rows->items[i].entries);
        printf("},\n");
    }
    printf("};\n");
}

int main(void)
{
    size_t words = 0;
#define COUNT(name) visit_words(&name##_WORDS, count_word, &words);
    VOCABULARIES(COUNT)
#undef COUNT
    struct rows rows = {.count = slots_for(words) / OF_ROW};
    rows.items = calloc(rows.count, sizeof *rows.items);
    rows.entries = calloc(2 * words + 1, sizeof *rows.entries);
    rows.entry_count = 1;
    CHECK(rows.items != NULL && rows.entries != NULL);
    printf("#include \"vocabulary.h\"\n\n");
#define PRINT(name) print_vocabulary_of_posts(#name, &name##_WORDS, &rows);
    VOCABULARIES(PRINT)
#undef PRINT
#define PRINT(name) print_vocabulary(#name, &name##_WORDS, 0);
    OTHER_VOCABULARIES(PRINT)
#undef PRINT
    print_entries(&rows);
    print_rows(&rows);
    free(rows.entries);
    free(rows.items);
    return 0;
}
