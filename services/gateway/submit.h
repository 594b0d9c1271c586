/* What a client submits, read and checked: bytes in, posts and faults out.
 *
 *   struct submission *s = submission_new(body_length);
 *   submission_read_json(s, body, length);            fields and posts in one document
 *   ... or submission_field(s, ...) for each field, then submission_read_lines() or _read_csv()
 *   submission_finish(s, default_user);
 *   if (submission_is_acceptable(s)) ... s->posts ...
 *
 * Every fault names the line it stands on (in a JSON document: the number of the post, from 1).
 * Rules:
 * 1. A text has 1 to POST_MAX_TEXT_BYTES bytes of UTF-8 without NUL.
 * 2. An id is unique within the job, a string of 1 to POST_ID_MAX_BYTES bytes without control
 *    characters, or a whole number; without one a post is called by its number.
 * 3. A job has 1 to JOB_MAX_POSTS posts, lines that are refused included.
 * 4. With on_bad=reject one bad post refuses all; with skip the bad ones are listed and the good
 *    are taken, if there is one.
 * 5. Faults of the job's own fields always refuse.
 * 6. An instruction has 1 to INSTRUCTION_MAX_BYTES and comes with a schema of its answers
 *    (libs/schema). A job that names no tasks has all; with an instruction it has none besides it.
 * Pure. Posts point into the submission, or into the body, which must outlive it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/scoped.h"
#include "base/text.h"
#include "messages/messages.h"

enum { FAULTS_SHOWN = 20, CHUNK_POSTS_DEFAULT = 100, DEADLINE_MAX_SECONDS = 30 * 24 * 3600 };

struct post {
    const char *id;
    struct bytes text;
    const char *language; /* "" = not said */
    uint32_t line;
    uint32_t number; /* among all that were seen, from 0 */
    uint32_t chunk_number;
};

struct post_fault {
    uint32_t line;
    const char *pointer; /* "/posts/16/text" */
    const char *detail;
};

struct submission {
    struct arena *arena;
    const char *user; /* NULL until finished without one */
    Tp__ServiceClass service_class;
    const char *tasks[TASKS_MAX];
    size_t task_count;
    const char *instruction, *schema_json; /* "" = none */
    bool skips_bad;
    uint32_t deadline_seconds, queue_ttl_seconds; /* 0 = the store's default */
    uint32_t chunk_posts;
    struct post *posts; /* the good ones */
    size_t post_count, post_capacity;
    uint32_t next_number; /* of posts seen so far, from 0 */
    struct post_fault *rejected;
    size_t rejected_count, rejected_capacity;
    struct post_fault *field_faults; /* of the job's own fields, and of the document */
    size_t field_fault_count;
    bool is_oversized; /* rule 3 */
    void *document;    /* the JSON document whose strings the posts lend */
};

/* For a body of that length: what is kept of one is bounded by it. */
struct submission *submission_new(size_t body_length);
void submission_free(struct submission **submission);

void submission_read_json(struct submission *submission, const char *bytes, size_t length);
/* One JSON object per line; blank lines are passed over. */
void submission_read_lines(struct submission *submission, const char *bytes, size_t length);
/* The first row names the columns: text and perhaps id and lang. */
void submission_read_csv(struct submission *submission, const char *bytes, size_t length);

/* A field given outside of the body: user class on_bad tasks deadline_seconds queue_ttl_seconds
 * chunk_size instruction schema. */
void submission_field(struct submission *submission, const char *name, const char *value);

/* After all is read: the default user, unique ids, the number of posts. */
void submission_finish(struct submission *submission, const char *default_user);

bool submission_is_acceptable(const struct submission *submission);

/* All faults that refuse it, as problem members: "errors":[the first 20],"error_count":n */
void submission_write_errors(const struct submission *submission, struct text *out);

/* ---- for the readers of the formats ---- */

/* A schema that was parsed already. */
void submission_schema(struct submission *submission, const void *schema);

/* A post as it was read; text.at NULL = there was none. */
struct raw_post {
    uint32_t line;
    const char *id; /* NULL = none */
    size_t id_length;
    struct bytes text;
    const char *language;
};
void submission_add_post(struct submission *submission, const struct raw_post *post);
/* A post that could not even be read. */
void submission_refuse_post(struct submission *submission, uint32_t line, const char *member,
                            const char *detail);
void submission_refuse_field(struct submission *submission, uint32_t line, const char *pointer,
                             const char *detail);
/* May another post come? False, and noted, beyond rule 3. */
bool submission_has_room(struct submission *submission);
