/* Posts on which people marked the names: ../shared/data/btc-ner.jsonl and wnut17-ner.jsonl.
 *
 * A post is its text and the places of its names in code points. The text is the file's tokens with
 * a space between them, or written as people write. All lives in the arena. The files are ours:
 * what is wrong in them ends the program or the test with a message on stderr.
 */
#pragma once

#include "analysis/analysis.h"
#include "base/arena.h"

struct marked_post {
    struct piece text;
    struct entities names;
    bool *is_handle; /* of each name: the sign or the user in "@ user", split by the data */
    uint32_t draw;   /* which fold it is in: a number that depends on the text only */
};

struct marked_posts {
    struct marked_post *items;
    size_t count, capacity;
};

enum spacing {
    SPACING_APART, /* as the data is: "@ anna : it 's Tom , # Berlin" */
    SPACING_GLUED, /* as posts are: "@anna: it's Tom, #Berlin" */
};

/* Adds the posts of a file. False if there is no such file. */
bool posts_read_marked(const char *path, enum spacing spacing, struct arena *arena,
                       struct marked_posts *posts);

/* Adds posts of which only the text is looked at. */
bool posts_read_plain(const char *path, struct arena *arena, struct marked_posts *posts);
