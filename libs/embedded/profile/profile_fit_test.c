/* Does the fit tell an author's posts from others'? Measured on the posts in ../shared/data, each
 * set of which stands for an author: the posts of a set have their source in common. Profiles are
 * made of lines that the model of frequencies.h was not made of, and asked about others of those.
 */
#include "embedded/profile/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "json/json.h"

enum { SETS = 6, LEARNT = 200, ASKED = 200, LINE_MAX_BYTES = 64 * 1024 };

static const char *const NAMES[SETS] = {"vader-movie", "vader-amazon", "vader-tweets",
                                        "btc-ner",     "wnut17-ner",   "tweeteval-sentiment"};

struct set {
    struct piece posts[LEARNT + ASKED];
    size_t count;
};

/* Every second line, from the second on. False: the file is not there. */
static bool read_set(const char *name, struct arena *arena, struct set *set)
{
    char path[200], line[LINE_MAX_BYTES];
    snprintf(path, sizeof path, "../shared/data/%s.jsonl", name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    for (int number = 1; set->count < LEARNT + ASKED && fgets(line, sizeof line, file) != NULL;
         number++) {
        SCOPED(json_free) json_t *document = NULL;
        struct error why;
        if (number % 2 == 1)
            continue;
        if (!json_parse(line, strlen(line), &document, &why))
            fail_msg("%s: %s", path, why.message);
        const json_t *text = json_object_get(document, "text");
        size_t length = json_string_length(text);
        set->posts[set->count++] =
            (struct piece){arena_bytes(arena, json_string_value(text), length), length};
    }
    fclose(file);
    return true;
}

/* The share of pairs of an own and another post in which the own one has the higher fit. */
static double area(const double *own, const double *others)
{
    double won = 0;
    for (size_t i = 0; i < ASKED; i++)
        for (size_t j = 0; j < ASKED; j++)
            won += own[i] > others[j] ? 1 : own[i] == others[j] ? 0.5 : 0;
    return won / (double)(ASKED * ASKED);
}

static void ask(struct profile *profile, const struct set *set, double fits[ASKED])
{
    for (size_t i = 0; i < ASKED; i++)
        fits[i] = profile_fit(profile, set->posts[LEARNT + i]);
}

static double mean(const double fits[ASKED])
{
    double sum = 0;
    for (size_t i = 0; i < ASKED; i++)
        sum += fits[i];
    return sum / (double)ASKED;
}

static void posts_of_the_author_fit_better_than_others(void **state)
{
    (void)state;
    static struct set sets[SETS];
    SCOPED(arena_close) struct arena *arena = arena_open(64 << 20);
    for (size_t i = 0; i < SETS; i++) {
        if (!read_set(NAMES[i], arena, &sets[i])) {
            print_message("../shared/data/%s.jsonl is not there: nothing measured\n", NAMES[i]);
            arena_close(&arena);
            skip(); /* does not return */
        }
        assert_int_equal(sets[i].count, LEARNT + ASKED);
    }
    double sum = 0;
    for (size_t a = 0; a < SETS; a++) {
        SCOPED(profile_close) struct profile *profile = profile_open(NULL);
        for (size_t i = 0; i < LEARNT; i++)
            profile_add(profile, &(struct profile_post){.text = sets[a].posts[i]});
        double own[ASKED], others[ASKED];
        ask(profile, &sets[a], own);
        print_message("%-20s mean fit %.2f; area under the curve against", NAMES[a], mean(own));
        for (size_t b = 0; b < SETS; b++) {
            if (a == b)
                continue;
            ask(profile, &sets[b], others);
            double found = area(own, others);
            print_message("  %s %.3f (%.2f)", NAMES[b], found, mean(others));
            sum += found;
        }
        print_message("\n");
    }
    print_message("mean of all: %.3f\n", sum / (SETS * (SETS - 1)));
    assert_true(sum / (SETS * (SETS - 1)) > 0.85);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posts_of_the_author_fit_better_than_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
