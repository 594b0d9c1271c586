#include "tokens.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "characters.h"
#include "embedded/embedded.h"

static struct arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = arena_open(1 << 20);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

static struct tokens tokens_of(const char *text)
{
    return tokens_cut((struct piece){text, strlen(text)}, arena);
}

/* The kind, the word, and where it stands in code points. */
static void assert_token(const struct tokens *tokens, size_t nth, enum token_kind kind,
                         const char *word, uint32_t start, uint32_t end)
{
    assert_true(nth < tokens->count);
    const struct token *token = &tokens->items[nth];
    assert_int_equal(token->kind, kind);
    assert_string_equal(token->word, word);
    assert_int_equal(token->word_length, strlen(word));
    if (word[0] != '\0')
        assert_int_equal(token->hash, hash_bytes(HASH_BEGIN, word, strlen(word)));
    assert_int_equal(token->start, start);
    assert_int_equal(token->end, end);
}

static void an_escape_is_read_as_what_it_stands_for_and_counted_as_it_stands(void **state)
{
    (void)state;
    struct tokens tokens = tokens_of("Don&#39;t &amp; can&#x2019;t &lt;3 R&amp;B caf&#233;");
    assert_int_equal(tokens.count, 8);
    assert_token(&tokens, 0, TOKEN_WORD, "don't", 0, 9);
    assert_token(&tokens, 1, TOKEN_MARK, "", 10, 15);
    assert_int_equal(tokens.items[1].first, '&');
    assert_token(&tokens, 2, TOKEN_WORD, "can't", 16, 28);
    assert_token(&tokens, 3, TOKEN_EMOTICON, "", 29, 34);
    assert_int_equal(tokens.items[3].hash, hash_bytes(HASH_BEGIN, "<3", 2));
    assert_token(&tokens, 4, TOKEN_WORD, "r", 35, 36);
    assert_token(&tokens, 5, TOKEN_MARK, "", 36, 41);
    assert_token(&tokens, 6, TOKEN_WORD, "b", 41, 42);
    assert_token(&tokens, 7, TOKEN_WORD, "café", 43, 52);
}

static void assert_word(const char *text, const char *word, const char *written)
{
    struct tokens tokens = tokens_of(text);
    const struct token *token = &tokens.items[0];
    assert_int_equal(tokens.count, 1);
    assert_token(&tokens, 0, TOKEN_WORD, word, 0, (uint32_t)character_count(text, strlen(text)));
    size_t length = strlen(text) - token->lead_bytes - token->trail_bytes;
    assert_int_equal(length, strlen(written));
    assert_memory_equal(token->raw.at + token->lead_bytes, written, length);
    assert_int_equal(token->end - token->trail_places - token->start - token->lead_places,
                     character_count(written, length));
}

static void what_an_apostrophe_joins_to_a_word_is_none_of_it(void **state)
{
    (void)state;
    assert_word("Bitcoin's", "bitcoin", "Bitcoin");
    assert_word("Merkel&#39;s", "merkel", "Merkel");
    assert_word("Merkel\u2019s", "merkel", "Merkel");
    assert_word("NASA&apos;s", "nasa", "NASA");
    assert_word("l'Europe", "europe", "Europe");
    assert_word("dell'Olimpico", "olimpico", "Olimpico");
    assert_word("qu'Emma's", "emma", "Emma");
    assert_word("Ankara'da", "ankara", "Ankara");
    /* What is known as it stands, and names that are written so. */
    assert_word("it's", "it's", "it's");
    assert_word("don't", "don't", "don't");
    assert_word("D'Angelo", "d'angelo", "D'Angelo");
    assert_word("O'Brien's", "o'brien", "O'Brien");
    assert_word("rock'n'roll", "rock'n'roll", "rock'n'roll");
    struct tokens shouted = tokens_of("NASA's");
    assert_true(shouted.items[0].is_all_caps);
    assert_false(shouted.items[0].has_apostrophe);
}

static void an_accent_apart_is_read_with_its_letter(void **state)
{
    (void)state;
    assert_word("scho\u0308n", "sch\u00F6n", "scho\u0308n");
    assert_word("E\u0301tE\u0301", "\u00E9t\u00E9", "E\u0301tE\u0301");
    /* Vietnamese has letters with two. */
    assert_word("Vie\u0323\u0302t", "vi\u1EC7t", "Vie\u0323\u0302t");
    /* What is no letter anywhere stays as it is, like one without a letter before it. */
    assert_word("q\u0308", "q\u0308", "q\u0308");
    tokens_of("\u0301a \u0301");
}

