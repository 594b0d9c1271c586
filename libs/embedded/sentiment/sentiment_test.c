#include "sentiment.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sentiment_features.h"
#include "sentiment_model.h"

static struct sentiment_features features; /* large */

static const float *dense_of(const char *text)
{
    SCOPED(arena_close) struct arena *arena = arena_open(16 << 20);
    struct tokens tokens = tokens_cut((struct piece){text, strlen(text)}, arena);
    sentiment_features_find(&tokens, LANGUAGE_EN, &features);
    return features.dense;
}

static float rules_of(const char *text)
{
    return dense_of(text)[DENSE_RULES];
}

static void a_word_counts_with_its_valence(void **state) /* rule 1 */
{
    (void)state;
    assert_true(rules_of("a wonderful day") > 0.5F);
    assert_true(rules_of("a horrible day") < -0.5F);
    assert_float_equal(rules_of("a day in the week"), 0, 0);
    assert_float_equal(dense_of("a day in the week")[DENSE_NO_HIT], 1, 0);
}

static void a_negator_turns_the_three_words_after_it_in_its_clause(void **state) /* rule 2 */
{
    (void)state;
    assert_true(rules_of("it is not at all good") < 0);
    assert_true(rules_of("it is not on my list of good things") > 0);
    assert_true(rules_of("not now, good things come") > 0);
    assert_true(rules_of("it is not bad") > 0);
    assert_true(rules_of("it is not bad") < -rules_of("it is bad"));
}

static void boosters_capitals_and_stretched_letters_scale(void **state) /* rule 3 */
{
    (void)state;
    float plain = rules_of("the food was good");
    assert_true(rules_of("the food was very good") > plain);
    assert_true(rules_of("the food was slightly good") < plain);
    assert_true(rules_of("the food was GOOD") > plain);
    assert_true(rules_of("the food was gooooood") > plain);
    assert_float_equal(rules_of("THE FOOD WAS GOOD"), plain, 1e-6F);
}

static void a_swear_word_that_boosts_is_no_blame(void **state) /* rule 3 */
{
    (void)state;
    assert_true(rules_of("that was damn good") > rules_of("that was good"));
    assert_true(rules_of("damn, that again") < 0);
}

static void what_stands_behind_but_weighs_more(void **state) /* rule 4 */
{
    (void)state;
    assert_true(rules_of("the room was good but the food was bad") < 0);
    assert_true(rules_of("the food was bad but the room was good") > 0);
    assert_true(dense_of("the food was bad but the room was good")[DENSE_BEFORE_CONTRAST] < 0);
}

static void exclamation_marks_scale_and_repeated_emoji_fade(void **state) /* rule 5 */
{
    (void)state;
    assert_true(rules_of("good!!!") > rules_of("good!"));
    float one = dense_of("😀")[DENSE_SIGNS], two = dense_of("😀😀")[DENSE_SIGNS];
    assert_true(two > one);
    assert_true(dense_of("😀😀😀😀😀😀😀😀")[DENSE_SIGNS] < 2 * one);
}

static void the_words_of_a_hashtag_are_felt(void **state)
{
    (void)state;
    assert_true(dense_of("#LoveThisGame")[DENSE_TAGS] > 0);
    assert_true(dense_of("#worst_day_ever")[DENSE_TAGS] < 0);
}

/* The sums of packed bytes, slot by slot: also where a post has more slots than a half can hold. */
static void outputs_are_the_weights_of_all_slots(void **state)
{
    (void)state;
    char *bytes = malloc(SENTIMENT_MODEL_BYTES);
    assert_non_null(bytes);
    memset(bytes, 0, sizeof(struct sentiment_head));
    for (size_t i = sizeof(struct sentiment_head); i < SENTIMENT_MODEL_BYTES; i++)
        bytes[i] = (char)(i * 2654435761u >> 13);
    struct sentiment_model model = sentiment_model_of(bytes);
    for (int o = 0; o < SENTIMENT_OUTPUTS; o++)
        model.head.slot_unit[o] = 1;
    features = (struct sentiment_features){.word_scale = 1, .gram_scale = 1};
    features.gram_count = 1000;
    features.word_count = 3;
    double expected[SENTIMENT_OUTPUTS] = {0};
    for (uint32_t g = 0; g < 1003; g++) {
        uint32_t slot = g * 977 % SENTIMENT_SLOTS;
        if (g < 1000)
            features.grams[g] = (uint16_t)slot;
        else
            features.words[g - 1000] = (struct sentiment_slot){slot, 0.5F};
        for (size_t o = 0; o < SENTIMENT_OUTPUTS; o++)
            expected[o] += (g < 1000 ? 1 : 0.5) *
                           ((uint8_t)model.slots[slot * SENTIMENT_OUTPUTS + o] - SLOT_BIAS);
    }
    float outputs[SENTIMENT_OUTPUTS];
    sentiment_outputs(&model, &features, outputs);
    for (int o = 0; o < SENTIMENT_OUTPUTS; o++)
        assert_float_equal(outputs[o], expected[o], 0.01);
    free(bytes);
}

