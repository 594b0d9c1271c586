#include "embedded/embedded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "embedded/text/utf8_for_test.h"
#include "embedded/words/known_names.h"
#include "embedded/words/vocabulary.h"

static struct piece piece_of(const char *chars)
{
    return (struct piece){chars, strlen(chars)};
}

/* The analysis of a text, in an arena that lives to the end of the group. */
static struct arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = arena_open(64 << 20);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

static struct post_analysis analysis_of(const char *chars)
{
    struct post_analysis analysis;
    embedded_analyze(piece_of(chars), arena, &analysis);
    return analysis;
}

static void assert_entity(const struct entities *entities, size_t nth, const char *text,
                          uint32_t start, uint32_t end)
{
    assert_true(nth < entities->count);
    const struct entity *entity = &entities->items[nth];
    assert_int_equal(entity->text.length, strlen(text));
    assert_memory_equal(entity->text.at, text, strlen(text));
    assert_int_equal(entity->start, start);
    assert_int_equal(entity->end, end);
}

static void assert_label(const char *text, enum sentiment_label label)
{
    struct post_analysis analysis = analysis_of(text);
    if (analysis.label != label)
        fail_msg("\"%s\" is %s, score %f", text, sentiment_label_name(analysis.label),
                 analysis.score);
}

static void assert_value(const struct vocabulary *vocabulary, const char *word, int expected)
{
    int value = 0;
    assert_true(vocabulary_find(vocabulary, hash_bytes(HASH_BEGIN, word, strlen(word)), &value));
    assert_int_equal(value, expected);
}

static void a_vocabulary_knows_its_words_and_no_other(void **state)
{
    (void)state;
    assert_value(&VALENCES_EN, "amazing", 32);
    assert_value(&VALENCES_EMOTICON, "<3", 28);
    assert_value(&KNOWN_NAMES, "new york", KNOWN_PLACE);
    assert_value(&KNOWN_NAMES, "dr", KNOWN_TITLE);
    const char *const others[] = {"", "amazin", "amazingg", "Amazing", "\xF0\x9F", "newyork"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        uint64_t hash = hash_bytes(HASH_BEGIN, others[i], strlen(others[i]));
#define ASSERT_UNKNOWN(name) assert_false(vocabulary_has(&(name), hash));
        VOCABULARIES(ASSERT_UNKNOWN)
#undef ASSERT_UNKNOWN
    }
}

/* A hash goes on where another ended: names of several words are found by the hashes of their
 * words. */
static void a_hash_of_two_halves_is_that_of_the_whole(void **state)
{
    (void)state;
    assert_int_equal(hash_bytes(hash_bytes(HASH_BEGIN, "new", 3), " york", 5),
                     hash_bytes(HASH_BEGIN, "new york", 8));
}

static void tags_mentions_cashtags_and_links_count_in_code_points(void **state)
{
    (void)state;
    struct post_analysis a =
        analysis_of("😀 #Kaffee mit @anna_b für $TSLA: https://t.co/aB1?x=1. (www.example.org)");
    assert_int_equal(a.hashtags.count, 1);
    assert_entity(&a.hashtags, 0, "Kaffee", 2, 9);
    assert_int_equal(a.mentions.count, 1);
    assert_entity(&a.mentions, 0, "anna_b", 14, 21);
    assert_int_equal(a.cashtags.count, 1);
    assert_entity(&a.cashtags, 0, "TSLA", 26, 31);
    assert_int_equal(a.urls.count, 2);
    assert_entity(&a.urls, 0, "https://t.co/aB1?x=1", 33, 53);
    assert_entity(&a.urls, 1, "www.example.org", 56, 71);
}

static void what_only_looks_like_a_tag_is_none(void **state)
{
    (void)state;
    struct post_analysis a =
        analysis_of("mail me@example.org, we're #1, costs $50, a#b & http:// #");
    assert_int_equal(a.hashtags.count, 0);
    assert_int_equal(a.mentions.count, 0);
    assert_int_equal(a.cashtags.count, 0);
    assert_int_equal(a.urls.count, 0);
}

