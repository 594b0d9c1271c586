#include "profile.h"

#include <string.h>

#include "base/check.h"
#include "embedded/language/language.h"
#include "embedded/sentiment/sentiment.h"
#include "embedded/text/characters.h"
#include "embedded/topics/keywords.h"
#include "embedded/topics/topic_table.h"
#include "embedded/words/vocabulary.h"
#include "profile_state.h"
#include "speech.h"
#include "stamp.h"

enum {
    ARENA_BYTES = 512 << 20, /* far beyond what the bounds below can come to */
    DIFFERENT_MAX = 1 << 14, /* tags, emoji, ... told apart */
    NAME_MAX_BYTES = 140,    /* of one of them; what is longer is not kept */
};

static struct tally tally_new(struct arena *arena)
{
    return (struct tally){.arena = arena, .most = DIFFERENT_MAX};
}

struct profile *profile_open(const struct topic_set *topics)
{
    struct arena *arena = arena_open(ARENA_BYTES);
    struct profile *profile = arena_new(arena, sizeof *profile);
    *profile = (struct profile){.arena = arena,
                                .scratch = arena_open(PROFILE_SCRATCH_BYTES),
                                .topic_set = topics,
                                .hashtags.names = tally_new(arena),
                                .mentions.names = tally_new(arena),
                                .emoji.names = tally_new(arena),
                                .urls.names = tally_new(arena),
                                .topics = tally_new(arena),
                                .languages = tally_new(arena),
                                .keywords = tally_new(arena),
                                .templates = arena_array(arena, struct template, TEMPLATES_MAX),
                                .index = arena_open(ARENA_BYTES),
                                .chain = chain_new(arena)};
    return profile;
}

void profile_close(struct profile **profile)
{
    if (*profile == NULL)
        return;
    struct arena *arena = (*profile)->arena;
    arena_close(&(*profile)->scratch);
    arena_close(&(*profile)->index);
    *profile = NULL;
    arena_close(&arena);
}

/* ---- counting ---- */

static void spread_add(struct spread *spread, uint32_t length)
{
    uint32_t counted = length < LENGTH_MAX ? length : LENGTH_MAX;
    spread->counts[counted]++;
    spread->sum += counted;
    spread->squares += (uint64_t)counted * counted;
}

uint32_t spread_percentile(const struct spread *spread, size_t posts, unsigned percent)
{
    size_t wanted = (posts * percent + 99) / 100, seen = 0;
    for (uint32_t length = 0; length <= LENGTH_MAX; length++) {
        seen += spread->counts[length];
        if (seen >= wanted && seen > 0)
            return length;
    }
    return 0;
}

static void count_piece(struct tally *tally, struct piece text)
{
    char lower[NAME_MAX_BYTES];
    if (text.length == 0 || text.length > sizeof lower)
        return;
    for (size_t i = 0; i < text.length; i++)
        lower[i] = text.at[i] >= 'A' && text.at[i] <= 'Z' ? (char)(text.at[i] | 0x20) : text.at[i];
    tally_add(tally, hash_bytes(HASH_BEGIN, lower, text.length), text);
}

static struct piece without_sign(struct piece raw, uint32_t sign)
{
    size_t length = sign < 0x80 ? 1 : 3; /* full-width signs are three bytes */
    return (struct piece){raw.at + length, raw.length - length};
}

/* Of a link: what stands between the slashes, without "www.". */
static struct piece host_of(struct piece url)
{
    struct piece host = url;
    for (size_t i = 0; i + 2 < url.length; i++) {
        if (memcmp(url.at + i, "://", 3) == 0) {
            host = (struct piece){url.at + i + 3, url.length - i - 3};
            break;
        }
    }
    if (host.length > 4 && memcmp(host.at, "www.", 4) == 0)
        host = (struct piece){host.at + 4, host.length - 4};
    size_t length = 0;
    while (length < host.length && strchr("/?#:", host.at[length]) == NULL)
        length++;
    host.length = length;
    return host;
}

/* How many of the tokens there are of each kind. */
struct kinds {
    uint32_t hashtags, mentions, emoji, urls;
};

