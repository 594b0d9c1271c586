/* Run by the build: prints the word lists as the C source of their vocabularies.
 *
 * Exit 1, and a line on stderr, if a list has a word twice or two words that hash alike. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "words.h"

enum { LEAST_SLOTS = 8 };

static size_t slots_for(size_t words)
{
    size_t slots = LEAST_SLOTS;
    while (slots < 2 * words)
        slots *= 2;
    return slots;
}

static void fill(const char *name, const struct word_list *list, struct vocabulary_slot *slots,
                 uint32_t mask)
{
    const struct vocabulary vocabulary = {slots, mask};
    for (size_t i = 0; i < list->count; i++) {
        const struct word *word = &list->words[i];
        uint64_t hash = hash_bytes(HASH_BEGIN, word->word, strlen(word->word));
        if (vocabulary_has(&vocabulary, hash)) {
            fprintf(stderr, "%s: \"%s\" stands there twice, or hashes like another word\n", name,
                    word->word);
            exit(1);
        }
        uint32_t at = vocabulary_place(hash);
        while (slots[at & mask].key != 0)
            at++;
        slots[at & mask] = (struct vocabulary_slot){vocabulary_key(hash), word->value};
    }
}

static void print_vocabulary(const char *name, const struct word_list *list)
{
    size_t count = slots_for(list->count);
    struct vocabulary_slot *slots = calloc(count, sizeof *slots);
    CHECK(slots != NULL);
    fill(name, list, slots, (uint32_t)count - 1);
    printf("static const struct vocabulary_slot %s_SLOTS[] = {\n", name);
    for (size_t i = 0; i < count; i++)
        printf("{0x%xu, %d},\n", slots[i].key, slots[i].value);
    printf("};\nconst struct vocabulary %s = {%s_SLOTS, %zu};\n\n", name, name, count - 1);
    free(slots);
}

int main(void)
{
    printf("#include \"vocabulary.h\"\n\n");
#define PRINT(name) print_vocabulary(#name, &name##_WORDS);
    VOCABULARIES(PRINT)
#undef PRINT
    return 0;
}