static void plain_feelings_are_seen(void **state)
{
    (void)state;
    assert_label("I love this phone, it is amazing", SENTIMENT_POSITIVE);
    assert_label("Worst service ever. I hate waiting", SENTIMENT_NEGATIVE);
    assert_label("The meeting is at nine on Tuesday", SENTIMENT_NEUTRAL);
    assert_label("", SENTIMENT_NEUTRAL);
}

static void negation_turns_a_feeling(void **state)
{
    (void)state;
    assert_label("this is not good", SENTIMENT_NEGATIVE);
    assert_label("I don't like it", SENTIMENT_NEGATIVE);
    assert_true(analysis_of("It’s not bad at all").score > 0);
    assert_label("No. Good idea", SENTIMENT_POSITIVE); /* another clause */
}

static void emphasis_scales_a_feeling(void **state)
{
    (void)state;
    double plain = analysis_of("this is good").score;
    assert_true(analysis_of("this is very good").score > plain);
    assert_true(analysis_of("this is GOOD").score > plain);
    assert_true(analysis_of("this is gooood").score > plain);
    assert_true(analysis_of("this is good!!!").score > plain);
    assert_true(analysis_of("this is slightly good").score < plain);
}

static void the_end_of_a_contrast_counts_more(void **state)
{
    (void)state;
    assert_label("The room was nice but the service was terrible", SENTIMENT_NEGATIVE);
    assert_label("The service was terrible but I love the room and the great food",
                 SENTIMENT_POSITIVE);
}

static void emoji_and_emoticons_count(void **state)
{
    (void)state;
    assert_label("see you tomorrow 😍", SENTIMENT_POSITIVE);
    assert_label("see you tomorrow 😡", SENTIMENT_NEGATIVE);
    assert_label("see you tomorrow :)", SENTIMENT_POSITIVE);
    assert_label("see you tomorrow :(", SENTIMENT_NEGATIVE);
    assert_label("you &lt;3", SENTIMENT_POSITIVE);
    assert_label("#love", SENTIMENT_POSITIVE);
}

static void other_languages_feel_too(void **state)
{
    (void)state;
    assert_label("Das Essen war wirklich lecker und der Service toll", SENTIMENT_POSITIVE);
    assert_label("Ich bin nicht zufrieden, das ist schlecht", SENTIMENT_NEGATIVE);
    assert_label("Me encanta esta canción, es muy buena", SENTIMENT_POSITIVE);
    assert_label("Quelle journée horrible, je suis triste", SENTIMENT_NEGATIVE);
    assert_label("Não gostei, foi péssimo e chato", SENTIMENT_NEGATIVE);
    assert_label("Che bella giornata, sono felice", SENTIMENT_POSITIVE);
}

