/* What twitter-text finds in a post: hashtags, mentions, lists, cashtags and links.
 *
 * In order of place, none overlapping: of two that do, the one that begins first stays. Places are
 * bytes of the text, which must be valid UTF-8. Source: the rules of twitter-text 3.1, whose
 * conformance cases are a test here. In linear time. Pure; any thread.
 */
#pragma once

#include "analysis/analysis.h"
#include "base/arena.h"

enum tag_kind { TAG_HASHTAG, TAG_MENTION, TAG_CASHTAG, TAG_LINK, TAG_KINDS };

struct tag {
    enum tag_kind kind;
    uint32_t begin, end;     /* the sign and a list's name with it */
    uint32_t name, name_end; /* without the sign; of a list, who made it */
};

struct tags {
    struct tag *items;
    size_t count, capacity;
};

struct tags tags_find(struct piece text, struct arena *arena);

/* Whom a post that begins with a mention answers; empty if it does not. */
struct piece tags_reply(struct piece text);

/* The list of a mention, without the slash; empty if it is none. */
struct piece tag_list(const struct tag *tag, struct piece text);
