/* What the model says: an analysis of each post of a chat request, true to the schema unless the
 * script says otherwise.
 *
 * The same text always gets the same answer. Its topic "echo-<16 hex digits>" is the FNV-1a-64
 * hash of the text's bytes, so a test can tell whose answer a result is. A call that sends a schema
 * gets what that names and nothing else: of the members below, and a `custom` made from its schema
 * (custom.h). Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/scoped.h"
#include "base/text.h"
#include "script.h"

enum { QUESTION_MAX_POSTS = 1000 };

/* A chat completion request, understood. Strings are lent by the document in it. */
struct question {
    void *document;
    const char *model;
    size_t prompt_bytes;
    const char *texts[QUESTION_MAX_POSTS];
    int64_t ids[QUESTION_MAX_POSTS];
    void *posts_document; /* the last user message's content, if that is JSON with posts */
    size_t post_count;
    void *schema; /* of the answer, or NULL = everything is asked for */
};

/* ERROR_INVALID: not a chat completion request this server can answer. */
MUST_USE bool question_read(const char *bytes, size_t length, struct question *question,
                            struct error *why);
void question_drop(struct question *question);

/* The body of the 200 answer: a chat.completion whose content follows the action. Answers the
 * tokens it used in all, whether it says so or not. */
int64_t answer_write(const struct question *question, const struct action *action, int64_t serial,
                     struct text *out);

/* A body of the script's, with the ids that were asked for. */
void answer_fill_ids(const struct question *question, const char *body, struct text *out);

uint64_t answer_hash(const char *text);

/* One element of the results. */
struct result {
    int64_t id;
    uint64_t hash;       /* of the post's text */
    bool is_tired;       /* neutral, whatever it says */
    const char *ordered; /* by the post: what stands behind its id; NULL = nothing */
};
void answer_write_result(const struct question *question, const struct result *result,
                         enum invalid_part invalid, struct text *out);

/* Before the first result and behind the last; nothing is asked of posts: no result between. */
bool answer_begin(const struct question *question, struct text *out);
void answer_end(const struct question *question, const char *summary, struct text *out);
