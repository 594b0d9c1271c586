/* Topics of a tenant's own: sets of words by which the embedded analysis tells what a post speaks
 * of, instead of its built-in topics.
 *
 *   SCOPED(topic_sets_close) struct topic_sets *sets = NULL;
 *   topic_sets_load("TP_TOPICS", path, &sets, &faults)
 *   const struct topic_set *topics = topic_sets_find(sets, "acme");
 *   embedded_analyze_for(topics, text, arena, &analysis);        embedded.h
 *
 * The file is JSON: {"acme": {"outage": ["down", "not working"], "billing": ["invoice", "$ACME"]}}.
 * A file without tenants, {"outage": ["down"]}, is one set that everybody has.
 * A word is one of a post's, in any case and with or without a #; several are a phrase, whose words
 * follow one another; @name, $CASH and emoji stand for themselves. Forms of a word are words of
 * their own. Words in scripts without spaces between words (Chinese, Japanese, Thai, and Korean
 * with its endings) are found inside of others, too. A topic counts as often as its words occur;
 * the three that occur most are told, of equal ones the first in the file. All faults are reported
 * together, a line each: the setting, the place in the file, what to do. Loading: one thread, at
 * the start. Finding: any thread. Sets live until topic_sets_close().
 */
#pragma once

#include <stdbool.h>

#include "base/bytes.h"
#include "base/scoped.h"
#include "base/text.h"

enum {
    TOPICS_FILE_MAX_BYTES = 1 << 20,
    TOPICS_MAX_TENANTS = 1000,
    TOPICS_MAX_OF_TENANT = 64,
    TOPICS_MAX_WORDS = 1000, /* of a topic */
    TOPIC_NAME_MAX_BYTES = 64,
    TOPIC_WORD_MAX_BYTES = 100,
    TOPIC_WORD_MAX_TOKENS = 8,
};

struct topic_sets;
struct topic_set;

/* Pure: from the text of the file. On false *sets is NULL. */
MUST_USE bool topic_sets_parse(const char *setting, struct bytes file, struct topic_sets **sets,
                               struct text *faults);

/* The file itself. */
MUST_USE bool topic_sets_load(const char *setting, const char *path, struct topic_sets **sets,
                              struct text *faults);

void topic_sets_close(struct topic_sets **sets);

bool topic_sets_is_empty(const struct topic_sets *sets);

/* The tenant's own; NULL: it has none, and the built-in ones count. `sets` may be NULL. For the
 * empty name the file's only set, if it has but one. */
const struct topic_set *topic_sets_find(const struct topic_sets *sets, const char *tenant);