static struct kinds count_tokens(struct profile *profile, const struct tokens *tokens)
{
    struct kinds kinds = {0};
    for (size_t i = 0; i < tokens->count; i++) {
        const struct token *token = &tokens->items[i];
        switch (token->kind) {
        case TOKEN_HASHTAG:
            kinds.hashtags++;
            count_piece(&profile->hashtags.names, without_sign(token->raw, token->first));
            break;
        case TOKEN_MENTION:
            kinds.mentions++;
            count_piece(&profile->mentions.names, without_sign(token->raw, token->first));
            break;
        case TOKEN_EMOJI:
            kinds.emoji++;
            count_piece(&profile->emoji.names, token->raw);
            break;
        case TOKEN_URL:
            kinds.urls++;
            count_piece(&profile->urls.names, host_of(token->raw));
            break;
        case TOKEN_WORD:
        case TOKEN_CASHTAG:
        case TOKEN_EMOTICON:
        case TOKEN_MARK:
            break;
        }
    }
    return kinds;
}

static void count_named(struct named *named, uint32_t of_post)
{
    named->count += of_post;
    named->posts += of_post > 0;
}

static void count_pieces(struct tally *tally, const struct pieces *pieces)
{
    for (size_t i = 0; i < pieces->count; i++)
        count_piece(tally, pieces->items[i]);
}

static void count_meaning(struct profile *profile, const struct tokens *tokens)
{
    enum language language = language_find(tokens);
    const char *code = language_code(language);
    count_piece(&profile->languages, (struct piece){code, strlen(code)});
    struct sentiment sentiment = sentiment_find(tokens, language);
    profile->labels[sentiment.label]++;
    profile->scores += sentiment.score;
    struct pieces topics = topic_set_topics(profile->topic_set, tokens, profile->scratch);
    count_pieces(&profile->topics, &topics);
    struct pieces keywords = keywords_find(tokens, language, profile->scratch);
    count_pieces(&profile->keywords, &keywords);
}

static void count_stamp(struct profile *profile, struct piece created_at)
{
    struct stamp stamp;
    if (!stamp_read(created_at, &stamp))
        return;
    profile->dated++;
    if (stamp.hour != STAMP_NO_HOUR)
        profile->hours[stamp.hour]++;
    profile->weekdays[stamp.weekday]++;
}

static void count_traits(struct profile *profile, uint32_t traits)
{
    for (int i = 0; i < TRAIT_COUNT; i++)
        profile->traits[i] += traits >> i & 1;
}

static void keep_text(struct profile *profile, struct piece text)
{
    if (profile->text_count == TEXTS_MAX || profile->text_bytes + text.length > TEXTS_MAX_BYTES)
        return;
    if (profile->text_count == profile->text_capacity) {
        size_t capacity = 2 * (profile->text_capacity + 32);
        struct piece *texts = arena_array(profile->arena, struct piece, capacity);
        if (profile->text_count > 0)
            memcpy(texts, profile->texts, profile->text_count * sizeof *texts);
        profile->texts = texts;
        profile->text_capacity = capacity;
    }
    profile->texts[profile->text_count++] =
        (struct piece){arena_bytes(profile->arena, text.at, text.length), text.length};
    profile->text_bytes += text.length;
}

static void count_own(struct profile *profile, const struct tokens *tokens, struct piece text,
                      uint32_t traits)
{
    uint32_t letters = (uint32_t)character_count(text.at, text.length);
    struct kinds kinds = count_tokens(profile, tokens);
    count_named(&profile->hashtags, kinds.hashtags);
    count_named(&profile->mentions, kinds.mentions);
    count_named(&profile->emoji, kinds.emoji);
    count_named(&profile->urls, kinds.urls);
    spread_add(&profile->letters, letters);
    spread_add(&profile->words, speech_words(tokens));
    count_meaning(profile, tokens);
    keep_text(profile, text);
    profile->templates[profile->own++ % TEMPLATES_MAX] =
        (struct template){letters, traits, kinds.hashtags};
    if (profile->template_count < TEMPLATES_MAX)
        profile->template_count++;
}

/* A retweet tells when its author was there, and of nothing else how they write. */
void profile_add(struct profile *profile, const struct profile_post *post)
{
    struct piece text = post->text;
    if (text.length > PROFILE_TEXT_MAX_BYTES)
        text.length = PROFILE_TEXT_MAX_BYTES;
    arena_reset(profile->scratch);
    text = tokens_clean(text, profile->scratch);
    struct tokens tokens = tokens_cut(text, profile->scratch);
    uint32_t traits = traits_find(&tokens, text);
    profile->posts++;
    count_stamp(profile, post->created_at);
    if (traits >> TRAIT_RETWEET & 1) {
        profile->traits[TRAIT_RETWEET]++;
        return;
    }
    count_traits(profile, traits);
    count_own(profile, &tokens, text, traits);
}