static void what_only_looks_like_an_escape_is_none(void **state)
{
    (void)state;
    struct tokens tokens = tokens_of("&amp &; &#; &#x; &#xD800; &#1114112;");
    for (size_t i = 0; i < tokens.count; i++)
        assert_true(tokens.items[i].kind != TOKEN_MARK ||
                    tokens.items[i].end == tokens.items[i].start + 1);
}

static void an_emoji_of_several_characters_is_one(void **state)
{
    (void)state;
    /* A family, a thumb with a colour, a flag, a flag of tags, a key, a heart in red. */
    struct tokens tokens = tokens_of(
        "👨‍👩‍👧‍👦👍🏽🇩🇪🏴󠁧󠁢󠁥󠁮󠁧󠁿1️⃣❤️");
    assert_int_equal(tokens.count, 6);
    const uint32_t ends[] = {7, 9, 11, 18, 21, 23};
    for (size_t i = 0; i < tokens.count; i++) {
        assert_int_equal(tokens.items[i].kind, TOKEN_EMOJI);
        assert_int_equal(tokens.items[i].end, ends[i]);
    }
    assert_int_equal(tokens.items[5].hash, hash_bytes(HASH_BEGIN, "❤", strlen("❤")));
    assert_int_equal(tokens_of("🇩🇪🇫🇷").count, 2);
}

static void words_of_any_script_are_whole_and_small(void **state)
{
    (void)state;
    struct tokens tokens = tokens_of(
        "ÇA cafe\u0301 ΣΟΦΊΑ МОСКВА שָׁלוֹם क्‍ष می‌خواهم "
        "Việt "
        "東京");
    const char *const words[] = {"ça",           "caf\u00E9",         "σοφία", "москва", "שָׁלוֹם",
                                 "क्‍ष", "می‌خواهم", "việt",  "東京"};
    assert_int_equal(tokens.count, sizeof words / sizeof words[0]);
    for (size_t i = 0; i < tokens.count; i++)
        assert_string_equal(tokens.items[i].word, words[i]);
    assert_true(tokens.items[0].is_all_caps && tokens.items[3].is_all_caps);
    assert_int_equal(tokens.scripts.cyrillic, 6);
    assert_int_equal(tokens.scripts.han, 2);
}

static void a_token_tells_how_it_is_written_and_which_lists_have_it(void **state)
{
    (void)state;
    struct tokens tokens = tokens_of("iPhone 2nd 42 Paris, (amazing)");
    assert_true(tokens.items[0].has_inner_capital && !tokens.items[0].is_capital);
    assert_true(tokens.items[1].has_digit && !tokens.items[1].is_number);
    assert_true(tokens.items[2].is_number);
    assert_true(tokens.items[3].is_capital && !tokens.items[3].has_inner_capital);
    assert_true(tokens.items[4].is_glued && tokens.items[4].known == 0);
    int value = 0;
    assert_true(token_find(&tokens.items[6], &VALENCES_EN, &value));
    assert_true(value > 0);
    assert_false(token_is_in(&tokens.items[6], &NEGATORS));
    assert_true(token_is_in(&tokens.items[3], &KNOWN_NAMES));
}

static void a_list_is_a_mention_with_the_name_of_the_list(void **state)
{
    (void)state;
    const char text[] = "see @anna/my-list and @bob";
    struct post_analysis analysis = {0};
    embedded_find_entities((struct piece){text, sizeof text - 1}, arena, &analysis);
    SCOPED(text_free) struct text json = {0};
    post_analysis_write_entities(&analysis, &json);
    assert_non_null(strstr(
        json.chars, "\"mentions\":[{\"text\":\"anna\",\"list\":\"my-list\",\"indices\":[4,17]},"
                    "{\"text\":\"bob\",\"indices\":[22,26]}]"));
}

static void of_two_tags_that_overlap_the_first_stays(void **state)
{
    (void)state;
    struct tokens tokens = tokens_of("http://example.com/@anna/#tag #漢字example.com");
    assert_int_equal(tokens.tags.count, 2);
    assert_int_equal(tokens.tags.items[0].kind, TAG_LINK);
    assert_int_equal(tokens.tags.items[1].kind, TAG_HASHTAG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_escape_is_read_as_what_it_stands_for_and_counted_as_it_stands),
        cmocka_unit_test(what_an_apostrophe_joins_to_a_word_is_none_of_it),
        cmocka_unit_test(an_accent_apart_is_read_with_its_letter),
        cmocka_unit_test(what_only_looks_like_an_escape_is_none),
        cmocka_unit_test(an_emoji_of_several_characters_is_one),
        cmocka_unit_test(words_of_any_script_are_whole_and_small),
        cmocka_unit_test(a_token_tells_how_it_is_written_and_which_lists_have_it),
        cmocka_unit_test(a_list_is_a_mention_with_the_name_of_the_list),
        cmocka_unit_test(of_two_tags_that_overlap_the_first_stays),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
