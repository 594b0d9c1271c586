/* Posts by chance, out of words that it matters to tell apart. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/text.h"

static uint64_t seed = 1;

static uint32_t draw(uint32_t count)
{
    CHECK(count > 0);
    seed = seed * 6364136223846793005 + 1442695040888963407;
    return (uint32_t)(seed >> 33) % count;
}

static const char *const WORDS[] = {
    "the", "harbour", "was",  "not",        "no",         "never",  "good",  "Bad",
    "IT",  "it",      "US",   "us",         "train",      "late",   "7",     "70",
    "3.5", "-3",      "@ann", "@bob",       "#art",       "art",    ":)",    ":(",
    "!",   "?",       "!!",   "\U0001F600", "\U0001F621", "\u2026", "can't", "can",
    "so",  "sooo",    "<3",   "</3",        "love",       "hate",   "mayor", "Ferry",
    "tea", "rain",    "cold", "soup",       "A-",         "A",      "(so",   "sure)",
};
enum { WORD_COUNT = sizeof WORDS / sizeof WORDS[0], LENGTH_MIN = 12, LENGTH_MAX = 40 };

struct post {
    const char *words[LENGTH_MAX + 1];
    size_t count;
};

static struct post any_post(void)
{
    struct post post = {.count = LENGTH_MIN + draw(LENGTH_MAX - LENGTH_MIN)};
    for (size_t i = 0; i < post.count; i++)
        post.words[i] = WORDS[draw(WORD_COUNT)];
    post.words[0] = "We"; /* nothing that trimming could take */
    post.words[post.count - 1] = "then";
    return post;
}

static const char *written(const struct post *post, struct text *text)
{
    text_clear(text);
    for (size_t i = 0; i < post->count; i++)
        text_format(text, "%s%s", i > 0 ? " " : "", post->words[i]);
    return text->chars;
}