static void languages_are_told_apart(void **state)
{
    (void)state;
    const struct {
        const char *text, *language;
    } cases[] = {
        {"What are you going to do with all of this?", "en"},
        {"Ich weiß nicht, ob das heute noch was wird", "de"},
        {"No sé qué hacer con todo esto hoy", "es"},
        {"Je ne sais pas ce que nous allons faire", "fr"},
        {"Eu não sei o que você vai fazer com isso", "pt"},
        {"Non so cosa fare con tutto questo", "it"},
        {"Ik weet niet wat we vandaag gaan doen", "nl"},
        {"Jag vet inte vad vi ska göra idag", "sv"},
        {"Nie wiem, co mam z tym zrobić", "pl"},
        {"Сегодня хорошая погода", "ru"},
        {"Сьогодні гарна погода, їдемо", "uk"},
        {"今日はいい天気ですね", "ja"},
        {"今天天气很好", "zh"},
        {"오늘 날씨가 좋네요", "ko"},
        {"الطقس جميل اليوم", "ar"},
        {"12345 !!!", "und"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(analysis_of(cases[i].text).language, cases[i].language);
}

static void names_are_found_and_typed(void **state)
{
    (void)state;
    struct post_analysis a =
        analysis_of("I met Dr Weber and Maria Lopez at Google in New York's centre");
    assert_int_equal(a.names.count, 4);
    assert_entity(&a.names, 0, "Dr Weber", 6, 14);
    assert_int_equal(a.names.items[0].type, NAME_PERSON);
    assert_entity(&a.names, 1, "Maria Lopez", 19, 30);
    assert_int_equal(a.names.items[1].type, NAME_PERSON);
    assert_entity(&a.names, 2, "Google", 34, 40);
    assert_int_equal(a.names.items[2].type, NAME_ORGANISATION);
    assert_entity(&a.names, 3, "New York", 44, 52);
    assert_int_equal(a.names.items[3].type, NAME_PLACE);
    assert_int_equal(analysis_of("The Weather Is Nice Today Isn't It").names.count, 0);
}

static void topics_and_keywords_are_those_of_the_text(void **state)
{
    (void)state;
    struct post_analysis a =
        analysis_of("The striker scored two goals in the #derby match, what football");
    assert_true(a.topics.count >= 1);
    assert_memory_equal(a.topics.items[0].at, "sports", 6);
    assert_true(a.keywords.count >= 3 && a.keywords.count <= 6);
    assert_memory_equal(a.keywords.items[0].at, "derby", 5);
}

static void assert_same_entities(const struct entities *a, const struct entities *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_int_equal(a->items[i].start, b->items[i].start);
        assert_int_equal(a->items[i].end, b->items[i].end);
        assert_ptr_equal(a->items[i].text.at, b->items[i].text.at);
        assert_int_equal(a->items[i].text.length, b->items[i].text.length);
    }
}

/* Texts drawn from pieces of which any two may meet. */
static void tags_and_links_found_alone_are_those_of_the_whole_analysis(void **state)
{
    (void)state;
    static const char *const PIECES[] = {
        "#a",         "#1",     "@b",    "$CD",          "$1",         "www.x.org", "http://y",
        " ",          "\n",     "'",     "\u2019",       "word",       "x",         "9",
        "_",          "&amp;",  "&#39;", ":D",           ":-)",        "T_T",       "<3",
        "\u00e9",     ",",      ".",     "\uFF03\u00e4", "\U0001F600", "\u200D",    "\uFE0F",
        "\U0001F3FD", "\u0301", "D:",    "xD",           "@",          "#",         "&",
        ";"};
    enum { COUNT = sizeof PIECES / sizeof PIECES[0], TEXTS = 20000, LONGEST = 12 };
    uint32_t seed = 1;
    for (int i = 0; i < TEXTS; i++) {
        char text[LONGEST * 16] = "";
        SCOPED(arena_close) struct arena *own = arena_open(1 << 20);
        for (int part = 0; part < LONGEST; part++) {
            seed = seed * 1664525 + 1013904223;
            strcat(text, PIECES[(seed >> 16) % COUNT]);
        }
        struct post_analysis whole, tags = {0};
        embedded_analyze(piece_of(text), own, &whole);
        embedded_find_entities(piece_of(text), own, &tags);
        assert_same_entities(&tags.hashtags, &whole.hashtags);
        assert_same_entities(&tags.mentions, &whole.mentions);
        assert_same_entities(&tags.cashtags, &whole.cashtags);
        assert_same_entities(&tags.urls, &whole.urls);
    }
}

static void the_json_is_exactly_the_shared_schema(void **state)
{
    (void)state;
    struct post_analysis a = analysis_of("I love #cats");
    a.score = 0.5;
    a.confidence = 0.25;
    SCOPED(text_free) struct text json = {0};
    post_analysis_write_json(&a, TASKS_ALL, &json);
    assert_string_equal(
        json.chars, "{\"sentiment\":{\"label\":\"positive\",\"score\":0.500,\"confidence\":0.250},"
                    "\"entities\":{\"hashtags\":[{\"text\":\"cats\",\"indices\":[7,12]}],"
                    "\"mentions\":[],\"cashtags\":[],\"urls\":[],\"names\":[]},"
                    "\"keywords\":[\"cats\"],\"topics\":[\"nature\"],\"language\":\"en\"}");
}

static void any_bytes_give_valid_utf8(void **state)
{
    (void)state;
    const char bad[] = "\xFF#\xC3tag \xED\xA0\x80 @x\xF8 love \xE2\x80";
    struct post_analysis a;
    embedded_analyze((struct piece){bad, sizeof bad - 1}, arena, &a);
    SCOPED(text_free) struct text json = {0};
    post_analysis_write_json(&a, TASKS_ALL, &json);
    embedded_summary(&(struct piece){bad, sizeof bad - 1}, &a, 1, &json);
    assert_true(test_is_utf8(&json));
    assert_int_equal(a.label, SENTIMENT_POSITIVE);
}

static void a_summary_counts_and_quotes_the_most_central_post(void **state)
{
    (void)state;
    const struct piece posts[] = {piece_of("hello"), piece_of("The football match was\namazing"),
                                  piece_of("Football stadium is closed for the match")};
    struct post_analysis analyses[3];
    for (size_t i = 0; i < 3; i++)
        embedded_analyze(posts[i], arena, &analyses[i]);
    SCOPED(text_free) struct text summary = {0};
    embedded_summary(posts, analyses, 3, &summary);
    assert_string_equal(summary.chars,
                        "3 posts: 1 positive, 2 neutral, 0 negative; about sports; "
                        "often: football, match; such as: The football match was amazing");
    text_clear(&summary);
    embedded_summary(posts, analyses, 0, &summary);
    assert_string_equal(summary.chars, "0 posts: 0 positive, 0 neutral, 0 negative");
}

static void the_longest_post_stays_within_its_memory(void **state)
{
    (void)state;
    enum { LENGTH = 32 * 1024 };
    static char text[LENGTH];
    SCOPED(arena_close) struct arena *own = arena_open((size_t)LENGTH * 200);
    const char *const patterns[] = {"!", "a ", "#a ", "😀", "aA"};
    for (size_t p = 0; p < sizeof patterns / sizeof patterns[0]; p++) {
        size_t step = strlen(patterns[p]);
        for (size_t i = 0; i < LENGTH; i++)
            text[i] = patterns[p][i % step];
        arena_reset(own);
        struct post_analysis analysis;
        embedded_analyze((struct piece){text, LENGTH}, own, &analysis);
        assert_true(arena_used(own) <= (size_t)LENGTH * 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vocabulary_knows_its_words_and_no_other),
        cmocka_unit_test(a_hash_of_two_halves_is_that_of_the_whole),
        cmocka_unit_test(tags_mentions_cashtags_and_links_count_in_code_points),
        cmocka_unit_test(what_only_looks_like_a_tag_is_none),
        cmocka_unit_test(plain_feelings_are_seen),
        cmocka_unit_test(negation_turns_a_feeling),
        cmocka_unit_test(emphasis_scales_a_feeling),
        cmocka_unit_test(the_end_of_a_contrast_counts_more),
        cmocka_unit_test(emoji_and_emoticons_count),
        cmocka_unit_test(other_languages_feel_too),
        cmocka_unit_test(languages_are_told_apart),
        cmocka_unit_test(names_are_found_and_typed),
        cmocka_unit_test(topics_and_keywords_are_those_of_the_text),
        cmocka_unit_test(tags_and_links_found_alone_are_those_of_the_whole_analysis),
        cmocka_unit_test(the_json_is_exactly_the_shared_schema),
        cmocka_unit_test(any_bytes_give_valid_utf8),
        cmocka_unit_test(a_summary_counts_and_quotes_the_most_central_post),
        cmocka_unit_test(the_longest_post_stays_within_its_memory),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
