/* Is a text, as a whole, what twitter-text calls a valid username, list, hashtag or link?
 *
 * Texts must be valid UTF-8. Memory is the arena's. Pure; any thread.
 */
#pragma once

#include "analysis/analysis.h"
#include "base/arena.h"

bool rules_allow_username(struct piece text, struct arena *arena); /* with its "@" */
bool rules_allow_list(struct piece text, struct arena *arena);     /* "@user/list" */
bool rules_allow_hashtag(struct piece text, struct arena *arena);  /* with its "#" */

/* A whole address by RFC 3986, with letters of any script in its host. */
bool rules_allow_link(struct piece text);
/* The same where "https://" may be missing. */
bool rules_allow_bare_link(struct piece text);