static struct sentiment judged(float score, float negative, float neutral, float positive)
{
    const float said[SENTIMENT_OUTPUTS] = {score, negative, neutral, positive};
    struct sentiment_model model = sentiment_model_shipped();
    memset(&model.head, 0, sizeof model.head);
    memcpy(model.head.dense[DENSE_ONE], said, sizeof said);
    features = (struct sentiment_features){.is_english = true, .dense[DENSE_ONE] = 1};
    return sentiment_judge(&model, &features);
}

static void a_label_and_a_score_are_never_of_opposite_signs(void **state)
{
    (void)state;
    struct sentiment agreed = judged(-0.2F, 2, 1, 0);
    assert_int_equal(agreed.label, SENTIMENT_NEGATIVE);
    assert_float_equal(agreed.score, -0.2, 1e-6);
    struct sentiment unsure = judged(0.2F, 1.4F, 1, 0);
    assert_int_equal(unsure.label, SENTIMENT_NEUTRAL);
    assert_float_equal(unsure.score, 0.2, 1e-6);
    struct sentiment sure = judged(-0.2F, 0, 1, 1.6F);
    assert_int_equal(sure.label, SENTIMENT_POSITIVE);
    assert_float_equal(sure.score, 0, 0);
}

static void a_post_of_any_length_is_judged_by_its_beginning(void **state)
{
    (void)state;
    enum { WORDS = 20000 };
    char *text = malloc(WORDS * 6 + 1);
    assert_non_null(text);
    for (size_t w = 0; w < WORDS; w++)
        memcpy(text + w * 6, "great ", 7);
    dense_of(text);
    assert_true(features.word_count <= SENTIMENT_MAX_WORDS);
    assert_true(features.gram_count <= SENTIMENT_MAX_GRAMS);
    struct sentiment_model model = sentiment_model_shipped();
    struct sentiment sentiment = sentiment_judge(&model, &features);
    assert_int_equal(sentiment.label, SENTIMENT_POSITIVE);
    assert_true(sentiment.score <= 1 && sentiment.confidence <= 1);
    free(text);
}

static struct sentiment sentiment_in(enum language language, const char *text)
{
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    struct tokens tokens = tokens_cut((struct piece){text, strlen(text)}, arena);
    return sentiment_find(&tokens, language);
}

static void another_language_is_judged_by_its_rules_alone(void **state)
{
    (void)state;
    assert_int_equal(sentiment_in(LANGUAGE_DE, "das war wunderbar").label, SENTIMENT_POSITIVE);
    struct sentiment sentiment = sentiment_in(LANGUAGE_SV, "det var en dag som alla andra");
    assert_int_equal(sentiment.label, SENTIMENT_NEUTRAL);
    assert_true(fabs(sentiment.score) < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_counts_with_its_valence),
        cmocka_unit_test(a_negator_turns_the_three_words_after_it_in_its_clause),
        cmocka_unit_test(boosters_capitals_and_stretched_letters_scale),
        cmocka_unit_test(a_swear_word_that_boosts_is_no_blame),
        cmocka_unit_test(what_stands_behind_but_weighs_more),
        cmocka_unit_test(exclamation_marks_scale_and_repeated_emoji_fade),
        cmocka_unit_test(the_words_of_a_hashtag_are_felt),
        cmocka_unit_test(outputs_are_the_weights_of_all_slots),
        cmocka_unit_test(a_label_and_a_score_are_never_of_opposite_signs),
        cmocka_unit_test(a_post_of_any_length_is_judged_by_its_beginning),
        cmocka_unit_test(another_language_is_judged_by_its_rules_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
